import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument, type Document, type Node, type Scalar } from "yaml";
import { locateIn, type Locate, type Place } from "../../place.ts";
import { alignScalar } from "./align.ts";
import type { YamlEntry, YamlNode, YamlScalar } from "./node.ts";

/** The documents of a YAML file that could be read, and what is wrong with the others. */
interface YamlFile {
  readonly documents: readonly YamlNode[];
  readonly problems: readonly { readonly place: Place; readonly message: string }[];
}

/** Characters of a document that are parsed at most: about 25,000 lines; parsing takes a second for each 800,000. */
const maxLength = 1_600_000;
/** Brackets or dashes within each other at most. */
const maxDepth = 500;
/** Nodes of a document with its aliases written out at most: more is an attack ("billion laughs"). */
const maxExpanded = 2_000_000;

/**
 * Parses a YAML file. It is divided at `---` first, and only documents that `matters` accepts by their text are parsed: parsing is slow. Never throws: what
 * cannot be read is a problem, and the other documents go on. Keys that are written twice, unknown tags and the like are nothing to us.
 */
export function parseYaml(path: string, text: string, matters: (document: string) => boolean = () => true): YamlFile {
  const locate = locateIn(path, text);
  const documents: YamlNode[] = [];
  const problems: { place: Place; message: string }[] = [];
  for (const { start, end } of divide(text)) {
    const part = text.slice(start, end);
    if (!matters(part)) continue;
    const { root, problem } = readDocument(part, (from, to) => locate(start + from, start + to));
    if (root !== undefined) documents.push(root);
    if (problem !== undefined) problems.push(problem);
  }
  return { documents, problems };
}

/** Documents begin with a line of `---`, also inside of block scalars, which such a line ends. */
function divide(text: string): { start: number; end: number }[] {
  const starts = [...text.matchAll(/^---(?=[ \t\r\n]|$)/gm)].map(({ index }) => index);
  if (starts[0] !== 0) starts.unshift(0);
  return starts.map((start, index) => ({ start, end: starts[index + 1] ?? text.length }));
}

/** What could be read of a document, and the first thing that is wrong with it. */
interface ReadDocument {
  readonly root?: YamlNode;
  readonly problem?: { readonly place: Place; readonly message: string };
}

/** Parses a document. What the parser makes of one with mistakes is kept: services read files that strict YAML forbids. */
function readDocument(text: string, locate: Locate): ReadDocument {
  const refused = (message: string): ReadDocument => ({ problem: { place: locate(0, 0), message } });
  if (text.length > maxLength) return refused(`The document is longer than ${maxLength} characters; it was not read.`);
  if (nesting(text) > maxDepth)
    return refused(`The document is nested more than ${maxDepth} levels deep; it was not read.`);
  try {
    const document = parseDocument(text, { prettyErrors: false, strict: false, uniqueKeys: false, logLevel: "silent" });
    const [error] = document.errors;
    const root = document.contents === null ? undefined : convert(document, text, locate);
    return {
      ...(root === undefined ? {} : { root }),
      ...(error === undefined
        ? {}
        : {
            problem: { place: locate(error.pos[0], error.pos[0]), message: `${error.message}.`.replace(/[.:]+$/, ".") },
          }),
    };
  } catch (error) {
    if (error instanceof TooMuch) return refused(error.message);
    if (error instanceof RangeError) return refused("The document is nested too deeply; it was not read.");
    throw error;
  }
}

/** How deep brackets and sequences in one line are within each other: both cost the parser a level of its stack. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x5d || code === 0x7d) depth = Math.max(0, depth - 1);
  }
  const dashes = /(?:[-?][ \t]+){200}/.exec(text) === null ? 0 : Infinity;
  const indented = /^[ \t]{2000}[^ \t\n]/m.exec(text) === null ? 0 : Infinity;
  return Math.max(deepest, dashes, indented);
}

class TooMuch extends Error {}

/** Turns the library's nodes into ours. */
function convert(document: Pick<Document.Parsed, "contents">, text: string, locate: Locate): YamlNode {
  const done = new Map<Node, YamlNode>();
  const sizes = new Map<YamlNode, number>();
  const open = new Set<Node>();
  const anchors = new Map<string, Node>();

  const of = (node: Node): YamlNode => {
    const before = done.get(node);
    if (before !== undefined) return before;
    if (open.has(node)) throw new TooMuch("An alias refers to a node that it is a part of; the document was not read.");
    open.add(node);
    const made = make(node);
    open.delete(node);
    done.set(node, made);
    const size = 1 + children(made).reduce((sum, child) => sum + (sizes.get(child) ?? 1), 0);
    if (size > maxExpanded) throw new TooMuch("Its aliases multiply without measure; the document was not read.");
    sizes.set(made, size);
    return made;
  };

  const make = (node: Node): YamlNode => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      return target === undefined ? nothing(node) : of(target);
    }
    // An anchor is there for what follows, so that a later anchor of the same name does not count.
    if ("anchor" in node && typeof node.anchor === "string") anchors.set(node.anchor, node);
    const [start = 0, end = 0] = node.range ?? [];
    const tag = node.tag === undefined || !node.tag.startsWith("!") ? {} : { tag: node.tag };
    if (isSeq(node)) {
      return { kind: "list", items: node.items.map((item) => child(item, end)), place: locate(start, end), ...tag };
    }
    if (isMap(node)) return { kind: "map", entries: entries(node.items, end), place: locate(start, end), ...tag };
    return isScalar(node) ? { ...scalarOf(node, text, locate), ...tag } : nothing(node);
  };

  const child = (node: unknown, end: number): YamlNode => (isNode(node) ? of(node) : emptyAt(locate(end, end)));
  const nothing = (node: Node): YamlNode => emptyAt(locate(node.range?.[0] ?? 0, node.range?.[1] ?? 0));

  const entries = (pairs: readonly { key: unknown; value: unknown }[], end: number): YamlEntry[] => {
    const own: YamlEntry[] = [];
    const merged: YamlEntry[] = [];
    for (const pair of pairs) {
      const key = child(pair.key, end);
      if (key.kind !== "scalar") continue;
      const value = isNode(pair.value) ? of(pair.value) : emptyAt(key.place);
      if (key.text !== "<<") own.push({ key, value });
      else for (const source of value.kind === "list" ? value.items : [value]) merged.push(...entriesOf(source));
    }
    const names = new Set(own.map(({ key }) => key.text));
    for (const entry of merged) {
      if (names.has(entry.key.text)) continue;
      names.add(entry.key.text);
      own.push(entry);
    }
    return own;
  };

  return document.contents === null ? emptyAt(locate(0, 0)) : of(document.contents);
}

function entriesOf(node: YamlNode): readonly YamlEntry[] {
  return node.kind === "map" ? node.entries : [];
}

function children(node: YamlNode): readonly YamlNode[] {
  if (node.kind === "list") return node.items;
  return node.kind === "map" ? node.entries.map(({ value }) => value) : [];
}

/** A null that nothing is written for. */
function emptyAt(place: Place): YamlScalar {
  return { kind: "scalar", text: "", isNull: true, place, locate: () => place };
}

function scalarOf(node: Scalar, text: string, locate: Locate): YamlScalar {
  const [start = 0, end = 0] = node.range ?? [];
  const place = locate(start, end);
  const value = typeof node.value === "string" ? node.value : (node.source ?? "");
  const isNull = node.value === null;
  if (isNull) return { kind: "scalar", text: "", isNull, place, locate: () => place };
  let offsets: Int32Array | undefined;
  const isBlock = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
  const quote = node.type === "QUOTE_DOUBLE" ? '"' : node.type === "QUOTE_SINGLE" ? "'" : "";
  const first = isBlock ? text.indexOf("\n", start) + 1 : start;
  const offsetOf = (index: number): number => {
    offsets ??= alignScalar(value, text.slice(first, end), quote);
    return first + (offsets[Math.min(Math.max(index, 0), value.length)] ?? 0);
  };
  return {
    kind: "scalar",
    text: value,
    isNull,
    place,
    // The end is that of the last character, so that it never runs over to the next line's indentation.
    locate: (from, to) => locate(offsetOf(from), to > from ? offsetOf(to - 1) + 1 : offsetOf(from)),
  };
}
