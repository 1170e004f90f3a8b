import { unknownMark } from "../value.ts";

/** An image reference without what the same image can be written with or without. */
function plain(reference: string): string {
  return reference
    .replace(/^docker:\/\//, "")
    .replace(/^(?:index\.)?docker\.io\//, "")
    .replace(/^library\//, "");
}

/** Whether two references are the same image; undefined when unknown parts of them decide it and what is known does not differ. */
export function sameReference(left: string, right: string): boolean | undefined {
  const [a, b] = [withTag(plain(left)), withTag(plain(right))];
  const isKnown = !a.includes(unknownMark) && !b.includes(unknownMark);
  if (a === b) return true;
  if (isKnown) return false;
  const [headA, headB] = [a.split(unknownMark)[0] ?? "", b.split(unknownMark)[0] ?? ""];
  const [tailA, tailB] = [a.split(unknownMark).at(-1) ?? "", b.split(unknownMark).at(-1) ?? ""];
  const heads = headA.startsWith(headB) || headB.startsWith(headA);
  const tails = tailA.endsWith(tailB) || tailB.endsWith(tailA);
  return heads && tails ? undefined : false;
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
