import { readFile } from "node:fs/promises";
import { dirname, relative } from "node:path";
import type { CheckFinding, CheckResult } from "../check/check.ts";
import { applyIgnores, type ConfiguredIgnore, type IgnoredFinding } from "../check/ignore/apply-ignores.ts";
import { compareToBaseline } from "../check/ignore/baseline.ts";
import type { Baseline } from "../check/ignore/baseline-file.ts";
import { requireKnownRules } from "../check/ignore/configured-ignores.ts";
import { fingerprintsOf } from "../check/ignore/fingerprint.ts";
import type { Repository } from "../check/repository/repository.ts";
import { ruleIds } from "../check/rule-pages.ts";
import type { Config } from "../config/config.ts";
import { severities } from "../finding/finding.ts";

/** What is left of the findings of a check. */
export interface Judgement {
  /** The heaviest first, then by place. */
  readonly findings: readonly CheckFinding[];
  readonly ignored: readonly IgnoredFinding[];
  /** Findings that the baseline has, and how many entries of it are not needed any more; absent without one. */
  readonly baseline?: { readonly accepted: number; readonly gone: number };
}

/** Takes out of the findings of a check what the user accepted. */
export type Judge = (result: CheckResult) => Judgement;

/**
 * Prepares the exceptions of the configuration, of comments and of a baseline.
 *
 * @param read paths of the files that were read, known when the check is over
 * @throws ArchwayError `CONFIG_INVALID` (kind `input`) for an exception of a rule that does not exist.
 */
export async function openJudge(
  folder: string,
  config: Config,
  baseline: Baseline | undefined,
  read: Iterable<string>,
): Promise<Judge> {
  const rules = ruleIds();
  const places = await requireKnownRules(config, rules, (file) => readFile(file, "utf8"));
  const { file } = config;
  // A configuration that is somewhere else names paths of the folder that is checked.
  const above = file === undefined ? "" : relative(dirname(file), folder);
  const prefix = above === "" || above.startsWith("..") ? "" : `${above.split("\\").join("/")}/`;
  const own = file === undefined ? undefined : relative(folder, file);
  const configured = config.check.ignore.map((entry, index): ConfiguredIgnore => {
    const line = places[index]?.line;
    return { ...entry, ...(own === undefined || line === undefined ? {} : { place: { path: own, line } }) };
  });
  return (result) => {
    const judged = applyIgnores(result, { configured, read, rules, configuredPath: (path) => `${prefix}${path}` });
    const { repository } = result.model;
    if (baseline === undefined) return { ...judged, findings: inOrder(judged.findings) };
    const compared = compareToBaseline(judged.findings, baseline, (finding) => fingerprintsOf(finding, repository));
    return {
      ignored: judged.ignored,
      findings: inOrder(compared.fresh),
      baseline: { accepted: compared.accepted.length, gone: compared.gone },
    };
  };
}

/** A repository that notes which of its files are read as texts. */
export function notingReads(repository: Repository, read: Set<string>): Repository {
  return {
    ...repository,
    text: (path) => {
      read.add(path);
      return repository.text(path);
    },
  };
}

function inOrder(findings: readonly CheckFinding[]): CheckFinding[] {
  return findings.toSorted(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      (a.path === b.path ? 0 : a.path < b.path ? -1 : 1) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}
