import { ArchwayError } from "../error/error.ts";

/**
 * A place in a Dockerfile. `line` and `column` count from 1 (columns in UTF-16 code units, as editors and SARIF do), `offset` counts
 * from 0 into the decoded text without its byte-order mark.
 */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** A stretch of a Dockerfile; `end` is the place after its last character. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** One word of an instruction as BuildKit sees it before expansion: line continuations and comments inside it are gone. */
export interface Word {
  readonly text: string;
  readonly range: Range;
  /** Where its characters stand, when it goes over several lines (see {@link offsetAt}). */
  readonly pieces?: readonly Piece[];
}

/** Says that from index `at` of a joined text on, the characters come from `offset` of the file. */
export interface Piece {
  readonly at: number;
  readonly offset: number;
}

/** Text that may span several lines of the file; `pieces` map its indexes back to places (see {@link offsetAt}). */
export interface SpannedText extends Word {
  readonly pieces: readonly Piece[];
}

/** Largest Dockerfile that is read, in bytes. */
export const maxDockerfileSize = 8 * 1024 * 1024;

/** Largest physical line in bytes, without its line feed: the limit of BuildKit's scanner. */
export const maxLineSize = 65_535;

/** A decoded Dockerfile: its text without a byte-order mark, and where its lines start. */
export interface SourceFile {
  /** Name for error messages, as the user knows it. */
  readonly file: string;
  readonly text: string;
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[];
}

/**
 * Decodes a Dockerfile. Bytes that are not valid UTF-8 become U+FFFD (BuildKit builds such files, and they are common in comments).
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` when it is empty, too large, UTF-16 or binary.
 */
export function readSource(input: string | Uint8Array, file: string): SourceFile {
  const size = typeof input === "string" ? input.length : input.byteLength;
  if (size > maxDockerfileSize) {
    throw invalid(file, `the Dockerfile has ${size} bytes; the limit is ${maxDockerfileSize}`, undefined, {
      hint: `Check that ${file} is the right file.`,
    });
  }
  const text = (typeof input === "string" ? input : decode(input, file)).replace(/^\uFEFF/, "");
  const source = { file, text, lineStarts: lineStartsOf(text) };
  if (text === "") throw invalid(file, "the Dockerfile cannot be empty");
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    throw invalid(file, "the Dockerfile is not text: it contains a NUL byte", positionAt(source, nul), {
      hint: `${file} looks like a binary file; name the Dockerfile with --file.`,
    });
  }
  return source;
}

function decode(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw invalid(file, "the Dockerfile is UTF-16 text; BuildKit reads only UTF-8", undefined, {
      hint: "Save it as UTF-8 without a byte-order mark.",
    });
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let feed = text.indexOf("\n"); feed >= 0; feed = text.indexOf("\n", feed + 1)) starts.push(feed + 1);
  return starts;
}

/** The place of an offset into the file's text. */
export function positionAt(source: SourceFile, offset: number): Position {
  const { lineStarts } = source;
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1, offset };
}

/** The file offset of an index into a spanned text. */
export function offsetAt(pieces: readonly Piece[], index: number): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle]?.at ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  const piece = pieces[low];
  return piece === undefined ? index : piece.offset + index - piece.at;
}

/** True for what Go's `unicode.IsSpace` calls a space; BuildKit splits and trims words by it. */
export function isSpace(character: string): boolean {
  const code = character.charCodeAt(0);
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return /^[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/.test(character);
}

/** Index of the first character at or after `from` that is no space. */
export function skipSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charAt(at))) at++;
  return at;
}

/** Cuts spaces (see {@link isSpace}) off both ends; the index of the first kept character is returned with the text. */
export function trimSpace(text: string): { readonly text: string; readonly start: number } {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charAt(start))) start++;
  while (end > start && isSpace(text.charAt(end - 1))) end--;
  return { text: text.slice(start, end), start };
}

/** The error of everything that is wrong in a Dockerfile. */
export function invalid(
  file: string,
  message: string,
  position?: Pick<Position, "line" | "column">,
  more: { readonly hint?: string; readonly cause?: unknown } = {},
): ArchwayError {
  const place = position === undefined ? { file } : { file, line: position.line, column: position.column };
  return new ArchwayError({ code: "DOCKERFILE_INVALID", kind: "input", message, place, ...more });
}
