import { createHash } from "node:crypto";
import type { Severity } from "../finding/finding.ts";
import { detailsOf } from "./findings.ts";
import { countOccurrences, fingerprintOf } from "./reported-finding.ts";
import { platformsOf, reportedFindings } from "./reported-image.ts";
import type { ReportedFinding, ReportedImage, ReportOptions } from "./reported-image.ts";
import { printable } from "./style.ts";

/** Severities of Code Climate, which GitLab reads (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format). */
const weights: Readonly<Record<Severity, string>> = { error: "critical", warning: "minor", note: "info" };

/** Characters of a description: a merge request shows one line. */
const maxDescription = 1_000;

/**
 * Findings as GitLab's code quality report. A finding about an image stands at its Dockerfile, or under the image's reference; a fingerprint is the same in the next run, and no two
 * findings of a report share one.
 */
export function formatGitlab(images: readonly ReportedImage[], options: ReportOptions): string {
  const occurrence = countOccurrences();
  const entries = reportedFindings(images).map((one) => {
    const { finding } = one;
    const key = fingerprintOf(one, options);
    return {
      description: descriptionOf(one),
      check_name: finding.rule,
      fingerprint: createHash("sha256")
        .update(`${key}:${occurrence(key)}`)
        .digest("hex")
        .slice(0, 32),
      severity: weights[finding.severity],
      location: locationOf(one, options),
    };
  });
  return `${JSON.stringify(entries, null, 2)}\n`;
}

function descriptionOf(one: ReportedFinding): string {
  const platforms = platformsOf(one).join(", ");
  const fix = detailsOf(one.finding).find(({ label }) => label === "fix");
  const words = [
    `${one.finding.message}${platforms === "" ? "" : ` (${platforms})`}`,
    ...(fix === undefined ? [] : [`Fix: ${fix.text}`]),
  ];
  return printable(words.join(" ")).toWellFormed().slice(0, maxDescription);
}

function locationOf({ finding, image }: ReportedFinding, { dockerfile }: ReportOptions): object {
  const { path, line, endLine = line } = finding;
  const isOfImage = line === undefined && path.startsWith("/");
  const file = isOfImage ? (dockerfile ?? image.reference) : path;
  const begin = line ?? 1;
  return {
    path: printable(file).toWellFormed().replace(/^\.\//, ""),
    lines: { begin, ...(endLine === undefined || endLine === begin ? {} : { end: endLine }) },
  };
}
