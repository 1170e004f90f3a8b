import type { Platform } from "../platform/platform.ts";

/** How much a finding weighs: `error` breaks, `warning` breaks under some condition or is doubtful, `note` informs. */
export type Severity = "error" | "warning" | "note";

/** Severities from heaviest to lightest. */
export const severities: readonly Severity[] = ["error", "warning", "note"];

/** A second place that belongs to a finding. */
export interface RelatedPlace {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** One replacement of whole lines in a file; both lines are included and count from 1. */
export interface Edit {
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
  readonly text: string;
}

/** The layer of an image that a finding is about. */
export interface LayerPlace {
  /** Position in the manifest's `layers`, from 0. */
  readonly index: number;
  readonly digest: string;
  /** Compressed size in bytes. */
  readonly size: number;
  /** The `history[].created_by` line that made it, when the config tells. */
  readonly createdBy?: string;
}

/** The package that a file of an image belongs to, by the package manager's own database. */
export interface OwningPackage {
  readonly database: "dpkg" | "apk" | "rpm";
  readonly name: string;
  readonly version: string;
  /** As the package manager spells it. */
  readonly architecture: string;
}

/** The likely reason of a finding, in the words of the catalogue (S01… of the silent failures, or a rule's own). */
export interface Cause {
  readonly code: string;
  readonly text: string;
}

/** One shape for what `check`, `verify` and the gate report. */
export interface Finding {
  /** Stable rule id, for example `wrong-architecture`. */
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly platforms: readonly Platform[];
  /** Path relative to the repository, or inside the image (absolute). */
  readonly path: string;
  readonly line?: number;
  readonly endLine?: number;
  readonly column?: number;
  readonly layer?: LayerPlace;
  readonly package?: OwningPackage;
  readonly cause?: Cause;
  readonly related: readonly RelatedPlace[];
  readonly fix?: { readonly title: string; readonly edits?: readonly Edit[] };
  /** The reason of the exception that made it a note, when one of the user's covers it. */
  readonly allowed?: string;
}

/** The answer about one image or platform: proven, refuted, or evidence missing. */
export type Verdict = "pass" | "fail" | "undecided";

/** Orders findings by what weighs most, then by path, rule and message, so that the same findings always read the same. */
export function compareFindings(a: Finding, b: Finding): number {
  const weight = severities.indexOf(a.severity) - severities.indexOf(b.severity);
  return weight || compareTexts(a.path, b.path) || compareTexts(a.rule, b.rule) || compareTexts(a.message, b.message);
}

/** The heaviest findings first; among equals the order stays, in which what a container starts with comes first. */
export function heaviestFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True when any finding weighs at least as much as the threshold. */
export function reaches(findings: readonly Finding[], threshold: Severity): boolean {
  const limit = severities.indexOf(threshold);
  return findings.some((finding) => severities.indexOf(finding.severity) <= limit);
}
