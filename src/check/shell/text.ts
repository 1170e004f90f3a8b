import type { Place } from "../place.ts";

import { dependsOnPlatform, type Piece, sliceValue, textOf, unknownMark, unknownValue, type Value } from "../value.ts";

/** A value whose pieces all depend on the platform: it was chosen by a condition that does. */
export function chosenByPlatform(value: Value): Value {
  if (value.pieces.every((piece) => piece.dependsOnPlatform === true)) return value;
  return { pieces: value.pieces.map((piece) => ({ ...piece, dependsOnPlatform: true })) };
}

/** A value that came through a variable. */
export function cameThrough(value: Value, name: string): Value {
  return { pieces: value.pieces.map((piece) => ({ ...piece, through: [name, ...(piece.through ?? [])].slice(0, 8) })) };
}

/**
 * A value whose text was computed from another one (`sed`, `${x/a/b}`): what is the same at its beginning and end keeps its origin; the rest is
 * written at `place`, and depends on the platform when the other value does.
 */
export function rewritten(value: Value, text: string, place?: Place): Value {
  const before = textOf(value);
  if (before === text) return value;
  const at = text.length > 0 && !text.includes(unknownMark) ? before.indexOf(text) : -1;
  if (at >= 0) return sliceValue(value, at, at + text.length);
  const limit = Math.min(before.length, text.length);
  let start = 0;
  while (start < limit && before[start] === text[start]) start += 1;
  let tail = 0;
  while (tail < limit - start && before.at(-1 - tail) === text.at(-1 - tail)) tail += 1;
  const middle = computed(value, text.slice(start, text.length - tail), place);
  const pieces = [
    ...sliceValue(value, 0, start).pieces,
    ...middle.pieces,
    ...sliceValue(value, before.length - tail, before.length).pieces,
  ];
  return { pieces };
}

/** A text that was computed from a value; marks of unknown parts in it are unknown again. */
export function computed(from: Value, text: string, place?: Place): Value {
  const depends = dependsOnPlatform(from);
  const fromMachine = from.pieces.some(({ source }) => source === "architecture");
  const origin = place ?? from.pieces.find((piece) => piece.place !== undefined)?.place;
  const through = [...new Set(from.pieces.flatMap((piece) => piece.through ?? []))];
  const more = {
    ...(depends ? { dependsOnPlatform: true } : {}),
    ...(origin === undefined ? {} : { place: origin }),
    ...(through.length === 0 ? {} : { through }),
  };
  const pieces: Piece[] = [];
  for (const part of text.split(new RegExp(`(${unknownMark})`))) {
    if (part === unknownMark) pieces.push({ text: "", source: "unknown", ...more });
    else if (part !== "") pieces.push({ text: part, source: fromMachine ? "architecture" : "written", ...more });
  }
  return { pieces };
}

/** A value without the line ends at its end, as `$( )` gives it. */
export function withoutLineEnd(value: Value): Value {
  const text = textOf(value);
  const length = text.replace(/\n+$/, "").length;
  return length === text.length ? value : sliceValue(value, 0, length);
}

/** A value cut at stretches of its text: of white space for the words, of line ends for the lines. Empty parts at both ends are left out. */
export function splitValue(value: Value, separators: RegExp): Value[] {
  const text = textOf(value);
  const parts: Value[] = [];
  let start = 0;
  for (const match of text.matchAll(new RegExp(separators.source, "g"))) {
    if (match.index > start || parts.length > 0) parts.push(sliceValue(value, start, match.index));
    start = match.index + match[0].length;
  }
  if (start < text.length) parts.push(sliceValue(value, start, text.length));
  return parts;
}

const maxLength = 65_536;
const maxPieces = 2048;

/** A value that is not too large to work with; a larger one is unknown. */
export function bounded(value: Value): Value {
  if (value.pieces.length <= 8 && value.pieces.every(({ text }) => text.length <= 4096)) return value;
  let length = 0;
  for (const { text } of value.pieces) length += text.length;
  if (value.pieces.length <= maxPieces && length <= maxLength) return value;
  return unknownValue(dependsOnPlatform(value) ? { dependsOnPlatform: true } : {});
}
