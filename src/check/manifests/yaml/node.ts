import type { Place } from "../../place.ts";
import { type Value, written } from "../../value.ts";

/** A node of a YAML (or JSON) document with its place; aliases and merge keys are resolved. */
export type YamlNode = YamlScalar | YamlMap | YamlList;

/** A text, a number, a truth value or nothing. */
export interface YamlScalar {
  readonly kind: "scalar";
  /** The text as the reader of the file gets it; numbers and truth values as written; empty for null. */
  readonly text: string;
  readonly isNull: boolean;
  /** From its first to its last character, quotes included. */
  readonly place: Place;
  readonly tag?: string;
  /** Where a part of the text is written. */
  locate(start: number, end: number): Place;
}

/** A mapping; keys that are no scalars are left out. */
export interface YamlMap {
  readonly kind: "map";
  readonly entries: readonly YamlEntry[];
  readonly place: Place;
  readonly tag?: string;
}

/** A key with its value. */
export interface YamlEntry {
  readonly key: YamlScalar;
  readonly value: YamlNode;
}

/** A sequence. */
interface YamlList {
  readonly kind: "list";
  readonly items: readonly YamlNode[];
  readonly place: Place;
  readonly tag?: string;
}

/** The node at a path of keys; undefined when there is none. */
export function nodeAt(node: YamlNode | undefined, ...keys: readonly string[]): YamlNode | undefined {
  let found = node;
  for (const key of keys) found = entryAt(found, key)?.value;
  return found;
}

/** The entry of a key; of a key that is written twice the last, which wins in most readers. */
export function entryAt(node: YamlNode | undefined, key: string): YamlEntry | undefined {
  return node?.kind === "map" ? node.entries.findLast((entry) => entry.key.text === key) : undefined;
}

/** The scalar at a path of keys, unless it is null. */
export function scalarAt(node: YamlNode | undefined, ...keys: readonly string[]): YamlScalar | undefined {
  const found = nodeAt(node, ...keys);
  return found?.kind === "scalar" && !found.isNull ? found : undefined;
}

/** The text at a path of keys. */
export function textAt(node: YamlNode | undefined, ...keys: readonly string[]): string | undefined {
  return scalarAt(node, ...keys)?.text;
}

/** The entries of the mapping at a path; none when it is something else. */
export function entriesAt(node: YamlNode | undefined, ...keys: readonly string[]): readonly YamlEntry[] {
  const found = nodeAt(node, ...keys);
  return found?.kind === "map" ? found.entries : [];
}

/** The items of the sequence at a path; none when it is something else. */
export function itemsAt(node: YamlNode | undefined, ...keys: readonly string[]): readonly YamlNode[] {
  const found = nodeAt(node, ...keys);
  return found?.kind === "list" ? found.items : [];
}

/** The scalars of a sequence, or the one scalar that stands in its stead, as many formats allow. */
export function scalarsAt(node: YamlNode | undefined, ...keys: readonly string[]): readonly YamlScalar[] {
  const found = nodeAt(node, ...keys);
  if (found === undefined) return [];
  return (found.kind === "list" ? found.items : [found]).filter(
    (item): item is YamlScalar => item.kind === "scalar" && !item.isNull,
  );
}

/** A scalar's text (or a part of it), with its exact place. */
export function scalarValue(scalar: YamlScalar, start = 0, end = scalar.text.length): Value {
  return written(scalar.text.slice(start, end), scalar.locate(start, end));
}

/** All scalars below a node, each once however often aliases repeat it, with the keys on the way (`[]` for an item). */
export function* scalarsBelow(
  node: YamlNode,
  keys: readonly string[] = [],
  seen: Set<YamlNode> = new Set(),
): Generator<{ readonly scalar: YamlScalar; readonly keys: readonly string[] }> {
  if (seen.has(node)) return;
  seen.add(node);
  if (node.kind === "scalar") yield { scalar: node, keys };
  else if (node.kind === "list") for (const item of node.items) yield* scalarsBelow(item, [...keys, "[]"], seen);
  else for (const { key, value } of node.entries) yield* scalarsBelow(value, [...keys, key.text], seen);
}
