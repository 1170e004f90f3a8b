import type { EditedIndex } from "../image/edit.ts";
import type { Digest } from "../oci/descriptor.ts";
import { formatPlatform } from "../platform/platform.ts";
import { formatCount } from "../report/quantity.ts";
import { printable, type Style } from "../report/style.ts";
import { formatPublished } from "./image-copy-result.ts";
import type { PublishedImage } from "./image-copy-result.ts";

/** What an edit has made of an index. */
export interface EditResult {
  readonly published: Pick<PublishedImage, "references" | "root" | "tags">;
  readonly edited: Pick<EditedIndex, "removed" | "removedAttestations">;
  /** The index before. */
  readonly before: Digest;
  /** Whether the image's own tag has moved. */
  readonly inPlace: boolean;
  /** Names that still point at the index before; absent where nobody has asked, because that is a question a tag. */
  readonly otherNames?: readonly string[];
}

/** Lines that tell a person what was published, what was taken out, what the tags were before, and what stays. */
export function formatEdited(
  { published, edited, before, inPlace, otherNames }: EditResult,
  style: Style,
  done: string,
): string[] {
  const { root, tags } = published;
  const indent = " ".repeat(done.length);
  const lines = formatPublished(published, style, done);
  for (const { reference, before: was } of tags) {
    if (was === null || was === root.digest) continue;
    lines.push(tags.length === 1 ? `${indent} was ${was}` : `${indent} ${reference} was ${was}`);
  }
  for (const { platform, digest } of edited.removed) lines.push(`without ${formatPlatform(platform)} ${digest}`);
  if (edited.removedAttestations > 0)
    lines.push(`without ${formatCount(edited.removedAttestations, "attestation")} of what was taken out`);
  if (root.digest === before) lines.push("Nothing has changed: the index said all of this before.");
  else if (inPlace) lines.push(otherTags(before, otherNames));
  return lines;
}

function otherTags(before: Digest, names: readonly string[] | undefined): string {
  if (names === undefined) return `Other tags of ${before} stay as they are.`;
  if (names.length === 0) return `No name points at ${before} any more.`;
  return `${names.map(printable).join(", ")} still ${names.length === 1 ? "points" : "point"} at ${before}.`;
}
