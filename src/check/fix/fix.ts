import type { Finding } from "../../finding/finding.ts";
import type { CheckFinding, CheckOptions, CheckResult } from "../check.ts";
import { editsOf } from "./change.ts";
import type { Checksums } from "./checksums.ts";
import { unifiedDiff } from "./diff.ts";
import { isChange, type FixContext } from "./fixer.ts";
import { fixers, optInFixes } from "./fixers.ts";
import { proveFixes, type ProposedFix, type ProvenFixes, type RefusedFix } from "./prove.ts";

/** What to repair. */
export interface FixOptions extends CheckOptions {
  /** Rules whose findings are repaired; absent: all that have a fix. */
  readonly rules?: readonly string[];
  /** Which findings are repaired; absent: all. Those that are left alone still count as found before when fixes are proven. */
  readonly only?: (finding: CheckFinding) => boolean;
  readonly checksums: Checksums;
}

/** Repairs the findings of a check as far as that can be proven. Nothing is written. */
export async function fixFindings(result: CheckResult, options: FixOptions): Promise<ProvenFixes> {
  let made = makeFixes(result, options);
  if (await options.checksums.learn(options.signal)) made = makeFixes(result, options);
  const { proposed, refused } = made;
  if (proposed.length === 0) return { fixes: [], refused, texts: new Map(), after: result };
  const proven = await proveFixes(result, proposed, options);
  return { ...proven, refused: [...refused, ...proven.refused] };
}

function makeFixes(
  result: CheckResult,
  { rules, only, checksums, platforms }: FixOptions,
): { readonly proposed: readonly ProposedFix[]; readonly refused: readonly RefusedFix[] } {
  const context: FixContext = {
    model: result.model,
    platforms,
    checksum: (url, algorithm) => checksums.checksum(url, algorithm),
  };
  const proposed: ProposedFix[] = [];
  const refused: RefusedFix[] = [];
  for (const finding of result.findings) {
    const fixer = fixers.get(finding.rule);
    const isAsked = rules === undefined ? isRepairedUnasked(finding) : rules.includes(finding.rule);
    if (fixer === undefined || !isAsked || only?.(finding) === false) continue;
    const fix = fixer(finding, context);
    if (isChange(fix)) {
      if (fix.changes.length > 0) proposed.push({ finding, ...fix });
      continue;
    }
    const instead = fix.instead ?? finding.fix?.title;
    refused.push({ finding, reason: fix.refused, ...(instead === undefined ? {} : { instead }) });
  }
  return { proposed, refused };
}

/** What is repaired without being asked for by name: what breaks. A note is for a person to judge, but for a label that only has a new name. */
export function isRepairedUnasked({ rule, severity }: Pick<Finding, "rule" | "severity">): boolean {
  if (!fixers.has(rule) || optInFixes.has(rule)) return false;
  return severity !== "note" || rule === "k8s-arch-label-deprecated";
}

/** The findings of a check, with the edits of those that can be repaired. */
export function withEdits(result: CheckResult, { fixes }: ProvenFixes): readonly CheckFinding[] {
  const { repository } = result.model;
  const byFinding = new Map(fixes.map((fix) => [fix.finding, fix]));
  return result.findings.map((finding) => {
    const fix = byFinding.get(finding);
    if (fix === undefined) return finding;
    return { ...finding, fix: { title: fix.title, edits: editsOf(fix.changes, (path) => repository.text(path)) } };
  });
}

/** The unified diff of all files that fixes change, in the order of their paths. */
export function diffOf(result: CheckResult, { texts }: Pick<ProvenFixes, "texts">): string {
  return [...texts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, text]) => unifiedDiff(path, result.model.repository.text(path), text))
    .join("");
}
