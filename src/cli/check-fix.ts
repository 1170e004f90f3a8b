import { randomUUID } from "node:crypto";
import { realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckFinding, CheckOptions, CheckResult } from "../check/check.ts";
import type { Checksums } from "../check/fix/checksums.ts";
import { diffOf, fixFindings, withEdits } from "../check/fix/fix.ts";
import { fixers } from "../check/fix/fixers.ts";
import { nearestName } from "../error/nearest.ts";
import { ArchwayError } from "../error/error.ts";
import type { Finding } from "../finding/finding.ts";
import type { Repair } from "./check-result.ts";
import { optionError } from "./parse-option.ts";

/** What a repair works with. */
export interface RepairOptions extends CheckOptions {
  readonly checksums: Checksums;
  /** Empty for all rules. */
  readonly rules: readonly string[];
  /** Findings that are left alone because the user accepts them. */
  readonly accepted: ReadonlySet<Finding>;
}

/** Refuses `--fix=RULE` for rules that cannot be repaired. Throws `OPTION_INVALID` (kind `input`). */
export function requireFixers(rules: readonly string[]): void {
  const unknown = rules.find((rule) => !fixers.has(rule));
  if (unknown === undefined) return;
  const guess = nearestName(unknown, fixers.keys());
  const known = `These can be repaired: ${[...fixers.keys()].toSorted().join(", ")}.`;
  throw optionError(
    "--fix",
    unknown,
    "nothing that this rule finds can be repaired.",
    guess ? `Did you mean "${guess}"?` : known,
  );
}

/** Finds the edits that repair a repository, proven. Nothing is written. */
export async function planRepair(
  result: CheckResult,
  options: RepairOptions,
): Promise<Omit<Repair, "written"> & { readonly after: CheckResult; readonly texts: ReadonlyMap<string, string> }> {
  const { rules, accepted, ...rest } = options;
  const proven = await fixFindings(result, {
    ...rest,
    only: (finding) => !accepted.has(finding),
    ...(rules.length === 0 ? {} : { rules }),
  });
  return {
    fixed: proven.fixes,
    refused: proven.refused,
    files: [...proven.texts.keys()].toSorted(),
    diff: diffOf(result, proven),
    after: proven.after,
    texts: proven.texts,
  };
}

/** The findings that can be repaired, each with its edits, for formats that carry them. */
export async function editedFindings(
  result: CheckResult,
  options: CheckOptions & { readonly checksums: Checksums },
): Promise<ReadonlyMap<Finding, CheckFinding>> {
  const edited = withEdits(result, await fixFindings(result, options));
  return new Map(result.findings.map((finding, index) => [finding, edited[index] ?? finding]));
}

/** Writes the new texts of files, each whole or not at all. Throws `FILE_UNWRITABLE` (kind `input`) at the first that cannot be written. */
export async function writeRepair(folder: string, texts: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of texts) {
    try {
      await replaceFile(join(folder, path), text);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new ArchwayError({
        code: "FILE_UNWRITABLE",
        kind: "input",
        message: `${path} cannot be repaired: ${error.message}`,
        hint: "Make it writable, or print the edits with --fix --dry-run.",
        cause: error,
      });
    }
  }
}

/** Puts a new file in the place of an old one, with its mode: whoever reads, or ends the program, sees one of them whole. */
async function replaceFile(path: string, text: string): Promise<void> {
  const real = await realpath(path);
  const { mode } = await stat(real);
  const fresh = `${real}.${randomUUID()}.tmp`;
  try {
    await writeFile(fresh, text, { mode: mode & 0o7777, flag: "wx" });
    await rename(fresh, real);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
