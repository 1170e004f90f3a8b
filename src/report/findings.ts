import type { Finding, Severity } from "../finding/finding.ts";
import { formatPlatform } from "../platform/platform.ts";
import { formatBytes, formatCount } from "./quantity.ts";
import { printable, type Style, wrap } from "./style.ts";

/** How findings are shown. */
export interface FindingsFormat {
  readonly style: Style;
  /** Width of the terminal. */
  readonly columns: number;
}

/** The JSON shape of a finding (schemas/finding.schema.json): platforms as texts, absent fields left out. */
export interface FindingJson extends Omit<Finding, "platforms"> {
  readonly platforms: readonly string[];
}

/** A finding as JSON. */
export function toFindingJson(finding: Finding): FindingJson {
  return { ...finding, platforms: finding.platforms.map(formatPlatform) };
}

/** Lines that tell findings to a person, grouped by the platforms that they are about, in the order given. */
export function formatFindings(findings: readonly Finding[], format: FindingsFormat): string[] {
  const groups = Map.groupBy(findings, (finding) => finding.platforms.map(formatPlatform).join(", "));
  return [...groups].flatMap(([platforms, group]) => [
    `${format.style.bold(platforms === "" ? headOf(group) : platforms)}: ${countSeverities(group)}`,
    ...group.flatMap((finding) => formatFinding(finding, format)),
  ]);
}

/** What findings without a platform are about: the index of an image, when none is about a file. */
function headOf(findings: readonly Finding[]): string {
  return findings.every((finding) => placeOf(finding) === "") ? "index" : "all platforms";
}

/** `2 errors, 1 warning`. */
export function countSeverities(findings: readonly Finding[]): string {
  const order: readonly Severity[] = ["error", "warning", "note"];
  return order
    .map((severity) => ({ severity, count: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => formatCount(count, severity))
    .join(", ");
}

function formatFinding(finding: Finding, { style, columns }: FindingsFormat): string[] {
  const paint = { error: style.red, warning: style.yellow, note: style.cyan }[finding.severity];
  const place = placeOf(finding);
  const words = [
    paint(finding.severity),
    ...(place === "" ? [] : [style.bold(printable(place))]),
    style.dim(`(${finding.rule})`),
  ];
  const lines = [`  ${words.join(" ")}`];
  const add = (label: string, text: string) => {
    const indent = 4 + label.length;
    const wrapped = text.split("\n").flatMap((line) => wrap(printable(line), columns - indent));
    wrapped.forEach((line, index) => {
      lines.push(`    ${index === 0 ? style.dim(label) : " ".repeat(label.length)}${line}`);
    });
  };
  add("", finding.message);
  for (const { label, text } of detailsOf(finding)) add(`${label}: `, text);
  return lines;
}

/** Where a finding is: `Dockerfile:3:7`, `/usr/bin/x`; empty for one that is about no file: its path is the root of the image. */
export function placeOf({ path, line, column }: Pick<Finding, "path" | "line" | "column">): string {
  if (path === "/" && line === undefined) return "";
  return [path, line, column].filter((part) => part !== undefined).join(":");
}

/** What is known about a finding besides its message, in the order in which a person needs it. The texts may hold what strangers wrote. */
export function detailsOf(finding: Finding): readonly { readonly label: string; readonly text: string }[] {
  const details: { label: string; text: string }[] = [];
  const add = (label: string, text: string) => details.push({ label, text });
  if (finding.layer) {
    const { index, digest, size, createdBy } = finding.layer;
    add("layer", `${index + 1}, ${digest} (${formatBytes(size)})`);
    if (createdBy) add("made by", createdBy);
  }
  if (finding.package) {
    const { database, name, version, architecture } = finding.package;
    add("package", `${name} ${version} (${architecture}, ${database})`);
  }
  if (finding.cause) add("cause", `${finding.cause.text} (${finding.cause.code})`);
  for (const { path, line, message } of finding.related) add("see", `${path}:${line}: ${message}`);
  if (finding.fix) add("fix", finding.fix.title);
  return details;
}
