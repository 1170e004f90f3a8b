import type { Finding } from "../../finding/finding.ts";
import type { Baseline } from "./baseline-file.ts";

/** All places where a finding was seen, as `fingerprintsOf` makes them. */
export type Fingerprints = (finding: Finding) => readonly string[];

/** The baseline that accepts these findings: one entry for each fingerprint, in a steady order, so that its changes are easy to review. */
export function baselineOf(findings: readonly Finding[], fingerprints: Fingerprints): Baseline {
  const places = findings.flatMap(({ rule, path, ...rest }) =>
    fingerprints({ rule, path, ...rest }).map((fingerprint) => ({ rule, path, fingerprint })),
  );
  const entries = [...Map.groupBy(places, ({ fingerprint }) => fingerprint).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, count: others.length + 1 }],
  );
  const order = ({ path, rule, fingerprint }: (typeof entries)[number]) => [path, rule, fingerprint].join("\0");
  return { version: 1, findings: entries.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)) };
}

/** Findings that a baseline does not have in all their places, those that it has, and how many places of its own are not found any more. */
export function compareToBaseline<Found extends Finding>(
  findings: readonly Found[],
  baseline: Baseline,
  fingerprints: Fingerprints,
): { readonly fresh: readonly Found[]; readonly accepted: readonly Found[]; readonly gone: number } {
  const left = new Map(baseline.findings.map((entry) => [entry.fingerprint, entry.count]));
  const accepted = new Set(
    findings.filter((finding) => {
      const counts = fingerprints(finding).map((key) => {
        const count = left.get(key) ?? 0;
        left.set(key, Math.max(0, count - 1));
        return count;
      });
      return counts.every((count) => count > 0);
    }),
  );
  return {
    fresh: findings.filter((finding) => !accepted.has(finding)),
    accepted: [...accepted],
    gone: [...left.values()].reduce((sum, count) => sum + count, 0),
  };
}
