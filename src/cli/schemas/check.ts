/** Schema of what `archway check` prints as JSON. */
import { z } from "zod";
import { count, findingSchema, line, platforms, version } from "./parts.ts";

const place = { rule: z.string(), path: z.string().describe("relative to the checked folder"), line: line.optional() };

/** `archway check --format json`. */
export const checkSchema = z
  .object({
    version,
    platforms: platforms.describe("that were checked"),
    findings: z.array(findingSchema).describe("the heaviest first; paths are relative to the checked folder"),
    counts: z.object({ error: count, warning: count, note: count }).describe("findings by severity"),
    ignored: z
      .array(
        z.object({
          ...place,
          by: z.enum(["comment", "configuration"]),
          reason: z.string().describe("empty for a comment without one"),
        }),
      )
      .describe("findings that are accepted"),
    baseline: z
      .object({ accepted: count, gone: count.describe("entries that are not needed any more") })
      .optional()
      .describe("with --baseline"),
    unreadable: z
      .array(z.object({ path: z.string(), line: line.optional(), message: z.string() }))
      .describe("files that could not be read, or not all of them"),
    unanswered: z
      .array(
        z.object({
          kind: z.enum(["image", "url", "package"]),
          key: z.string().describe("as a facts file names it"),
        }),
      )
      .describe("what was asked and nobody could answer: it is never a reason for a finding"),
    repair: z
      .object({
        written: z.boolean().describe("false with --dry-run"),
        fixed: z.array(z.object({ ...place, title: z.string().describe("what was done") })),
        refused: z.array(
          z.object({ ...place, reason: z.string(), instead: z.string().optional().describe("what a person can do") }),
        ),
        files: z.array(z.string()).describe("that change"),
        diff: z.string().describe("unified"),
      })
      .optional()
      .describe("with --fix; the findings are then those that are left"),
  })
  .meta({ title: "Result of archway check" });
