import { formatPlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import { checkRepository, type CheckFinding, type CheckOptions, type CheckResult } from "../check.ts";
import { patchedRepository } from "../repository/patched-repository.ts";
import { applyChanges, type Change } from "./change.ts";
import { oldLines } from "./line-map.ts";
import { signatureChange, signatureOf } from "./signature.ts";

/** The fix of a finding before it is proven. */
export interface ProposedFix {
  readonly finding: CheckFinding;
  readonly title: string;
  readonly changes: readonly Change[];
  /** See `Fix`. */
  readonly rewrites?: boolean;
}

/** A fix that must not be made, and why. */
export interface RefusedFix {
  readonly finding: CheckFinding;
  readonly reason: string;
  /** What a person can do instead. */
  readonly instead?: string;
}

/** Fixes that hold together, and what became of the others. */
export interface ProvenFixes {
  readonly fixes: readonly ProposedFix[];
  readonly refused: readonly RefusedFix[];
  /** The new texts of the files that they change. */
  readonly texts: ReadonlyMap<string, string>;
  /** What a check of the patched repository finds. */
  readonly after: CheckResult;
}

/**
 * Proves fixes by checking the patched repository again: each finding must be gone, none may be new, and what runs for the platforms that worked
 * before must be the same to the byte. All are tried together first; when that does not hold, one after another, and those that fail are refused.
 */
export async function proveFixes(
  before: CheckResult,
  proposed: readonly ProposedFix[],
  options: CheckOptions,
): Promise<ProvenFixes> {
  const together = await tryFixes(before, proposed, options);
  if ("after" in together) return { fixes: proposed, refused: [], ...together };
  let held: ProposedFix[] = [];
  let state: Proof | undefined;
  const refused: RefusedFix[] = [];
  for (const fix of proposed) {
    options.signal.throwIfAborted();
    const tried = await tryFixes(before, [...held, fix], options);
    if ("after" in tried) {
      held = [...held, fix];
      state = tried;
    } else refused.push({ finding: fix.finding, reason: tried.reason });
  }
  return { fixes: held, refused, ...(state ?? { texts: new Map(), after: before }) };
}

interface Proof {
  readonly texts: ReadonlyMap<string, string>;
  readonly after: CheckResult;
}

async function tryFixes(
  before: CheckResult,
  fixes: readonly ProposedFix[],
  options: CheckOptions,
): Promise<Proof | { readonly reason: string }> {
  const { repository } = before.model;
  const changes = fixes.flatMap((fix) => fix.changes);
  const applied = applyChanges(changes, (path) => repository.text(path));
  if ("conflict" in applied) {
    const [{ place }] = applied.conflict;
    return {
      reason: `another fix changes the same words (${place.path}:${place.line}); run --fix again after this one`,
    };
  }
  const after = await checkRepository(patchedRepository(repository, applied.texts), options);
  const reason = whyNot(before, after, fixes, changes);
  return reason === undefined ? { texts: applied.texts, after } : { reason };
}

function whyNot(
  before: CheckResult,
  after: CheckResult,
  fixes: readonly ProposedFix[],
  changes: readonly Change[],
): string | undefined {
  const oldLine = oldLines(changes);
  const broken = after.model.unreadable.find(
    ({ place }) => !before.model.unreadable.some((old) => old.place.path === place.path),
  );
  if (broken !== undefined) return `${broken.place.path} could not be read any more: ${broken.message}`;
  const known = new Set(
    before.findings.flatMap(({ rule, path, line, related }) =>
      [line, ...related.map((r) => r.line)].map((at) => `${rule}\0${path}\0${at ?? 0}`),
    ),
  );
  const fixed = new Set(fixes.map(({ finding }) => keyOf(finding.rule, finding.path, finding.line)));
  for (const { rule, path, line, message } of after.findings) {
    const old = line === undefined ? undefined : oldLine(path, line);
    const key = keyOf(rule, path, old);
    if (old !== undefined && fixed.has(key)) return `the finding would still be there: ${message}`;
    if (old === undefined || !known.has(key))
      return `it would bring another finding: ${rule} in ${path}:${line ?? 0}, ${message}`;
  }
  const rewrites = fixes.filter((fix) => fix.rewrites === true);
  if (rewrites.length > 0 && rewrites.length < fixes.length)
    return "a rewrite to a cross-compile is proven by itself; ask for it alone, after the other repairs";
  if (rewrites.length > 0) return undefined;
  for (const platform of workedBefore(before.model.platforms, fixes)) {
    const changed = signatureChange(signatureOf(before.model, platform), signatureOf(after.model, platform));
    if (changed === undefined) continue;
    const what = changed.before ?? changed.after ?? "";
    return `it would change what ${formatPlatform(platform)} does today in ${changed.path}: ${what}`;
  }
  return undefined;
}

function keyOf(rule: string, path: string, line: number | undefined): string {
  return `${rule}\0${path}\0${line ?? 0}`;
}

/** The platforms that none of the findings breaks. */
function workedBefore(platforms: readonly Platform[], fixes: readonly ProposedFix[]): Platform[] {
  const broken = fixes.flatMap(({ finding }) => finding.platforms);
  return platforms.filter((platform) => !broken.some((other) => samePlatform(other, platform)));
}
