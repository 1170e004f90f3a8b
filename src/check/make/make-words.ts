import { sliceValue, textOf, unknownMark, written, type Piece, type Value } from "../value.ts";

const space: Value = written(" ");

/** The words of a value, each with the pieces that it is made of. */
export function wordsOf(value: Value): Value[] {
  const words: Piece[][] = [];
  let current: Piece[] | undefined;
  for (const piece of value.pieces) {
    if (piece.source === "unknown") {
      if (current === undefined) words.push((current = []));
      current.push(piece);
      continue;
    }
    const single: Value = { pieces: [piece] };
    let end = 0;
    for (const match of piece.text.matchAll(/\S+/g)) {
      if (match.index > end || current === undefined) words.push((current = []));
      end = match.index + match[0].length;
      current.push(...sliceValue(single, match.index, end).pieces);
    }
    if (end < piece.text.length) current = undefined;
  }
  return words.map((pieces) => ({ pieces }));
}

/** Words with one space between them. */
export function joinWords(words: readonly Value[]): Value {
  return { pieces: words.flatMap(({ pieces }, index) => (index === 0 ? pieces : [...space.pieces, ...pieces])) };
}

/** A value without white space at its ends. */
export function trimValue(value: Value): Value {
  const text = textOf(value);
  const start = text.length - text.trimStart().length;
  const end = text.trimEnd().length;
  return start === 0 && end === text.length ? value : sliceValue(value, start, Math.max(start, end));
}

/** The stem of a text under a pattern with one `%`; undefined when it does not match. A pattern without `%` matches itself, with an empty stem. */
export function stemOf(pattern: string, text: string): string | undefined {
  const percent = pattern.indexOf("%");
  if (percent < 0) return pattern === text ? "" : undefined;
  const head = pattern.slice(0, percent);
  const tail = pattern.slice(percent + 1);
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return undefined;
  return text.slice(head.length, text.length - tail.length);
}

/** One word of `$(patsubst …)`: the word when it does not match. */
export function substitutePattern(pattern: Value, replacement: Value, word: Value): Value {
  const from = textOf(pattern);
  const text = textOf(word);
  const stem = stemOf(from, text);
  if (stem === undefined) return word;
  const to = textOf(replacement);
  const percent = to.indexOf("%");
  if (percent < 0 || !from.includes("%")) return replacement;
  const start = from.indexOf("%");
  return {
    pieces: [
      ...sliceValue(replacement, 0, percent).pieces,
      ...sliceValue(word, start, start + stem.length).pieces,
      ...sliceValue(replacement, percent + 1, to.length).pieces,
    ],
  };
}

/** `$(subst from,to,text)`. */
export function substituteText(from: string, to: Value, value: Value): Value {
  const text = textOf(value);
  if (from === "") return { pieces: [...value.pieces, ...to.pieces] };
  const pieces: Piece[] = [];
  let at = 0;
  for (let found = text.indexOf(from); found >= 0; found = text.indexOf(from, at)) {
    pieces.push(...sliceValue(value, at, found).pieces, ...to.pieces);
    at = found + from.length;
  }
  if (at === 0) return value;
  return { pieces: [...pieces, ...sliceValue(value, at, text.length).pieces] };
}

/** True when a text has a part that is not known. */
export function hasUnknown(text: string): boolean {
  return text.includes(unknownMark);
}
