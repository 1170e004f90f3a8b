import { createHash } from "node:crypto";

/** Bytes that file systems take for one name, less what may be added to it. */
const maxBytes = 200;

/** The name of a job's files: its id, in characters that every file system takes. */
export function fileNameOfJob(id: string): string {
  return shortName(encodeURIComponent(id));
}

/** A text as the name of a file or folder: one that is too long ends in its digest, so that it is still the only one of its kind. */
export function shortName(text: string): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const end = `-${digestOf(text)}`;
  let start = "";
  for (const character of text) {
    if (Buffer.byteLength(start + character) > maxBytes - end.length) break;
    start += character;
  }
  return start + end;
}

/** What tells two texts apart in the names of files. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
