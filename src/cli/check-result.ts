import type { CheckFinding, CheckResult } from "../check/check.ts";
import type { Question } from "../check/facts/known-facts.ts";
import type { RefusedFix } from "../check/fix/prove.ts";
import type { Finding } from "../finding/finding.ts";
import { severities } from "../finding/finding.ts";
import { formatPlatform, type Platform } from "../platform/platform.ts";
import { toFindingJson } from "../report/findings.ts";
import type { Judgement } from "./check-judge.ts";

/** What one `archway check` found, with what was left out of it. */
export interface CheckedRepository extends Judgement {
  readonly platforms: readonly Platform[];
  readonly unreadable: CheckResult["model"]["unreadable"];
  readonly repository: CheckResult["model"]["repository"];
  /** What rules asked and nobody could answer. */
  readonly unanswered: readonly Question[];
  readonly offline: boolean;
  /** What `--fix` did, or would do. */
  readonly repair?: Repair;
}

/** What came of `--fix`. */
export interface Repair {
  /** False with `--dry-run`. */
  readonly written: boolean;
  readonly fixed: readonly { readonly finding: CheckFinding; readonly title: string }[];
  readonly refused: readonly RefusedFix[];
  /** Paths of the files that change. */
  readonly files: readonly string[];
  /** The unified diff. */
  readonly diff: string;
}

/** The JSON of `archway check` (schemas/check.schema.json). */
export function checkJson(checked: CheckedRepository): object {
  const { platforms, findings, ignored, baseline, unreadable, unanswered, repair } = checked;
  return {
    version: 1,
    platforms: platforms.map(formatPlatform),
    findings: findings.map(plain).map(toFindingJson),
    counts: Object.fromEntries(
      severities.map((severity) => [severity, findings.filter((finding) => finding.severity === severity).length]),
    ),
    ignored: ignored.map(({ finding, by, reason }) => ({ ...placeJson(finding), by, reason })),
    ...(baseline === undefined ? {} : { baseline }),
    unreadable: unreadable.map(({ place: { path, line }, message }) => ({
      path,
      ...(line === undefined ? {} : { line }),
      message,
    })),
    unanswered,
    ...(repair === undefined ? {} : { repair: repairJson(repair) }),
  };
}

function repairJson({ written, fixed, refused, files, diff }: Repair): object {
  return {
    written,
    fixed: fixed.map(({ finding, title }) => ({ ...placeJson(finding), title })),
    refused: refused.map(({ finding, reason, instead }) => ({
      ...placeJson(finding),
      reason,
      ...(instead === undefined ? {} : { instead }),
    })),
    files,
    diff,
  };
}

function placeJson({ rule, path, line }: Finding): object {
  return { rule, path, ...(line === undefined ? {} : { line }) };
}

/** A finding without what the model knows besides. */
function plain(finding: Finding): Finding {
  const { rule, severity, message, platforms, path, line, endLine, column, related, fix } = finding;
  return {
    rule,
    severity,
    message,
    platforms,
    path,
    ...(line === undefined ? {} : { line }),
    ...(endLine === undefined ? {} : { endLine }),
    ...(column === undefined ? {} : { column }),
    related,
    ...(fix === undefined ? {} : { fix }),
  };
}
