/** Plain values of YAML. */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** A comment above the key or the entry at a path. */
export interface Note {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** A part of a file with comments whose paths begin at the part. */
export interface Draft<Value extends Plain = Plain> {
  readonly value: Value;
  readonly notes: readonly Note[];
}

/** The notes of a part, from the point of view of what it is put into. */
export function notesUnder(path: readonly (string | number)[], notes: readonly Note[]): Note[] {
  return notes.map((note) => ({ ...note, path: [...path, ...note.path] }));
}

/** Texts as notes on one place. */
export function notesAt(path: readonly (string | number)[], texts: readonly string[]): Note[] {
  return [...new Set(texts)].map((text) => ({ path, text }));
}
