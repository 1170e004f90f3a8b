import { unknownMark } from "../value.ts";

/** An image reference without what the same image can be written with or without. */
function plain(reference: string): string {
  return reference
    .replace(/^docker:\/\//, "")
    .replace(/^(?:index\.)?docker\.io\//, "")
    .replace(/^library\//, "");
}

/** A reference made ready for comparisons: a repository with many builds and pushes compares each with each. */
export interface ComparedName {
  readonly text: string;
  readonly isKnown: boolean;
  /** What is known before the first and after the last unknown part. */
  readonly head: string;
  readonly tail: string;
}

/** Makes a reference ready to be compared with many others. */
export function comparedName(reference: string): ComparedName {
  const text = withTag(plain(reference));
  const parts = text.split(unknownMark);
  return { text, isKnown: parts.length === 1, head: parts[0] ?? "", tail: parts.at(-1) ?? "" };
}

/** Whether two names are the same image; undefined when unknown parts of them decide it and what is known does not differ. */
export function sameName(left: ComparedName, right: ComparedName): boolean | undefined {
  if (left.text === right.text) return true;
  if (left.isKnown && right.isKnown) return false;
  const heads = left.head.startsWith(right.head) || right.head.startsWith(left.head);
  const tails = left.tail.endsWith(right.tail) || right.tail.endsWith(left.tail);
  return heads && tails ? undefined : false;
}

/** As {@link sameName}, of two references as they are written. */
export function sameReference(left: string, right: string): boolean | undefined {
  return sameName(comparedName(left), comparedName(right));
}

/** The repository of a reference, without tag and digest. */
export function repositoryOf(reference: string): string {
  const path = plain(reference).split("@")[0] ?? "";
  const colon = path.lastIndexOf(":");
  return colon > path.lastIndexOf("/") ? path.slice(0, colon) : path;
}

function withTag(reference: string): string {
  if (reference.includes("@") || reference.endsWith(unknownMark)) return reference;
  return repositoryOf(reference) === reference ? `${reference}:latest` : reference;
}
