import { z } from "zod";

/** The findings of one line that were accepted before. */
const entrySchema = z.object({
  rule: z.string().min(1),
  path: z.string().min(1).describe("relative to the repository"),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{32}$/, "must be 32 hexadecimal digits")
    .describe("of rule, path and the text of the line; the same after lines were moved"),
  count: z.int().min(1).default(1).describe("equal lines of the file"),
});

/** The schema of a baseline: findings that were there when it was written and are not told again. */
export const baselineSchema = z
  .object({ version: z.literal(1).describe("version of this format"), findings: z.array(entrySchema) })
  .meta({ title: "Baseline of archway check" });

/** A baseline, checked. */
export type Baseline = z.output<typeof baselineSchema>;
