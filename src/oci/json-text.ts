/** A value in a JSON text, by its place. */
export interface JsonPlace {
  /** Offset of its first character. */
  readonly start: number;
  /** Offset behind its last character. */
  readonly end: number;
  /** Members of an object, in the order of the text; absent for other values. */
  readonly members?: readonly JsonMember[];
  /** Items of an array; absent for other values. */
  readonly items?: readonly JsonPlace[];
}

/** One member of an object. */
export interface JsonMember {
  readonly key: string;
  /** Offset of the quote that begins its key. */
  readonly start: number;
  readonly value: JsonPlace;
}

/** A piece of a text to be replaced; nothing is removed where `start` is `end`. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const space = new Set([" ", "\t", "\n", "\r", "\uFEFF"]);

/**
 * Finds where the values of a JSON text are, so that one of them can be changed and every other character stays. The text must have been
 * parsed before, within bounds: what follows is not defined for anything else.
 */
export function placesOf(text: string): JsonPlace {
  let at = 0;
  const skip = () => {
    while (space.has(text[at] ?? "")) at++;
  };
  const string = (): void => {
    for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === "\\") at++;
    at++;
  };
  /** Reads what stands between brackets, one piece after another. */
  const pieces = <Piece>(closing: string, piece: () => Piece): Piece[] => {
    const found: Piece[] = [];
    at++;
    for (skip(); at < text.length && text[at] !== closing; skip()) {
      found.push(piece());
      skip();
      if (text[at] === ",") at++;
    }
    at++;
    return found;
  };
  const member = (): JsonMember => {
    const start = at;
    string();
    const key = JSON.parse(text.slice(start, at)) as string;
    skip();
    at++;
    return { key, start, value: value() };
  };
  const value = (): JsonPlace => {
    skip();
    const start = at;
    if (text[at] === "{") {
      const members = pieces("}", member);
      return { start, end: at, members };
    }
    if (text[at] === "[") {
      const items = pieces("]", value);
      return { start, end: at, items };
    }
    if (text[at] === '"') string();
    else while (at < text.length && !space.has(text[at] ?? "") && !",]}".includes(text[at] ?? "")) at++;
    return { start, end: at };
  };
  return value();
}

/** The member of an object by its key; of several with the same key the last, which is the one that parsers take. */
export function memberOf(place: JsonPlace, key: string): JsonMember | undefined {
  return place.members?.findLast((member) => member.key === key);
}

/** The text with its edits made; they must not overlap. */
export function withEdits(text: string, edits: readonly TextEdit[]): string {
  let result = text;
  for (const { start, end, text: inserted } of [...edits].sort((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + inserted + result.slice(end);
  }
  return result;
}

/** Removes pieces of an array or members of an object, each with the comma that it needs no more. */
export function removal(
  pieces: readonly { readonly start: number; readonly end: number }[],
  remove: ReadonlySet<number>,
): TextEdit[] {
  const kept = pieces.map((_, position) => position).filter((position) => !remove.has(position));
  const firstKept = kept[0];
  const first = pieces[0];
  const last = pieces.at(-1);
  if (remove.size === 0 || first === undefined || last === undefined) return [];
  if (firstKept === undefined) return [{ start: first.start, end: last.end, text: "" }];
  const edits: TextEdit[] = [];
  const start = pieces[firstKept]?.start ?? first.start;
  if (firstKept > 0) edits.push({ start: first.start, end: start, text: "" });
  for (const [position, piece] of pieces.entries()) {
    if (position <= firstKept || !remove.has(position)) continue;
    edits.push({ start: pieces[position - 1]?.end ?? piece.start, end: piece.end, text: "" });
  }
  return edits;
}

/**
 * Adds members to the end of an object that is in the text already, laid out like its last member; to an empty one with `indent` before
 * each (a line break with spaces, or nothing) and `outdent` behind.
 */
export function addition(
  text: string,
  object: JsonPlace,
  members: readonly (readonly [key: string, value: string])[],
  layout: { readonly indent: string; readonly outdent: string },
): TextEdit {
  const last = object.members?.at(-1);
  if (last === undefined) {
    const colon = layout.indent === "" ? ":" : ": ";
    const written = members.map(([key, value]) => `${layout.indent}${JSON.stringify(key)}${colon}${value}`);
    return { start: object.start, end: object.end, text: `{${written.join(",")}${layout.outdent}}` };
  }
  const indent = spaceBefore(text, last.start);
  const colon = text.slice(last.start, last.value.start).endsWith(" ") ? ": " : ":";
  const written = members.map(([key, value]) => `,${indent}${JSON.stringify(key)}${colon}${value}`);
  return { start: last.value.end, end: last.value.end, text: written.join("") };
}

/** The white space in front of an offset. */
export function spaceBefore(text: string, offset: number): string {
  let start = offset;
  while (start > 0 && space.has(text[start - 1] ?? "")) start--;
  return text.slice(start, offset);
}
