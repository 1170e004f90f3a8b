import type { Platform } from "../platform/platform.ts";
import type { LogContext } from "./context.ts";
import type { Engine } from "./notes.ts";
import type { Step } from "./step.ts";

/** What stands around a line that looks like an error that is known: the conditions of the catalogue decide by it. */
export interface Evidence {
  /** The line without its wrapping. */
  readonly text: string;
  readonly match: RegExpExecArray;
  /** Up to twelve lines before it, the nearest last, without their wrapping. */
  readonly before: readonly string[];
  /** Up to twelve lines after it. */
  readonly after: readonly string[];
  readonly step: Step | undefined;
  /** The platform that the line is about, when it tells or its step does. */
  readonly platform: Platform | undefined;
  /** Whether that platform is foreign to the machine; `undefined` when the log does not tell. */
  readonly foreign: boolean | undefined;
  readonly context: LogContext;
  /** Whether a pattern fits the line or one of those around it. */
  near(pattern: RegExp): boolean;
}

/** One wording of an error. */
export interface Sign {
  /** One of them is in every line that the pattern fits: lower case, at least six bytes each. The log is searched for them first. */
  readonly words: readonly string[];
  /** Searched in the line without its wrapping. A group `platform` or `arch` names the platform that it is about. */
  readonly pattern: RegExp;
  /** Decides whether the words mean this error here. Absent: they mean nothing else. */
  readonly when?: (evidence: Evidence) => boolean;
  /** Names the condition, for the documentation: "in a step of a foreign platform". */
  readonly condition?: string;
  /**
   * Asked among several entries that fit a log: `consequence` stands behind everything that names a cause, and is left out when there is one. Default: `cause`.
   */
  readonly rank?: "cause" | "consequence";
}

/** What to do, and for which engines the advice is; without engines it is for all. */
export interface Fix {
  readonly engines?: readonly Engine[];
  readonly text: string;
}

/** One error of the catalogue. */
export interface Entry {
  /** `E01` … `E69`, `W1` … `W4` (docs/errors.md). */
  readonly code: string;
  readonly title: string;
  readonly severity: "error" | "warning";
  readonly signs: readonly Sign[];
  readonly cause: string;
  readonly fixes: readonly Fix[];
  /** Where the error is documented or was discussed. */
  readonly url: string;
  /** Errors that follow from this one, and are not told beside it. */
  readonly explains?: readonly string[];
}
