import type { ArchwayError } from "../error/error.ts";
import {
  invalid,
  maxLineSize,
  offsetAt,
  positionAt,
  trimSpace,
  type Piece,
  type Range,
  type SourceFile,
  type SpannedText,
  type Word,
} from "./source.ts";
import type { Slice } from "./words.ts";

/** An instruction's lines joined to one: continuation characters, comment lines and blank lines between them are gone. */
export interface LogicalLine {
  readonly source: SourceFile;
  /** The joined text, without spaces at its ends. */
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Index of the first physical line, from 0. */
  readonly first: number;
  /** Index of the physical line behind the last one. */
  readonly next: number;
  /** Lines (from 1) that are blank inside a continuation; BuildKit warns of them. */
  readonly blankLines: readonly number[];
  /** Comment lines between the first and the last. */
  readonly comments: readonly Comment[];
}

/** A comment line; `text` is without the `#` and the spaces around. */
export interface Comment {
  readonly text: string;
  /** Counts from 1. */
  readonly line: number;
}

/** One physical line, without line feed and carriage returns at its end. */
export interface PhysicalLine {
  readonly text: string;
  /** Offset of its first character. */
  readonly offset: number;
}

/**
 * The physical line with this index (from 0).
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` when it is longer than BuildKit's limit of 65535 bytes.
 */
export function physicalLine(source: SourceFile, index: number): PhysicalLine {
  const offset = source.lineStarts[index] ?? source.text.length;
  const next = source.lineStarts[index + 1];
  const raw = source.text.slice(offset, next === undefined ? source.text.length : next - 1);
  if (raw.length > maxLineSize / 3 && Buffer.byteLength(raw) > maxLineSize) {
    throw invalid(source.file, `dockerfile line greater than max allowed size of ${maxLineSize}`, {
      line: index + 1,
      column: 1,
    });
  }
  let end = raw.length;
  while (end > 0 && raw.charAt(end - 1) === "\r") end--;
  return { text: raw.slice(0, end), offset };
}

/** Number of physical lines; an empty last line (after the final line feed) does not count. */
export function lineCount(source: SourceFile): number {
  const { lineStarts, text } = source;
  return lineStarts.at(-1) === text.length ? lineStarts.length - 1 : lineStarts.length;
}

/** The comment of a line, or undefined when it is none. */
export function commentOf(text: string, line: number): Comment | undefined {
  const { text: trimmed } = trimSpace(text);
  return trimmed.startsWith("#") ? { text: trimSpace(trimmed.slice(1)).text, line } : undefined;
}

/** Joins the instruction that begins on the physical line `first`, which is neither blank nor a comment. */
export function readLogicalLine(source: SourceFile, first: number, escape: string): LogicalLine {
  const total = lineCount(source);
  const parts: string[] = [];
  const pieces: Piece[] = [];
  const blankLines: number[] = [];
  const comments: Comment[] = [];
  let length = 0;
  let next = first;
  for (let open = true; open && next < total; next++) {
    const { text, offset } = physicalLine(source, next);
    if (next > first) {
      const comment = commentOf(text, next + 1);
      if (comment !== undefined) {
        comments.push(comment);
        continue;
      }
      if (trimSpace(text).text === "") {
        blankLines.push(next + 1);
        continue;
      }
    }
    const end = continuationIndex(text, escape);
    open = end >= 0;
    const part = open ? text.slice(0, end) : text;
    if (part === "") continue;
    pieces.push({ at: length, offset });
    parts.push(part);
    length += part.length;
  }
  const joined = parts.join("");
  const { text, start } = trimSpace(joined);
  return { source, text, pieces: shift(pieces, start, text.length), first, next, blankLines, comments };
}

/**
 * Index of the escape character that continues a line: the last character but for blanks, not itself escaped. -1 when there is none.
 */
function continuationIndex(text: string, escape: string): number {
  let end = text.length;
  while (end > 0 && (text.charAt(end - 1) === " " || text.charAt(end - 1) === "\t")) end--;
  if (text.charAt(end - 1) !== escape) return -1;
  return text.charAt(end - 2) === escape ? -1 : end - 1;
}

/** The pieces of `length` characters from index `from` on, with indexes that begin at 0 there. */
function shift(pieces: readonly Piece[], from: number, length: number): Piece[] {
  const shifted: Piece[] = [];
  for (const [index, piece] of pieces.entries()) {
    const end = pieces[index + 1]?.at ?? Infinity;
    if (end <= from || piece.at >= from + length) continue;
    const start = Math.max(piece.at, from);
    shifted.push({ at: start - from, offset: piece.offset + start - piece.at });
  }
  return shifted;
}

/** Where a part of the joined line stands in the file. */
export function rangeOf(line: LogicalLine, start: number, end: number): Range {
  const from = offsetAt(line.pieces, start);
  const to = end > start ? offsetAt(line.pieces, end - 1) + 1 : from;
  return { start: positionAt(line.source, from), end: positionAt(line.source, to) };
}

/** A slice of the joined line as a word of the file. */
export function wordOf(line: LogicalLine, slice: Slice): Word {
  const word = { text: slice.text, range: rangeOf(line, slice.start, slice.end) };
  const isWhole = slice.text.length === slice.end - slice.start;
  if (!isWhole || word.range.start.line === word.range.end.line) return word;
  return { ...word, pieces: shift(line.pieces, slice.start, slice.text.length) };
}

/** The joined line from `start` on as one text. */
export function spannedFrom(line: LogicalLine, start: number): SpannedText {
  const text = line.text.slice(start);
  return { text, range: rangeOf(line, start, line.text.length), pieces: shift(line.pieces, start, text.length) };
}

/** The joined line from `start` on as a line of its own: the trigger of ONBUILD. */
export function lineFrom(line: LogicalLine, start: number): LogicalLine {
  const text = line.text.slice(start);
  return { ...line, text, pieces: shift(line.pieces, start, text.length) };
}

/** The error about the character at `index` of a joined line. */
export function failAt(
  line: LogicalLine,
  message: string,
  index = 0,
  more: { readonly hint?: string } = {},
): ArchwayError {
  return invalid(line.source.file, message, rangeOf(line, index, index).start, more);
}
