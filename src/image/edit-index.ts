import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import { annotationKeys } from "../oci/annotations.ts";
import type { Annotations } from "../oci/annotations.ts";
import type { Assembled } from "../oci/assemble.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import type { ImageIndex, IndexEntry } from "../oci/index.ts";
import { addition, memberOf, placesOf, removal, spaceBefore, withEdits } from "../oci/json-text.ts";
import type { JsonPlace, TextEdit } from "../oci/json-text.ts";
import { maxManifestOut } from "../oci/limits.ts";
import { isDockerType, mediaTypes } from "../oci/media-types.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";

/** What becomes of annotations: a text sets one, `null` removes it. */
export type AnnotationChanges = Readonly<Record<string, string | null>>;

/** Changes of an index's annotations. */
export interface IndexAnnotations {
  /** Those of the index itself. */
  readonly index: AnnotationChanges;
  /** Those of an entry's descriptor, asked for each image of the index; undefined for none. */
  readonly entry: (descriptor: Descriptor) => AnnotationChanges | undefined;
  /** Makes an OCI index of a Docker manifest list, which can hold no annotations. The entries stay as they are. */
  readonly toOci?: boolean;
}

/**
 * The index without some platforms, and without the attestations that belonged to them alone. All other bytes stay: the order, fields that nobody
 * here knows, the layout of the text. Removing no platform gives the same digest.
 *
 * @param platformOf The platform of an entry: the index's word, else its config's. Entries of nested indexes are not looked into.
 * @throws ArchwayError kind `input`: `PLATFORM_NOT_FOUND` with what there is, `LAST_PLATFORM` when no image would be left.
 */
export function withoutPlatforms(
  index: ImageIndex,
  platforms: readonly Platform[],
  platformOf: (descriptor: Descriptor) => Platform | undefined = ({ platform }) => platform,
): Assembled {
  const images = index.entries.flatMap(({ role, descriptor }) => {
    const platform = role === "image" ? platformOf(descriptor) : undefined;
    return platform === undefined ? [] : [{ descriptor, platform }];
  });
  for (const platform of platforms) {
    if (!images.some((image) => samePlatform(image.platform, platform)))
      throw platformNotFound(
        platform,
        images.map((image) => image.platform),
      );
  }
  const goes = ({ role, descriptor }: IndexEntry) => {
    const own = role === "image" ? platformOf(descriptor) : undefined;
    return own !== undefined && platforms.some((platform) => samePlatform(platform, own));
  };
  const removed = new Set(index.entries.flatMap((entry, position) => (goes(entry) ? [position] : [])));
  const isLeft = index.entries.some(
    ({ role }, position) => (role === "image" || role === "index") && !removed.has(position),
  );
  if (removed.size > 0 && !isLeft) throw lastPlatform(images.map(({ platform }) => platform));
  addOrphans(index, removed);
  const text = textOf(index);
  const manifests = memberOf(placesOf(text), "manifests")?.value.items ?? [];
  return edited(index.mediaType, text, removal(manifests, removed));
}

/**
 * The index with other annotations on itself and on its descriptors; all other bytes stay. What an entry points at is never changed: a manifest's
 * own annotations are part of its digest, and attestations and signatures speak of that digest.
 *
 * @throws ArchwayError kind `input`: `DOCKER_LIST` when annotations are set in a Docker manifest list without `toOci`, `RESERVED_ANNOTATION`.
 */
export function withAnnotations(index: ImageIndex, changes: IndexAnnotations): Assembled {
  const text = textOf(index);
  const root = placesOf(text);
  const manifests = memberOf(root, "manifests")?.value.items ?? [];
  const unit = root.members?.[0] === undefined ? "" : spaceBefore(text, root.members[0].start);
  const places: [place: JsonPlace, before: Annotations, changes: AnnotationChanges][] = [
    [root, index.annotations, changes.index],
  ];
  for (const [position, { role, descriptor }] of index.entries.entries()) {
    const place = manifests[position];
    const own = role === "image" ? changes.entry(descriptor) : undefined;
    if (own !== undefined && place !== undefined) places.push([place, descriptor.annotations ?? {}, own]);
  }
  for (const [, , change] of places) refuseReserved(change);
  const edits = places.flatMap(([place, before, change]) => annotationEdits(text, place, unit, before, change));
  if (!isDockerType(index.mediaType)) return edited(index.mediaType, text, edits);
  if (changes.toOci === true) return edited(mediaTypes.ociIndex, text, [...edits, ...mediaTypeEdits(root)]);
  if (edits.length === 0) return edited(index.mediaType, text, []);
  throw new ArchwayError({
    code: "DOCKER_LIST",
    kind: "input",
    message: `${index.digest} is a Docker manifest list, and those have no annotations.`,
    hint: "With --oci it becomes an OCI index of the same images: their digests stay, the index's own changes.",
  });
}

/** Attestations whose image has gone go too, and what is attached to those. One that had no image before is left as it was. */
function addOrphans({ entries }: ImageIndex, removed: Set<number>): void {
  const listed = new Set(entries.map(({ descriptor }) => descriptor.digest));
  for (let before = -1; before !== removed.size;) {
    before = removed.size;
    const left = new Set(
      entries.filter((_, position) => !removed.has(position)).map(({ descriptor }) => descriptor.digest),
    );
    for (const [position, entry] of entries.entries()) {
      if (entry.role === "attestation" && listed.has(entry.subject) && !left.has(entry.subject)) removed.add(position);
    }
  }
}

function annotationEdits(
  text: string,
  place: JsonPlace,
  unit: string,
  before: Annotations,
  changes: AnnotationChanges,
): TextEdit[] {
  const entries = Object.entries(changes);
  const set = entries.filter((entry): entry is [string, string] => entry[1] !== null && before[entry[0]] !== entry[1]);
  const gone = new Set(entries.flatMap(([key, value]) => (value === null && Object.hasOwn(before, key) ? [key] : [])));
  if (set.length === 0 && gone.size === 0) return [];
  const own = memberOf(place, "annotations");
  const outdent = spaceBefore(text, (place.members?.at(-1) ?? place).start);
  const layout = { indent: outdent === "" ? "" : outdent + unit.replace(/^\r?\n/, ""), outdent };
  const members = own?.value.members;
  if (own === undefined || members === undefined) {
    const empty = { start: 0, end: 0, members: [] };
    const object = addition(text, empty, set.map(encoded), layout).text;
    if (own !== undefined) return [{ start: own.value.start, end: own.value.end, text: object }];
    return [addition(text, place, [["annotations", object]], layout)];
  }
  const known = new Map(set);
  const removed = new Set(members.flatMap(({ key }, position) => (gone.has(key) ? [position] : [])));
  if (removed.size === members.length && set.every(([key]) => Object.hasOwn(before, key))) {
    return removeMember(place, "annotations");
  }
  const replaced = members.flatMap(({ key, value }): TextEdit[] => {
    const text = known.get(key);
    return text === undefined ? [] : [{ start: value.start, end: value.end, text: JSON.stringify(text) }];
  });
  const added = set.filter(([key]) => !Object.hasOwn(before, key)).map(encoded);
  if (added.length === 0) return [...replaced, ...removal(members.map(spanOf), removed)];
  if (removed.size === 0) return [...replaced, addition(text, own.value, added, layout)];
  // Both at the end of an object would overlap: it is written anew.
  const result = { ...before, ...Object.fromEntries(set) };
  const left = Object.entries(result).filter(([key]) => !gone.has(key));
  const object = addition(text, { start: 0, end: 0, members: [] }, left.map(encoded), layout).text;
  return [{ start: own.value.start, end: own.value.end, text: object }];
}

function removeMember(place: JsonPlace, key: string): TextEdit[] {
  const members = place.members ?? [];
  return removal(
    members.map(spanOf),
    new Set(members.flatMap((member, position) => (member.key === key ? [position] : []))),
  );
}

function spanOf({ start, value }: { start: number; value: JsonPlace }): { start: number; end: number } {
  return { start, end: value.end };
}

function encoded([key, value]: readonly [string, string]): [string, string] {
  return [key, JSON.stringify(value)];
}

function mediaTypeEdits(root: JsonPlace): TextEdit[] {
  const written = memberOf(root, "mediaType");
  const type = JSON.stringify(mediaTypes.ociIndex);
  if (written === undefined) return [];
  return [{ start: written.value.start, end: written.value.end, text: type }];
}

function textOf({ bytes }: ImageIndex): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

function edited(mediaType: string, text: string, edits: readonly TextEdit[]): Assembled {
  const bytes = new TextEncoder().encode(withEdits(text, edits));
  if (bytes.length > maxManifestOut) {
    throw new ArchwayError({
      code: "TOO_LARGE",
      kind: "input",
      message: `The index would be ${bytes.length} bytes; registries take ${maxManifestOut}.`,
    });
  }
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

/** These bind attestations to their images. */
function refuseReserved(changes: AnnotationChanges): void {
  const reserved: readonly string[] = [annotationKeys.referenceType, annotationKeys.referenceDigest];
  const key = Object.keys(changes).find((name) => reserved.includes(name));
  if (key === undefined) return;
  throw new ArchwayError({
    code: "RESERVED_ANNOTATION",
    kind: "input",
    message: `The annotation ${key} binds attestations to the images that they are about; it is not set by hand.`,
    hint: "Choose another key. Engines and registries write this one.",
  });
}

/** The error of a platform that an index has no image for, with those that it has. */
export function platformNotFound(platform: Platform, there: readonly Platform[]): ArchwayError {
  const names = [...new Set(there.map(formatPlatform))];
  return new ArchwayError({
    code: "PLATFORM_NOT_FOUND",
    kind: "input",
    message: `The index has no image for ${formatPlatform(platform)}.`,
    hint: names.length === 0 ? "It has no image with a platform." : `It has ${names.join(", ")}.`,
  });
}

/** Most keys that an error lists. */
const maxListed = 20;

/** The error of an annotation that is to be removed and is not there, with those that are; `where` reads like `index`. */
export function annotationNotFound(key: string, there: readonly string[], where: string): ArchwayError {
  const guess = nearestName(key, there);
  const more = there.length > maxListed ? ` and ${there.length - maxListed} more` : "";
  const listed = there.length === 0 ? "There are none." : `There are ${there.slice(0, maxListed).join(", ")}${more}.`;
  return new ArchwayError({
    code: "ANNOTATION_NOT_FOUND",
    kind: "input",
    message: `There is no annotation ${key} on the ${where}, so it cannot be removed.`,
    hint: guess === undefined ? listed : `Did you mean ${guess}? ${listed}`,
  });
}

function lastPlatform(platforms: readonly Platform[]): ArchwayError {
  return new ArchwayError({
    code: "LAST_PLATFORM",
    kind: "input",
    message: `Nothing would be left: the index has ${platforms.map(formatPlatform).join(", ")} and no more.`,
    hint: "To remove a whole image, delete its tag: archway image prune REPOSITORY --tag TAG.",
  });
}
