import type { Place } from "./place.ts";

/**
 * Where the text of a piece comes from: `written` in a file, an `architecture` source that is asked on every platform (`uname -m`,
 * `TARGETARCH`), or `unknown`: it cannot be known before the program runs.
 */
export type Source = "written" | "architecture" | "unknown";

/** A part of an evaluated text that comes from one place. */
export interface Piece {
  /** Empty for an unknown piece. */
  readonly text: string;
  readonly source: Source;
  /** Where its text is written; absent for values that the engine or the machine gives. */
  readonly place?: Place;
  /** True when the text is different on another platform: it comes from an architecture source, or was chosen by one (a guard, a map). */
  readonly dependsOnPlatform?: boolean;
  /** Names of the variables it came through, the outermost first: of `$A` with `A=$B` they are A and B. */
  readonly through?: readonly string[];
}

/** A text as it is on one platform, with the places where each of its parts is written. */
export interface Value {
  readonly pieces: readonly Piece[];
}

/** What stands in {@link textOf} for a part that is not known. It is in no name of an architecture and in no file name. */
export const unknownMark = "\uFFFC";

/** The empty text. */
export const emptyValue: Value = { pieces: [] };

/** The text of a value; unknown parts read as {@link unknownMark}. */
export function textOf(value: Value): string {
  return value.pieces.map((piece) => (piece.source === "unknown" ? unknownMark : piece.text)).join("");
}

/** A value whose text is written at a place. */
export function written(text: string, place?: Place): Value {
  return text === ""
    ? emptyValue
    : { pieces: [{ text, source: "written", ...(place === undefined ? {} : { place }) }] };
}

/** A value that cannot be known; `dependsOnPlatform` when it differs between platforms all the same. */
export function unknownValue(more: { readonly place?: Place; readonly dependsOnPlatform?: boolean } = {}): Value {
  return { pieces: [{ text: "", source: "unknown", ...more }] };
}

/** A value that the machine or the engine tells, different on every platform. */
export function architectureValue(text: string, place?: Place): Value {
  return {
    pieces: [{ text, source: "architecture", dependsOnPlatform: true, ...(place === undefined ? {} : { place }) }],
  };
}

/** Values one after another. */
export function joinValues(...values: readonly Value[]): Value {
  return { pieces: values.flatMap(({ pieces }) => pieces) };
}

/** True when all of it is known. */
export function isKnown(value: Value): boolean {
  return value.pieces.every(({ source }) => source !== "unknown");
}

/** True when a part of it differs between platforms by itself: nobody needs to change it. */
export function dependsOnPlatform(value: Value): boolean {
  return value.pieces.some((piece) => piece.dependsOnPlatform === true);
}

/** The part of a value between two indexes of its {@link textOf}. */
export function sliceValue(value: Value, start: number, end: number): Value {
  const pieces: Piece[] = [];
  let at = 0;
  for (const piece of value.pieces) {
    const length = piece.source === "unknown" ? unknownMark.length : piece.text.length;
    const from = Math.max(0, start - at);
    const to = Math.min(length, end - at);
    at += length;
    if (from >= to) continue;
    if (piece.source === "unknown" || (from === 0 && to === length)) pieces.push(piece);
    else pieces.push({ ...piece, text: piece.text.slice(from, to), ...placeOfPart(piece, from, to) });
  }
  return { pieces };
}

/** The place of a part of a piece: exact where the text is written as it reads, else the whole piece's. */
function placeOfPart(piece: Piece, from: number, to: number): { place?: Place } {
  const { place, text } = piece;
  if (place === undefined) return {};
  const feeds = text.split("\n").length - 1;
  const lastLine = text.length - text.lastIndexOf("\n") - 1;
  const isLiteral =
    place.endLine - place.line === feeds && place.endColumn - (feeds === 0 ? place.column : 1) === lastLine;
  if (!isLiteral) return { place };
  const [line, column] = positionIn(text, from, place);
  const [endLine, endColumn] = positionIn(text, to, place);
  return { place: { ...place, line, column, endLine, endColumn } };
}

function positionIn(text: string, offset: number, { line, column }: Place): readonly [line: number, column: number] {
  const before = text.slice(0, offset).split("\n");
  const last = before.at(-1)?.length ?? 0;
  return before.length === 1 ? [line, column + offset] : [line + before.length - 1, last + 1];
}
