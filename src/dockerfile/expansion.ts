import type { TextPart } from "./traced-text.ts";

/** Variables that an expansion can see; undefined is unset. */
export interface Environment {
  readonly get: (name: string) => string | undefined;
}

/** How BuildKit's lexer runs; the defaults are those of instruction words. */
export interface ExpandOptions {
  /** The file's escape character; default `\`. */
  readonly escape?: string;
  /** Keeps quotes in the result. */
  readonly rawQuotes?: boolean;
  /** Keeps escape characters in the result. */
  readonly rawEscapes?: boolean;
  /** Treats quotes as ordinary characters (contents of heredocs). */
  readonly ignoreQuotes?: boolean;
  /** Leaves references to unset variables as they are written. */
  readonly keepUnset?: boolean;
}

/** What became of a word. */
export interface Expansion {
  readonly ok: true;
  readonly text: string;
  /** Where each part of the text comes from; a result of a thousand values and more is still as many parts. */
  readonly parts: readonly TextPart[];
  /** The result split at unquoted spaces, also those that came from variables. */
  readonly words: readonly string[];
  /** Names of variables that were looked up and found, in order of their first use. */
  readonly used: readonly string[];
  /** Names of variables that were looked up and are unset. */
  readonly unset: readonly string[];
}

/** Why a word cannot be expanded, in BuildKit's words. */
export interface ExpansionFailure {
  readonly ok: false;
  readonly message: string;
}
