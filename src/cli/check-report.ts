import { describedRule, ruleIds, rulePage } from "../check/rule-pages.ts";
import { fingerprintOf } from "../check/ignore/fingerprint.ts";
import type { Finding } from "../finding/finding.ts";
import { reaches } from "../finding/finding.ts";
import { formatGithub } from "../report/github.ts";
import { formatGitlab } from "../report/gitlab.ts";
import { formatJunit } from "../report/junit.ts";
import type { ReportedImage, ReportOptions } from "../report/reported-image.ts";
import { formatSarif } from "../report/sarif.ts";
import { makeStyle } from "../report/style.ts";
import type { CheckCommandOptions, CheckFormat } from "./check-options.ts";
import { type CheckedRepository, checkJson } from "./check-result.ts";
import { formatChecked } from "./check-text.ts";

/** Where a report goes. */
export interface ReportTarget {
  readonly toolVersion: string;
  readonly color: boolean;
  /** Width of the terminal, when it is one. */
  readonly columns?: number;
  /** Path of the checked folder below the working directory, with a slash at its end; empty for the directory itself. */
  readonly prefix: string;
}

/** Width of plain output where there is no terminal. */
const plainColumns = 120;

/** The result of a check in one of the formats, with a line feed at its end. */
export function reportText(
  checked: CheckedRepository,
  { format, severity, fix }: CheckCommandOptions,
  { toolVersion, color, columns = plainColumns, prefix }: ReportTarget,
): string {
  const text = () => {
    const shown = { style: makeStyle(color), columns: columns || plainColumns, toRepair: fix === undefined };
    return formatChecked(checked, shown).join("\n");
  };
  const reported = (): [ReportedImage[], ReportOptions] => {
    const { repository, platforms } = checked;
    // Services look at the whole repository, not at the folder that was checked.
    const original = new Map(checked.findings.map((finding) => [below(prefix, finding), finding]));
    const fingerprint = (finding: Finding) => fingerprintOf(original.get(finding) ?? finding, repository);
    const verdict = reaches(checked.findings, severity) ? "fail" : "pass";
    const image = { reference: prefix === "" ? "." : prefix.slice(0, -1), digest: "", verdict, platforms: [] } as const;
    return [
      [{ ...image, findings: [...original.keys()] }],
      { toolVersion, repository: { platforms, rules: ruleIds(), describe, fingerprint } },
    ];
  };
  const formats: Readonly<Record<CheckFormat, () => string>> = {
    text,
    json: () => JSON.stringify(checkJson(checked), null, 2),
    sarif: () => formatSarif(...reported()),
    junit: () => {
      const [images, options] = reported();
      return formatJunit(images, { ...options, threshold: severity });
    },
    github: () => formatGithub(...reported()),
    gitlab: () => formatGitlab(...reported()),
  };
  const written = formats[format]();
  return written === "" || written.endsWith("\n") ? written : `${written}\n`;
}

/** A rule in words, for the formats that describe rules. */
function describe(id: string): ReturnType<NonNullable<ReportOptions["repository"]>["describe"]> {
  const found = describedRule(id);
  if (found === undefined) return { group: "other", title: id, help: "" };
  const { rule, group } = found;
  return { group: group.id, title: rule.page.title, help: rule.page.what, markdown: rulePage(rule) };
}

/** A finding with all paths below a folder. */
function below(prefix: string, finding: Finding): Finding {
  if (prefix === "") return { ...finding };
  const { path, related, fix } = finding;
  const edits = fix?.edits?.map((edit) => ({ ...edit, path: prefix + edit.path }));
  return {
    ...finding,
    path: prefix + path,
    related: related.map((place) => ({ ...place, path: prefix + place.path })),
    ...(fix === undefined ? {} : { fix: edits === undefined ? fix : { ...fix, edits } }),
  };
}
