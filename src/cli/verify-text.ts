import type { Verdict } from "../finding/finding.ts";
import { heaviestFirst } from "../finding/finding.ts";
import { formatPlatform } from "../platform/platform.ts";
import { countSeverities, formatFindings } from "../report/findings.ts";
import { formatBytes, formatCount } from "../report/quantity.ts";
import { printable, type Style } from "../report/style.ts";
import { type Cell, formatTable } from "../report/table.ts";
import type { LayerReport } from "../verify/layer/layer-report.ts";
import type { PlatformReport } from "../verify/verify.ts";
import { floorWords, type VerifiedImage, type VerifyResult } from "./verify-result.ts";

/** How the text is shown. */
export interface TextFormat {
  readonly style: Style;
  /** Width of the terminal. */
  readonly columns: number;
}

/** The result for a person, top-down: a line a platform, what each layer holds where they differ, then the findings. */
export function formatVerified({ images, unusedAllow }: VerifyResult, format: TextFormat): string[] {
  const { style } = format;
  const lines = images.flatMap((image, index) => [...(index === 0 ? [] : [""]), ...formatImage(image, format)]);
  for (const { path, reason } of unusedAllow) {
    const text = printable(`the exception ${path} (${reason}) covers nothing that was found: remove it`);
    lines.push("", `${style.yellow("unused")} ${text}`);
  }
  return lines;
}

function formatImage(image: VerifiedImage, format: TextFormat): string[] {
  const { style, columns } = format;
  const { reference, digest, verdict, platforms, findings } = image;
  const head = `${paintVerdict(verdict, style)} ${style.bold(printable(reference))}${digest === "" ? "" : ` ${style.dim(digest)}`}`;
  const rows = platforms.map((platform) => rowOf(platform, style));
  const table = formatTable(rows, { columns: columns - 2, style }).map((line) => `  ${line}`);
  const layers = platforms.flatMap((platform) => layerLines(platform, format));
  const all = formatFindings(heaviestFirst([...findings, ...platforms.flatMap((one) => one.findings)]), format);
  return [head, ...table, ...(layers.length === 0 ? [] : ["", ...layers]), ...(all.length === 0 ? [] : ["", ...all])];
}

function rowOf({ platform, verdict, size, coverage, findings, floor }: PlatformReport, style: Style): Cell[] {
  const paint = { pass: style.green, fail: style.red, undecided: style.yellow }[verdict];
  const looked =
    coverage.layers === 0
      ? "not examined"
      : `${formatCount(coverage.layers, "layer")}, ${formatCount(coverage.files, "file")}, ${coverage.elf} of machine code`;
  const told = countSeverities(findings);
  return [
    formatPlatform(platform),
    { text: verdictWord(verdict), paint },
    size === 0 ? "" : formatBytes(size),
    told === "" ? looked : `${looked}: ${told}`,
    verdict === "fail" || floor === undefined || coverage.elf === 0 ? "" : `runs on ${floorWords(floor)}`,
  ];
}

/** Which layer brings code of which architecture, for an image in which not all is of its platform. */
function layerLines({ platform, verdict, layers }: PlatformReport, { style, columns }: TextFormat): string[] {
  const own = `linux/${platform.architecture}`;
  if (verdict !== "fail" || !layers.some(({ code }) => Object.keys(code).some((name) => name !== own))) return [];
  const rows = layers.map((layer): Cell[] => [
    `  layer ${layer.index + 1}`,
    formatBytes(layer.size),
    { text: codeOf(layer), paint: Object.keys(layer.code).some((name) => name !== own) ? style.red : style.green },
    printable(layer.createdBy ?? ""),
  ]);
  return [
    `Machine code in the layers of ${style.bold(formatPlatform(platform))}:`,
    ...formatTable(rows, { columns, style }),
  ];
}

function codeOf({ code }: LayerReport): string {
  const kinds = Object.entries(code).map(([name, count]) => `${count} ${name}`);
  return kinds.length === 0 ? "none" : kinds.slice(0, 4).join(", ");
}

/** `pass`, `FAIL`, `undecided`: what is wrong stands out without colours too. */
function verdictWord(verdict: Verdict): string {
  return verdict === "fail" ? "FAIL" : verdict;
}

function paintVerdict(verdict: Verdict, style: Style): string {
  const paint = { pass: style.green, fail: style.red, undecided: style.yellow }[verdict];
  return paint(verdictWord(verdict));
}
