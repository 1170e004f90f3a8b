import { type Document, isNode, isScalar, visit, type YAMLError } from "yaml";
import type { RefusedKey } from "./yaml-bounds.ts";

/** What is wrong with a YAML file, for a person; the offset counts characters from 0. */
interface YamlProblem {
  readonly message: string;
  readonly hint?: string;
  readonly offset?: number;
}

/** How a complaint of the reader is told, by its code. */
type Describe = (offset: number, content: string, document: Document) => YamlProblem | undefined;

const descriptions: Readonly<Partial<Record<YAMLError["code"], Describe>>> = {
  TAB_AS_INDENT: () => ({
    message: "a tab stands at the beginning of the line, and YAML takes only spaces there",
    hint: "Indent with two spaces.",
  }),
  BLOCK_AS_IMPLICIT_KEY: () => ({
    message: "a mapping begins behind a key on the same line",
    hint: 'Write it on lines of its own, deeper than the key, or in braces: key: { a: b }. A text with ": " in it wants quotes.',
  }),
  MULTIPLE_DOCS: () => ({
    message: "a second document begins here, and one is expected",
    hint: 'Remove the "---", or put what follows into a file of its own.',
  }),
  TAG_RESOLVE_FAILED: (offset, content) => ({
    message: `the tag ${wordAt(content, offset, /^([^\s,]+)/)} is unknown`,
    hint: 'Write the value without a tag. A text that begins with "!" wants quotes.',
  }),
  RESOURCE_EXHAUSTION: () => ({
    message: "values lie too deep inside of others",
    hint: "No part of a configuration is nested like this. Check what wrote the file.",
  }),
  MISSING_CHAR: (end, content, document) => {
    const offset = openQuote(document, end);
    if (offset === undefined) return undefined;
    const quote = content.charAt(offset);
    return { message: `the text that begins here has no closing ${quote}`, hint: `Write ${quote} at its end.`, offset };
  },
};

/** What the reader's complaint means, where its own words are about the reader and not about the file. */
export function describeYamlError({ code, message, pos }: YAMLError, content: string, document: Document): YamlProblem {
  const [offset] = pos;
  return { offset, ...(descriptions[code]?.(offset, content, document) ?? { message }) };
}

/** Why a key is not taken. */
export function describeRefusedKey({ why, offset }: RefusedKey, content: string): YamlProblem {
  const key = wordAt(content, offset, /^["']?([^\s:"']+)/);
  return why === "duplicate"
    ? {
        offset,
        message: `the key "${key}" is already in this mapping`,
        hint: "Give one of the two another name, or join them.",
      }
    : { offset, message: `the name "${key}" is not allowed`, hint: "Choose another name." };
}

function wordAt(content: string, offset: number, pattern: RegExp): string {
  return pattern.exec(content.slice(offset, offset + 200))?.[1] ?? "";
}

/** Why the aliases of a file cannot be followed: one without its anchor, else too many. */
export function describeAliasError(document: Document): YamlProblem {
  const anchors = new Set<string>();
  const problem: { first?: number | undefined; unknown?: { name: string; offset: number | undefined } } = {};
  visit(document, {
    Node: (_, node) => {
      if ("anchor" in node && typeof node.anchor === "string") anchors.add(node.anchor);
    },
    Alias: (_, { source, range }) => {
      problem.first ??= range?.[0];
      if (anchors.has(source)) return;
      problem.unknown = { name: source, offset: range?.[0] };
      return visit.BREAK;
    },
  });
  const { unknown, first } = problem;
  if (unknown !== undefined) {
    return {
      message: `nothing before this line is called &${unknown.name}`,
      hint: `Write &${unknown.name} before what *${unknown.name} stands for. A text that begins with "*" wants quotes.`,
      ...(unknown.offset === undefined ? {} : { offset: unknown.offset }),
    };
  }
  return {
    message: "aliases of aliases make this file far larger than it looks, and it is not read",
    hint: "Write out what the aliases stand for.",
    ...(first === undefined ? {} : { offset: first }),
  };
}

/** Where the quoted text begins that runs to an offset. */
function openQuote(document: Document, end: number): number | undefined {
  let opening: number | undefined;
  if (!isNode(document.contents)) return undefined;
  visit(document.contents, {
    Scalar: (_, node) => {
      if (!isScalar(node) || node.type === undefined || !node.type.startsWith("QUOTE")) return;
      if (node.range && node.range[1] >= end) opening = node.range[0];
    },
  });
  return opening;
}
