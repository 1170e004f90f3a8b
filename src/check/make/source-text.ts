import { locateIn, type Locate, type Place } from "../place.ts";
import { emptyValue, joinValues, sliceValue, textOf, written, type Value } from "../value.ts";

/** A text that make reads: a file, or what `$(eval …)` and `$(call …)` were given. */
export interface SourceText {
  readonly text: string;
  /** What a stretch of it is made of. */
  slice(start: number, end: number): Value;
  place(start: number, end: number): Place | undefined;
}

/** A stretch of a text that is not expanded yet. */
export interface Expression {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** The text of a file. */
export function fileText(path: string, text: string): SourceText {
  const locate: Locate = locateIn(path, text);
  return {
    text,
    slice: (start, end) => written(text.slice(start, end), locate(start, end)),
    place: locate,
  };
}

/** A text that was put together by make itself. */
export function valueText(value: Value): SourceText {
  return {
    text: textOf(value),
    slice: (start, end) => sliceValue(value, start, end),
    place: (start, end) => sliceValue(value, start, end).pieces.find(({ place }) => place !== undefined)?.place,
  };
}

/** A stretch as make reads it outside of recipes: a continued line becomes one space, and `\#` a `#`. */
export function literal(source: SourceText, start: number, end: number): Value {
  if (start >= end) return emptyValue;
  const text = source.text.slice(start, end);
  if (!text.includes("\\")) return source.slice(start, end);
  const parts: Value[] = [];
  let from = 0;
  for (const match of text.matchAll(/[ \t]*\\\r?\n[ \t]*|\\#/g)) {
    parts.push(source.slice(start + from, start + match.index));
    from = match.index + match[0].length;
    parts.push(match[0] === "\\#" ? source.slice(start + from - 1, start + from) : written(" "));
  }
  parts.push(source.slice(start + from, end));
  return joinValues(...parts.filter(({ pieces }) => pieces.length > 0));
}
