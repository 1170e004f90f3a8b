import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { ArchwayError, type ErrorPlace } from "../error/error.ts";
import { offsetInFile } from "./scalar-offset.ts";
import { findRefusedKey, isBomb } from "./yaml-bounds.ts";
import { describeAliasError, describeRefusedKey, describeYamlError } from "./yaml-problem.ts";

/** A step into a YAML document: the key of a mapping or the index of a sequence. */
type PathStep = PropertyKey;

/** A YAML file as plain values, with the places that they came from. */
export interface YamlSource {
  /** Plain JSON-like values; `undefined` for a file without content. */
  readonly value: unknown;
  /** Where the value at a path stands, or the character of that text with so many before it; the nearest parent when there is no such value. */
  place(path: readonly PathStep[], character?: number): ErrorPlace;
  /** Where a key of the mapping at a path stands. */
  keyPlace(path: readonly PathStep[], key: string): ErrorPlace;
  /** How a scalar is written in the file, for example `1.20` of the number 1.2. */
  written(path: readonly PathStep[]): string | undefined;
}

/** Aliases that are followed before the file counts as an attack ("billion laughs"). */
const maxAliases = 100;

/**
 * Reads YAML 1.2. Throws an error of that code (kind `input`) with line and column for everything that is not plain data: syntax errors,
 * duplicate keys and `__proto__`, several documents, unknown tags, aliases without an anchor or too many of them, nesting beyond the stack.
 */
export function parseYaml(content: string, file: string, code = "CONFIG_INVALID"): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(content, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
  });
  const at = (offset: number | undefined): ErrorPlace => {
    if (offset === undefined) return { file };
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw invalid(code, describeYamlError(problem, content, document), at);
  const refused = findRefusedKey(document);
  if (refused) throw invalid(code, describeRefusedKey(refused, content), at);
  if (isBomb(document)) throw invalid(code, describeAliasError(document), at);
  return {
    value: plainValue(document, code, at),
    place: (path, character) => {
      const { node } = nodeAt(document, path);
      const isInside = character !== undefined && isScalar(node);
      return at(isInside ? offsetInFile(node, content, character) : node?.range?.[0]);
    },
    keyPlace: (path, key) => {
      const { node } = nodeAt(document, path);
      const pair = isMap(node) ? node.items.find((pair) => isScalar(pair.key) && pair.key.value === key) : undefined;
      return at((isScalar(pair?.key) ? pair.key.range?.[0] : undefined) ?? node?.range?.[0]);
    },
    written: (path) => {
      const { node, found } = nodeAt(document, path);
      return found && isScalar(node) ? (node.source ?? undefined) : undefined;
    },
  };
}

function plainValue(document: Document, code: string, at: (offset: number | undefined) => ErrorPlace): unknown {
  try {
    return document.contents === null ? undefined : document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    // The library's way to refuse an alias: without its anchor, or one too many.
    if (error instanceof ReferenceError) throw invalid(code, describeAliasError(document), at);
    throw error;
  }
}

/** The node at a path, or its nearest parent that exists (`found` is false then); aliases are followed. */
function nodeAt(document: Document, path: readonly PathStep[]): { node: Node | undefined; found: boolean } {
  let node: Node | undefined = document.contents ?? undefined;
  for (const step of path) {
    const inner: unknown = isMap(node) || isSeq(node) ? node.get(step, true) : undefined;
    if (!isNode(inner)) return { node, found: false };
    node = isAlias(inner) ? (inner.resolve(document) ?? inner) : inner;
  }
  return { node, found: true };
}

function invalid(
  code: string,
  { message, hint, offset }: ReturnType<typeof describeYamlError>,
  at: (offset: number | undefined) => ErrorPlace,
): ArchwayError {
  return new ArchwayError({
    code,
    kind: "input",
    message: `${message}.`.replace(/[.:]+$/, "."),
    place: at(offset),
    ...(hint === undefined ? {} : { hint }),
  });
}
