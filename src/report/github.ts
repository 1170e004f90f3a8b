import type { Finding, Severity } from "../finding/finding.ts";
import { severities } from "../finding/finding.ts";
import { detailsOf, placeOf } from "./findings.ts";
import { formatCount } from "./quantity.ts";
import { platformName, platformsOf, reportedFindings } from "./reported-image.ts";
import type { ReportedFinding, ReportedImage, ReportOptions } from "./reported-image.ts";
import { printable, printableLines } from "./style.ts";

/** Annotations of each kind that GitHub shows for a step (https://docs.github.com/en/rest/checks/runs, and the runner's own limit). */
const maxEach = 10;

/** Characters of one annotation: GitHub cuts at 4 KiB of its own accord in some views, in the middle of a word. */
const maxMessage = 4_000;

const commands: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", note: "notice" };

/**
 * Findings as GitHub's workflow commands (`::error title=…::…`), which become annotations of the run: at most ten of each kind, as many as GitHub shows of a
 * step, the heaviest first. A finding about the repository is annotated at its line. After them, one plain line an image tells its verdict, and the last
 * one how many findings are not shown.
 */
export function formatGithub(images: readonly ReportedImage[], options: ReportOptions): string {
  const all = reportedFindings(images);
  const shown = severities.flatMap((severity) =>
    all.filter(({ finding }) => finding.severity === severity).slice(0, maxEach),
  );
  const lines = [...shown.map((one) => command(one, options)), ...images.map(verdictLine)];
  if (shown.length < all.length) {
    const rest = formatCount(all.length - shown.length, "more finding");
    lines.push(`archway: ${rest}: GitHub shows ${maxEach} of each kind; --format text shows all.`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function command(one: ReportedFinding, options: ReportOptions): string {
  const { finding, image } = one;
  const properties = { title: titleOf(one), ...fileOf(finding, options) };
  const place = [...(finding.line === undefined ? [image.reference] : []), placeOf(finding)].filter(Boolean).join(" ");
  const text = [`${place}: ${finding.message}`, ...detailsOf(finding).map(({ label, text }) => `${label}: ${text}`)];
  const message = text.flatMap(printableLines).join("\n").slice(0, maxMessage).toWellFormed();
  const pairs = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`);
  return `::${commands[finding.severity]} ${pairs.join(",")}::${escapeData(message)}`;
}

function titleOf(one: ReportedFinding): string {
  const platforms = platformsOf(one).slice(0, 4).join(", ");
  return platforms === "" ? one.finding.rule : `${one.finding.rule} (${platforms})`;
}

/** Where GitHub puts the annotation: at the line of the repository, else at the Dockerfile that the image comes from, else at the run. */
function fileOf(finding: Finding, { dockerfile }: ReportOptions): Readonly<Record<string, string>> {
  if (finding.line === undefined) return dockerfile === undefined ? {} : { file: printable(dockerfile) };
  const { path, line, endLine, column } = finding;
  return {
    file: printable(path).replace(/^\.\//, ""),
    line: String(line),
    ...(endLine && { endLine: String(endLine) }),
    ...(column && { col: String(column) }),
  };
}

/** Begins with words of our own, and so can be no command; `##[` would be one of the older kind, anywhere in a line. */
function verdictLine({ reference, verdict, platforms }: ReportedImage): string {
  const each = platforms.map((one) => `${platformName(one.platform)} ${one.verdict}`).join(", ");
  const line = `archway: ${printable(reference)}: ${verdict}${each === "" ? "" : ` (${each})`}`;
  return line.replaceAll("##[", "## [");
}

/** The runner's escaping of a message (github.com/actions/toolkit, packages/core: `escapeData`). */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** … and of a property, where `:` and `,` separate (`escapeProperty`). */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
