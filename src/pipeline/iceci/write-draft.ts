import { Document, isCollection, isMap, isNode, isScalar, isSeq, visit } from "yaml";
import type { Draft } from "./draft.ts";

/** Characters of a line of comment. */
const commentColumns = 110;

/** Writes a draft as YAML, each comment above what it is about, short lists and mappings on one line. */
export function writeDraft({ value, notes }: Draft, heading: string): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  const comments = new Map<string, string[]>();
  for (const { path, text } of notes) {
    const key = JSON.stringify(path);
    comments.set(key, [...(comments.get(key) ?? []), text]);
  }
  for (const [key, texts] of comments) {
    const path = JSON.parse(key) as (string | number)[];
    const node = carrierOf(document, path);
    if (node !== undefined) node.commentBefore = commentLines(texts);
  }
  visit(document, {
    Collection: (key, node) => {
      const isInner = key !== null && isCollection(node);
      if (isInner && isShort(node.toJSON()) && !hasComment(node)) node.flow = true;
    },
  });
  document.commentBefore = commentLines([heading]);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** The node that carries a comment about a path: the key of a mapping, or the entry of a list. */
function carrierOf(document: Document, path: readonly (string | number)[]) {
  const last = path.at(-1);
  const parent: unknown = path.length < 2 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => (isScalar(key) ? key.value : key) === last);
    if (pair === undefined) return undefined;
    if (!isScalar(pair.key)) pair.key = document.createNode(pair.key);
    return isScalar(pair.key) ? pair.key : undefined;
  }
  if (!isSeq(parent)) return undefined;
  const entry = parent.get(Number(last), true);
  return isNode(entry) ? entry : undefined;
}

function commentLines(texts: readonly string[]): string {
  return texts
    .flatMap((text) => text.split("\n"))
    .flatMap((text) => {
      const lines: string[] = [];
      let line = "";
      for (const word of text.split(" ")) {
        if (line !== "" && line.length + word.length >= commentColumns) {
          lines.push(line);
          line = word;
        } else line = line === "" ? word : `${line} ${word}`;
      }
      return [...lines, line];
    })
    .map((line) => ` ${line}`)
    .join("\n");
}

function isShort(value: unknown): boolean {
  const holdsScripts = typeof value === "object" && value !== null && ("run" in value || "steps" in value);
  if (holdsScripts) return false;
  const written = JSON.stringify(value);
  return written.length <= 90 && !written.includes("\\n") && !/[[{].*[[{].*[[{]/.test(written);
}

function hasComment(node: unknown): boolean {
  let found = false;
  visit(isNode(node) ? node : null, {
    Node: (_, inner) => {
      if (inner !== node && "commentBefore" in inner && typeof inner.commentBefore === "string") found = true;
    },
  });
  return found;
}
