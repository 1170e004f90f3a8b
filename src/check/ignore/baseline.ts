import { z } from "zod";
import type { Finding } from "../../finding/finding.ts";

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

/** The baseline that accepts these findings: one entry for each fingerprint, in a steady order, so that its changes are easy to review. */
export function baselineOf(findings: readonly Finding[], fingerprint: (finding: Finding) => string): Baseline {
  const groups = Map.groupBy(findings, fingerprint);
  const entries = [...groups].flatMap(([fingerprint, [first, ...others]]) =>
    first === undefined ? [] : [{ rule: first.rule, path: first.path, fingerprint, count: others.length + 1 }],
  );
  const order = ({ path, rule, fingerprint }: (typeof entries)[number]) => [path, rule, fingerprint].join("\0");
  return { version: 1, findings: entries.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)) };
}

/** Findings that a baseline does not have, those that it has, and how many of its own are not found any more. */
export function compareToBaseline<Found extends Finding>(
  findings: readonly Found[],
  baseline: Baseline,
  fingerprint: (finding: Finding) => string,
): { readonly fresh: readonly Found[]; readonly accepted: readonly Found[]; readonly gone: number } {
  const left = new Map(baseline.findings.map((entry) => [entry.fingerprint, entry.count]));
  const accepted = findings.filter((finding) => {
    const key = fingerprint(finding);
    const count = left.get(key) ?? 0;
    if (count > 0) left.set(key, count - 1);
    return count > 0;
  });
  const known = new Set(accepted);
  return {
    fresh: findings.filter((finding) => !known.has(finding)),
    accepted,
    gone: [...left.values()].reduce((sum, count) => sum + count, 0),
  };
}
