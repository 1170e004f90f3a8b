import type { SourceText } from "./source-text.ts";

/** A line with those that continue it, by its offsets in the text; the line feed is not part of it. */
export interface LogicalLine {
  readonly start: number;
  readonly end: number;
  /** True when it begins with the character that marks a recipe. */
  readonly tabbed: boolean;
}

/** The logical lines of a text: a backslash at the end of a line joins it to the next one. */
export function* logicalLines(source: SourceText): Generator<LogicalLine> {
  const { text } = source;
  let start = 0;
  while (start < text.length) {
    let end = lineEnd(text, start);
    while (end < text.length && isContinued(text, start, end)) end = lineEnd(text, end + 1);
    const stop = text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    yield { start, end: Math.max(start, stop), tabbed: text.charCodeAt(start) === 9 };
    start = end + 1;
  }
}

function lineEnd(text: string, from: number): number {
  const feed = text.indexOf("\n", from);
  return feed < 0 ? text.length : feed;
}

function isContinued(text: string, start: number, end: number): boolean {
  let at = end - 1;
  if (text.charCodeAt(at) === 13) at--;
  let slashes = 0;
  while (at >= start && text.charCodeAt(at) === 92) {
    slashes++;
    at--;
  }
  return slashes % 2 === 1;
}

/** The end of what a line says before its comment; `#` in a reference counts as text, and `\#` too. */
export function commentStart(text: string, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end; at++) {
    const char = text[at];
    if (char === "\\" && text[at + 1] === "#") at++;
    else if (char === "$" && (text[at + 1] === "(" || text[at + 1] === "{")) {
      depth++;
      at++;
    } else if (depth > 0 && (char === "(" || char === "{")) depth++;
    else if (depth > 0 && (char === ")" || char === "}")) depth--;
    else if (char === "#" && depth === 0) return at;
  }
  return end;
}
