import { offsetAt, positionAt, type Piece, type Range, type SourceFile, type Word } from "../../dockerfile/source.ts";
import type { Place } from "../place.ts";

/** The place of a stretch of a Dockerfile. */
export function placeOf(path: string, { start, end }: Range): Place {
  return { path, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

/** The place of the characters from `start` to `end` of a text that is joined from pieces of a file. */
export function placeInPieces(
  path: string,
  source: SourceFile,
  pieces: readonly Piece[],
  start: number,
  end: number,
): Place {
  const from = offsetAt(pieces, start);
  const to = end > start ? offsetAt(pieces, end - 1) + 1 : from;
  return placeOf(path, { start: positionAt(source, from), end: positionAt(source, to) });
}

/**
 * The place of the characters from `start` to `end` of a word: exact where it stands in the file as it reads, the whole word where it does
 * not (escapes in the exec form, quotes in a flag).
 */
export function placeInWord(path: string, source: SourceFile, word: Word, start: number, end: number): Place {
  const pieces = piecesOf(source, word);
  return pieces === undefined ? placeOf(path, word.range) : placeInPieces(path, source, pieces, start, end);
}

/** Where the characters of a word stand; undefined when they stand there otherwise than they read. */
export function piecesOf(source: SourceFile, word: Word): readonly Piece[] | undefined {
  if (word.pieces !== undefined) return word.pieces;
  const { start, end } = word.range;
  const length = end.offset - start.offset;
  if (length === word.text.length) return [{ at: 0, offset: start.offset }];
  // A string of the exec form has quotes around it.
  const isQuoted = length === word.text.length + 2 && source.text.startsWith(word.text, start.offset + 1);
  return isQuoted ? [{ at: 0, offset: start.offset + 1 }] : undefined;
}
