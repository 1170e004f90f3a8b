import type { Finding, Verdict } from "../finding/finding.ts";
import { compareFindings } from "../finding/finding.ts";
import { countSeverities, detailsOf, placeOf } from "./findings.ts";
import { formatBytes, formatCount } from "./quantity.ts";
import { platformName } from "./reported-image.ts";
import type { ReportedImage, ReportedPlatform, ReportOptions } from "./reported-image.ts";
import { printable, printableLines } from "./style.ts";

/** GitHub refuses a longer summary of a step: bytes of UTF-8 (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands). */
const maxBytes = 1024 * 1024;

/** Bytes that are kept for the last line, which tells what was left out. */
const reserve = 512;

const marks: Readonly<Record<Verdict, string>> = { pass: "✅", fail: "❌", undecided: "❔" };

/**
 * A summary in GitHub's Markdown, for `$GITHUB_STEP_SUMMARY` or a comment: a table of the platforms of each image, the findings folded below. Ends within 1
 * MiB, GitHub's limit, and then says what was left out: tables come before findings.
 */
export function formatMarkdown(images: readonly ReportedImage[], options: ReportOptions): string {
  const page = openPage(maxBytes - reserve);
  page.add(["## Archway: do the images match their platforms?", ""]);
  for (const image of images) page.add(tableOf(image));
  for (const image of images) {
    const groups = [
      { name: "index", findings: image.findings },
      ...image.platforms.map(({ platform, findings }) => ({ name: platformName(platform), findings })),
    ];
    for (const { name, findings } of groups) addFindings(page, image, name, findings.toSorted(compareFindings));
  }
  const left = page.left();
  const rest = left === 0 ? [] : [`${formatCount(left, "more part")} did not fit: \`--format text\` shows all.`, ""];
  return [...page.lines, ...rest, `<sub>archway ${escape(options.toolVersion)}</sub>`, ""].join("\n");
}

/** Lines with a bound: a block that does not fit is counted instead. */
interface Page {
  readonly lines: readonly string[];
  /** Adds a block whole, or not at all; `closing` is what will have to be added after it. */
  add(block: readonly string[], closing?: readonly string[]): boolean;
  /** Blocks that did not fit. */
  left(): number;
}

function openPage(limit: number): Page {
  const lines: string[] = [];
  let used = 0;
  let left = 0;
  const sizeOf = (block: readonly string[]) => block.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  return {
    lines,
    add(block, closing = []) {
      const size = sizeOf(block);
      if (used + size + sizeOf(closing) > limit) {
        left++;
        return false;
      }
      used += size;
      lines.push(...block);
      return true;
    },
    left: () => left,
  };
}

function tableOf({ reference, digest, verdict, findings, platforms }: ReportedImage): string[] {
  const sized = platforms.some(({ size }) => size !== undefined);
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const head = ["platform", "verdict", "findings", ...(sized ? ["size"] : []), "digest"];
  const rows = platforms.map((one) => [
    code(platformName(one.platform)),
    `${marks[one.verdict]} ${one.verdict}`,
    countSeverities(one.findings),
    ...(sized ? [sizeCell(one)] : []),
    code(one.digest.slice(0, 19)),
  ]);
  return [
    `### ${marks[verdict]} ${code(reference)}: ${verdict}`,
    "",
    `${code(digest)}${findings.length === 0 ? "" : `, about the index: ${countSeverities(findings)}`}`,
    "",
    ...(rows.length === 0 ? [] : [row(head), row(head.map(() => "---")), ...rows.map(row), ""]),
  ];
}

function sizeCell({ size }: ReportedPlatform): string {
  return size === undefined ? "" : formatBytes(size);
}

function addFindings(page: Page, image: ReportedImage, name: string, findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  const closing = ["", "</details>", ""];
  const summary = `${code(image.reference)} ${code(name)}: ${countSeverities(findings)}`;
  if (!page.add([`<details><summary>${summary}</summary>`, ""], closing)) return;
  for (const finding of findings) page.add([itemOf(finding)], closing);
  page.add(closing);
}

/** One item of a list, on one line: nothing in it can end it. */
function itemOf(finding: Finding): string {
  const { severity, rule, message } = finding;
  const place = placeOf(finding);
  const lines = [
    `- **${severity}** ${place === "" ? "" : `${code(place)} `}(${escape(rule)})`,
    ...printableLines(message).map(escape),
    ...detailsOf(finding).map(({ label, text }) => `${label}: ${code(text)}`),
  ];
  return lines.join("<br>");
}

/** A text of strangers set as code. Not with backticks: a table would still cut it at each `|`. */
function code(text: string): string {
  return `<code>${escape(text)}</code>`;
}

/** What has a meaning in Markdown, in GitHub's additions to it (tables, autolinks, mentions, issues, formulas) or in HTML. */
const meaningful = /[&<>"'`|\\*_~[\](){}#!@$^:]|www\./gi;

/**
 * A text of strangers as Markdown that shows exactly this text: character references never act as markup (CommonMark 0.31, 2.5). Line breaks become
 * spaces.
 */
function escape(text: string): string {
  return printable(text)
    .toWellFormed()
    .replaceAll(meaningful, (found) => (found.length > 1 ? `${found.slice(0, 3)}&#46;` : `&#${found.charCodeAt(0)};`));
}
