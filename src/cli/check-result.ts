import type { CheckResult } from "../check/check.ts";
import type { Finding } from "../finding/finding.ts";
import { severities } from "../finding/finding.ts";
import { formatPlatform, type Platform } from "../platform/platform.ts";
import { toFindingJson } from "../report/findings.ts";

/** What one `archway check` found, with what was left out of it. */
export interface CheckedRepository {
  readonly platforms: readonly Platform[];
  readonly findings: readonly Finding[];
  readonly unreadable: CheckResult["model"]["unreadable"];
}

/** The JSON of `archway check` (schemas/check.schema.json). */
export function checkJson({ platforms, findings, unreadable }: CheckedRepository): object {
  return {
    version: 1,
    platforms: platforms.map(formatPlatform),
    findings: findings.map(plain).map(toFindingJson),
    counts: Object.fromEntries(
      severities.map((severity) => [severity, findings.filter((finding) => finding.severity === severity).length]),
    ),
    unreadable: unreadable.map(({ place, message }) => ({
      path: place.path,
      ...(place.line === undefined ? {} : { line: place.line }),
      message,
    })),
  };
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
