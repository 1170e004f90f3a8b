import { type Document, isAlias, isMap, isPair, isScalar, isSeq, Lexer, visit } from "yaml";
import { ArchwayError, type ErrorPlace } from "../error/error.ts";

/** Words and signs of a file. A thousand jobs with ten steps each have about a tenth of them; reading takes about a second for as many. */
const maxTokens = 250_000;

/** Values of a file in which each alias stands for all that it means. */
const maxValues = 250_000;

/**
 * Refuses a text that has so many values that reading it takes long, before it is read.
 *
 * @throws ArchwayError `CONFIG_INVALID` (kind `input`), with the place that is too far.
 */
export function requireReadable(content: string, file: string): void {
  let count = 0;
  let offset = 0;
  for (const token of new Lexer().lex(content)) {
    // Marks of the lexer itself are no characters of the file.
    if (token === "\u0002" || token === "\u0018" || token === "\u001F") continue;
    offset += token.length;
    count++;
    if (count > maxTokens) throw tooLarge(content.slice(0, offset), file);
  }
}

function tooLarge(read: string, file: string): ArchwayError {
  const lines = read.split("\n");
  return new ArchwayError({
    code: "CONFIG_INVALID",
    kind: "input",
    message: `the file has more than ${maxTokens} words and signs, and is not read on from here.`,
    hint: "No configuration is as large as this. Check what wrote the file.",
    place: { file, line: lines.length, column: Math.max(1, lines.at(-1)?.length ?? 1) } satisfies ErrorPlace,
  });
}

/** Entries of one list or mapping. */
export const maxEntries = 10_000;

/** The path of a list or mapping that has more entries than any that is checked one by one. */
export function findLongList(value: unknown, path: readonly PropertyKey[] = []): readonly PropertyKey[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  if (entries.length > maxEntries) return path;
  for (const [key, inner] of entries) {
    if (typeof inner !== "object") continue;
    const found = findLongList(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A key that is not taken: one that is there before in its mapping, or one that means something else to JavaScript. */
export interface RefusedKey {
  readonly why: "duplicate" | "reserved";
  /** Characters before it. */
  readonly offset: number;
}

/** The first key of a document that is not taken. The reader's own search for keys that are there twice compares each with all of its mapping. */
export function findRefusedKey(document: Document): RefusedKey | undefined {
  let found: RefusedKey | undefined;
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const offset = key.range?.[0] ?? 0;
        if (seen.has(key.value)) found = { why: "duplicate", offset };
        else if (key.value === "__proto__") found = { why: "reserved", offset };
        seen.add(key.value);
        if (found !== undefined) return visit.BREAK;
      }
      return undefined;
    },
  });
  return found;
}

/** Whether aliases make a document larger than any that is read. */
export function isBomb(document: Document): boolean {
  const sizes = new Map<string, number>();
  const sizeOf = (node: unknown): number => {
    if (isAlias(node)) return sizes.get(node.source) ?? 1;
    if (isPair(node)) return sizeOf(node.value);
    if (!isMap(node) && !isSeq(node)) return remember(node, 1);
    let size = 1;
    for (const item of node.items) size += sizeOf(item);
    return remember(node, size);
  };
  const remember = (node: unknown, size: number): number => {
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) sizes.set(node.anchor, size);
    return size;
  };
  return sizeOf(document.contents) > maxValues;
}
