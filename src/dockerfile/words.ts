import { isSpace } from "./source.ts";

/** A word found in a joined instruction line: its text as BuildKit sees it, and where it stands in the line (`end` is exclusive). */
export interface Slice {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Blanks that separate the words of most instructions: BuildKit's `[\t\v\f\r ]+`, ASCII only. */
const blanks = /[\t\v\f\r ]+/g;

/** Splits `line` from `from` at blanks, without regard to quotes (FROM, COPY, EXPOSE, …). */
export function splitBlanks(line: string, from: number): Slice[] {
  const slices: Slice[] = [];
  let start = from;
  blanks.lastIndex = from;
  for (let match = blanks.exec(line); match !== null; match = blanks.exec(line)) {
    if (match.index > start) slices.push({ text: line.slice(start, match.index), start, end: match.index });
    start = blanks.lastIndex;
  }
  if (start < line.length) slices.push({ text: line.slice(start), start, end: line.length });
  return slices;
}

/** Index of the first blank at or after `from`, and of the first character behind the blanks; both are the line's length at its end. */
export function nextBlank(line: string, from: number): { readonly end: number; readonly next: number } {
  blanks.lastIndex = from;
  const match = blanks.exec(line);
  if (match === null) return { end: line.length, next: line.length };
  return { end: match.index, next: blanks.lastIndex };
}

/**
 * Splits `line` from `from` at spaces outside quotes (ENV, LABEL, ARG). Quotes and escapes stay in the words; an escape at the very
 * end of the line is dropped.
 */
export function splitQuoted(line: string, from: number, escape: string): Slice[] {
  const slices: Slice[] = [];
  let at = from;
  while (at < line.length) {
    if (isSpace(line.charAt(at))) {
      at++;
      continue;
    }
    const start = at;
    let quote = "";
    while (at < line.length && (quote !== "" || !isSpace(line.charAt(at)))) {
      const character = line.charAt(at);
      if (character === escape && quote !== "'") at++;
      else if (quote === "" && (character === "'" || character === '"')) quote = character;
      else if (character === quote) quote = "";
      at++;
    }
    const end = Math.min(at, line.length);
    // `at` went one past the end when the last character is an escape with nothing behind it.
    const text = line.slice(start, at > line.length ? line.length - 1 : end);
    if (text !== "") slices.push({ text, start, end });
  }
  return slices;
}

/**
 * Reads the leading `--flag` words of `line` from `from`. Quotes and escapes inside a flag are resolved. `--` alone ends the flags.
 * `rest` is the index where the arguments begin. Only ASCII spaces part flags: BuildKit reads them byte by byte.
 */
export function splitFlags(
  line: string,
  from: number,
  escape: string,
): { readonly flags: readonly Slice[]; readonly rest: number } {
  const flags: Slice[] = [];
  let at = from;
  for (;;) {
    while (at < line.length && isAsciiSpace(line.charAt(at))) at++;
    if (at >= line.length || !line.startsWith("--", at)) return { flags, rest: at };
    const start = at;
    let text = "";
    let quote = "";
    for (; at < line.length && (quote !== "" || !isAsciiSpace(line.charAt(at))); at++) {
      const character = line.charAt(at);
      if (quote === "" && (character === "'" || character === '"')) quote = character;
      else if (character === quote) quote = "";
      else if (character === escape) text += line.charAt(++at);
      else text += character;
    }
    const end = Math.min(at, line.length);
    if (text === "--") return { flags, rest: end };
    flags.push({ text, start, end });
  }
}

/**
 * Reads `line` from `from` as a JSON array of strings (the exec form). Undefined when it is no JSON array; `"not strings"` when an
 * element is something else, which BuildKit refuses.
 */
export function splitJson(line: string, from: number): Slice[] | "not strings" | undefined {
  if (line.charAt(from) !== "[") return undefined;
  let values: unknown;
  try {
    values = JSON.parse(line.slice(from));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!Array.isArray(values)) return undefined;
  const slices: Slice[] = [];
  let at = from + 1;
  for (const value of values as readonly unknown[]) {
    if (typeof value !== "string") return "not strings";
    const start = line.indexOf('"', at);
    at = start + 1;
    while (line.charAt(at) !== '"') at += line.charAt(at) === "\\" ? 2 : 1;
    at++;
    slices.push({ text: value, start, end: at });
  }
  return slices;
}

function isAsciiSpace(character: string): boolean {
  return character === " " || (character >= "\t" && character <= "\r");
}
