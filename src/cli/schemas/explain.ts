/** Schema of what `archway explain` prints as JSON. */
import { z } from "zod";
import { platform, platforms, version, count, line } from "./parts.ts";

/** `archway explain --format json`. */
export const explainSchema = z
  .object({
    version,
    errors: z
      .array(
        z.object({
          code: z.string().describe("E01 to E69, W1 to W4: docs/errors.md"),
          severity: z.enum(["error", "warning"]),
          title: z.string(),
          cause: z.string(),
          fix: z.string().describe("what to do for the engines at hand, a piece of advice a line"),
          url: z.string(),
          line: line.describe("of the log"),
          text: z.string().describe("the line as it was printed, without colours"),
          platforms,
          step: z.string().optional().describe("the step of the build in which it happened"),
          before: z.array(z.string()).describe("lines before it"),
          after: z.array(z.string()).describe("lines after it"),
        }),
      )
      .describe("root cause first; empty when nothing is known"),
    facts: z
      .object({
        lines: count,
        engines: z.array(z.string()),
        platforms: platforms.describe("all that are mentioned"),
        host: platform.optional().describe("the machine that the log comes from"),
        emulator: z.boolean(),
        failedStep: z.string().optional(),
      })
      .describe("what was recognised, errors or not"),
  })
  .meta({ title: "Result of archway explain" });
