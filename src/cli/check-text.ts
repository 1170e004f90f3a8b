import type { CheckFinding } from "../check/check.ts";
import { isRepairedUnasked } from "../check/fix/fix.ts";
import type { Finding, Severity } from "../finding/finding.ts";
import { severities } from "../finding/finding.ts";
import { formatPlatform, type Platform, samePlatform } from "../platform/platform.ts";
import { formatCodeFrame, type FrameMark } from "../report/code-frame.ts";
import { countSeverities, placeOf } from "../report/findings.ts";
import { formatCount } from "../report/quantity.ts";
import { printable, type Style, truncate, wrap } from "../report/style.ts";
import { questionWords } from "./check-facts.ts";
import type { CheckedRepository, Repair } from "./check-result.ts";

/** How the text is shown. */
export interface CheckTextFormat {
  readonly style: Style;
  /** Width of the terminal. */
  readonly columns: number;
  /** Whether to say how to repair what can be repaired. */
  readonly toRepair: boolean;
}

/** Findings that are told in full, over all and of one rule; the others are told in a line each. */
const maxFull = 20;
const maxFullOfRule = 4;

/** Findings of one rule that are told in a line. */
const maxShort = 8;

/** Other lines of the same mistake that are named. */
const maxRelated = 3;

/** The result for a person: what breaks for whom, then each cause with the code that shows it, then what is left to know. */
export function formatChecked(checked: CheckedRepository, format: CheckTextFormat): string[] {
  const { findings, platforms, repair } = checked;
  const { style } = format;
  const weighty = findings.filter(({ severity }) => severity !== "note");
  const { full, short } = chosen(weighty);
  const rest = [...short, ...findings.filter(({ severity }) => severity === "note")];
  const repaired = repair?.written === true ? [...formatRepair(repair, format), ""] : [];
  return [
    `${style.bold("platforms:")} ${platforms.map(formatPlatform).join(", ")}`,
    ...repaired,
    ...verdicts(checked, format),
    ...full.flatMap((finding) => ["", ...formatFull(finding, checked, format)]),
    ...formatShort(rest, format),
    ...closing(checked, format),
  ];
}

/** The heaviest findings in full, but of no rule so many that the others are not seen. */
function chosen(findings: readonly CheckFinding[]): {
  readonly full: readonly CheckFinding[];
  readonly short: readonly CheckFinding[];
} {
  const counts = new Map<string, number>();
  const full = new Set<CheckFinding>();
  for (const finding of findings) {
    const count = counts.get(finding.rule) ?? 0;
    if (full.size >= maxFull || count >= maxFullOfRule) continue;
    counts.set(finding.rule, count + 1);
    full.add(finding);
  }
  return { full: [...full], short: findings.filter((finding) => !full.has(finding)) };
}

/** A line a platform: what breaks there. */
function verdicts({ findings, platforms }: CheckedRepository, { style }: CheckTextFormat): string[] {
  const width = Math.max(...platforms.map((platform) => formatPlatform(platform).length));
  return platforms.map((platform) => {
    const own = findings.filter((finding) => isAbout(finding, platform));
    const told = countSeverities(own);
    const paint = own.some(({ severity }) => severity === "error")
      ? style.red
      : own.some(({ severity }) => severity === "warning")
        ? style.yellow
        : style.green;
    return `  ${formatPlatform(platform).padEnd(width)}  ${paint(told === "" ? "nothing found" : told)}`;
  });
}

function isAbout({ platforms }: Finding, platform: Platform): boolean {
  return platforms.some((one) => samePlatform(one, platform));
}

function painted(severity: Severity, style: Style): string {
  return { error: style.red, warning: style.yellow, note: style.cyan }[severity](severity);
}

function formatFull(
  finding: CheckFinding,
  { repository, platforms }: CheckedRepository,
  format: CheckTextFormat,
): string[] {
  const { style, columns } = format;
  const { severity, rule, message, path, line, related, fix } = finding;
  const about = finding.platforms.map(formatPlatform);
  const all = platforms.every((platform) => isAbout(finding, platform));
  const whom = about.length === 0 ? "" : ` ${style.dim(all ? "all platforms" : about.join(", "))}`;
  const text = repository.text(path);
  const marks = marksOf(finding);
  const frame =
    text === undefined || line === undefined
      ? []
      : formatCodeFrame(text, marks, {
          lines: marks.some((mark) => mark.line === line) ? [] : [line],
          style,
          columns: columns - 4,
        });
  const detail = (label: string, words: string) => {
    const indent = label.length + 4;
    return wrap(printable(words), columns - indent).map(
      (part, index) => `  ${index === 0 ? style.cyan(label) : " ".repeat(label.length)}  ${part}`,
    );
  };
  const places = related.slice(0, maxRelated).map((one) => `${one.path}:${one.line}: ${one.message}`);
  const more = related.length - places.length;
  return [
    `${painted(severity, style)} ${style.bold(printable(placeOf(finding)))} ${style.dim(`(${rule})`)}${whom}`,
    ...wrap(printable(message), columns - 2).map((part) => `  ${part}`),
    ...frame.map((part) => `    ${part}`),
    ...places.flatMap((place) => detail("see", place)),
    ...(more > 0 ? detail("see", `${formatCount(more, "more place")} of the same mistake`) : []),
    ...(fix === undefined ? [] : detail("fix", fix.title)),
  ];
}

/** Where the carets go: the wrong names in the file of the finding, else its own stretch. */
function marksOf({ problems, path, line, column }: CheckFinding): FrameMark[] {
  const places = problems
    .flatMap(({ spots = [] }) => spots.map(({ place }) => place))
    .filter((place) => place.path === path && place.line === place.endLine);
  const own = problems.map(({ place }) => place).find((place) => place.path === path && place.line === line);
  const marked = places.length > 0 || own === undefined ? places : [own];
  const marks = marked
    .filter((place) => place.line === place.endLine)
    .map((place) => ({ line: place.line, column: place.column, endColumn: place.endColumn }));
  if (marks.length === 0 && line !== undefined && column !== undefined)
    return [{ line, column, endColumn: column + 1 }];
  return [...new Map(marks.map((mark) => [`${mark.line}:${mark.column}`, mark])).values()];
}

/** What is not told in full, a rule at a time. */
function formatShort(findings: readonly Finding[], { style, columns }: CheckTextFormat): string[] {
  const rules = Map.groupBy(findings, ({ severity, rule }) => `${severity} ${rule}`);
  return [...rules.values()]
    .toSorted((a, b) => weightOf(a) - weightOf(b))
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const shown = group.slice(0, maxShort).map((finding) => {
        const place = printable(placeOf(finding));
        return `  ${style.bold(place)} ${truncate(printable(finding.message), Math.max(20, columns - place.length - 3))}`;
      });
      const more = group.length - shown.length;
      return [
        "",
        `${painted(first.severity, style)} ${style.dim(`(${first.rule})`)} ${formatCount(group.length, first.severity === "note" ? "place" : "more place")}`,
        ...shown,
        ...(more > 0 ? [style.dim(`  and ${more} more: --format json tells all`)] : []),
      ];
    });
}

function weightOf([first]: readonly Finding[]): number {
  return severities.indexOf(first?.severity ?? "note");
}

/** What there is to know besides the findings. */
function closing(checked: CheckedRepository, { style, toRepair }: CheckTextFormat): string[] {
  const { findings, ignored, baseline, unanswered, offline } = checked;
  const lines: string[] = [];
  const files = new Set(findings.map(({ path }) => path)).size;
  if (findings.length === 0) lines.push(style.green("Nothing was found that breaks on another platform."));
  else lines.push(`${style.bold(countSeverities(findings))} in ${formatCount(files, "file")}.`);
  const repairable = findings.filter(isRepairedUnasked).length;
  if (toRepair && repairable > 0) {
    const words = repairable === 1 ? "One of them may be repaired" : `${repairable} of them may be repaired`;
    lines.push(`${words}: archway check --fix --dry-run shows the edits.`);
  }
  if (ignored.length > 0) {
    const by = (kind: string) => ignored.filter((one) => one.by === kind).length;
    const parts = [
      by("comment") === 0 ? [] : `${by("comment")} by comments`,
      by("configuration") === 0 ? [] : `${by("configuration")} by .archway.yaml`,
    ].flat();
    lines.push(`Accepted: ${parts.join(", ")}.`);
  }
  if (baseline !== undefined) {
    const gone = baseline.gone === 0 ? "" : `; ${baseline.gone} of its entries no longer found`;
    lines.push(`In the baseline: ${baseline.accepted}${gone}.`);
  }
  if (unanswered.length > 0) {
    const why = offline ? "offline: leave out --offline, or give --facts FILE" : "nobody answered";
    lines.push(style.dim(`Not known, and so not judged: ${questionWords(unanswered)} (${why}).`));
  }
  if (findings.length > 0) lines.push(style.dim("archway check --explain RULE tells more about a rule."));
  return ["", ...lines];
}

/** What a repair did, or would do. */
export function formatRepair(
  { written, fixed, refused, files }: Repair,
  { style, columns }: Pick<CheckTextFormat, "style" | "columns">,
): string[] {
  const verb = written ? "repaired" : "would be repaired";
  const head =
    fixed.length === 0
      ? `Nothing ${verb}.`
      : `${formatCount(fixed.length, "finding")} ${verb} in ${files.map(printable).join(", ")}:`;
  return [
    style.bold(head),
    ...fixed.map(({ finding, title }) => `  ${printable(`${placeOf(finding)} ${title}`)}`),
    ...refused.flatMap(({ finding, reason, instead }) => [
      ...wrap(printable(`${placeOf(finding)} (${finding.rule}) is left: ${reason}`), columns - 2).map(
        (part) => `  ${part}`,
      ),
      ...(instead === undefined ? [] : wrap(printable(instead), columns - 4).map((part) => `    ${part}`)),
    ]),
  ];
}
