/** Shapes that the schemas of several commands share. */
import { z } from "zod";

export const platform = z.string().describe("os/architecture[/variant], for example linux/arm/v7");
export const platforms = z.array(platform);
export const digest = z.string().regex(/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/);
export const version = z.literal(1).describe("version of this shape");
export const strategy = z.enum(["native", "cross", "emulated"]);
export const count = z.int().min(0);
export const line = z.int().min(1);

/** One finding of check, verify and the gate. */
export const findingSchema = z
  .object({
    rule: z.string(),
    severity: z.enum(["error", "warning", "note"]),
    message: z.string(),
    platforms,
    path: z.string().describe("relative to the repository, or absolute in the image"),
    line: line.optional(),
    endLine: line.optional(),
    column: line.optional(),
    layer: z
      .object({ index: count, digest, size: count.describe("bytes"), createdBy: z.string().optional() })
      .optional(),
    package: z
      .object({
        database: z.enum(["dpkg", "apk", "rpm"]),
        name: z.string(),
        version: z.string(),
        architecture: z.string(),
      })
      .optional()
      .describe("the package that the file belongs to"),
    cause: z.object({ code: z.string(), text: z.string() }).optional(),
    related: z.array(z.object({ path: z.string(), line, message: z.string() })),
    fix: z
      .object({
        title: z.string(),
        edits: z.array(z.object({ path: z.string(), startLine: line, endLine: line, text: z.string() })).optional(),
      })
      .optional(),
    allowed: z.string().optional().describe("reason of the user's exception that made it a note"),
  })
  .meta({ title: "A finding" });

/** What the architecture gate says of an image that is published. */
export const verdict = z.enum(["pass", "fail", "undecided", "skipped"]).describe("what the architecture gate says");

/** An index or image that was published. */
export const index = z.object({
  digest,
  mediaType: z.string(),
  size: count.describe("bytes"),
  references: z.array(z.string()).describe("full references that point at it now"),
  pushed: z.boolean(),
});
