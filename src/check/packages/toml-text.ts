import { parseTOML, type AST } from "toml-eslint-parser";

/** A value of a TOML text, by its whole key: of `[a.b]` and `c = 1` the keys are a, b and c; entries of arrays have their index as a key. */
export interface TomlEntry {
  readonly keys: readonly string[];
  /** Set for strings, numbers and booleans. */
  readonly text?: string;
  /** Offsets from the first character of the last key (or of the item of an array) to behind the value. */
  readonly start: number;
  readonly end: number;
  /** Offset of the pair that it is in when that one stands in no inline table or array: `NAME` of `NAME = { version = "1" }`. */
  readonly outer: number;
}

/** Deepest nesting that is read. */
const maxDepth = 50;

/** Brackets that a text may nest before the parser, which is recursive, sees it. */
const maxBrackets = 200;

/**
 * Reads a TOML text as a flat list of its values, in their order.
 *
 * @throws an Error of the parser when it is none, SyntaxError when it is nested too deeply.
 */
export function readToml(text: string): TomlEntry[] {
  if (nestsDeeply(text)) throw new SyntaxError("arrays or inline tables are nested too deeply");
  const [top] = parseTOML(text).body;
  const entries: TomlEntry[] = [];
  for (const item of top.body) {
    if (item.type === "TOMLKeyValue") addKeyValue(entries, [], item, item.key.range[0], 0);
    else for (const pair of item.body) addKeyValue(entries, item.resolvedKey.map(String), pair, pair.key.range[0], 0);
  }
  return entries;
}

function addKeyValue(
  entries: TomlEntry[],
  above: readonly string[],
  pair: AST.TOMLKeyValue,
  outer: number,
  depth: number,
): void {
  const keys = [...above, ...pair.key.keys.map((key) => (key.type === "TOMLBare" ? key.name : key.value))];
  addValue(entries, keys, pair.value, { start: pair.key.range[0], outer }, depth);
}

function addValue(
  entries: TomlEntry[],
  keys: readonly string[],
  value: AST.TOMLContentNode,
  { start, outer }: { readonly start: number; readonly outer: number },
  depth: number,
): void {
  if (depth > maxDepth) return;
  const end = value.range[1];
  switch (value.type) {
    case "TOMLValue":
      entries.push({ keys, text: String(value.value), start, end, outer });
      return;
    case "TOMLArray":
      for (const [index, item] of value.elements.entries())
        addValue(entries, [...keys, String(index)], item, { start: item.range[0], outer }, depth + 1);
      return;
    case "TOMLInlineTable":
      for (const pair of value.body) addKeyValue(entries, keys, pair, outer, depth + 1);
  }
}

function nestsDeeply(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}\n]/g)) {
    if (bracket === "[" || bracket === "{") depth++;
    else if (bracket !== "\n") depth = Math.max(0, depth - 1);
    if (depth > maxBrackets) return true;
  }
  return false;
}

/** True when a key begins with the given ones; `*` is any. */
export function startsWith(keys: readonly string[], ...path: readonly string[]): boolean {
  return path.length <= keys.length && path.every((key, index) => key === "*" || key === keys[index]);
}
