import { ArchwayError } from "../error/error.ts";
import type { Annotations } from "../oci/annotations.ts";
import type { Assembled } from "../oci/assemble.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { parseIndex } from "../oci/index.ts";
import type { ImageIndex } from "../oci/index.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";
import { childrenOf, readDocument } from "./children.ts";
import type { Root } from "./children.ts";
import { annotationNotFound, platformNotFound, withAnnotations, withoutPlatforms } from "./edit-index.ts";
import type { AnnotationChanges } from "./edit-index.ts";
import type { Selection } from "./select.ts";

/** Annotations of descriptors that change: all images' or one platform's. */
export interface EntryAnnotations {
  /** Absent: every image of the index. */
  readonly platform?: Platform;
  readonly changes: AnnotationChanges;
}

/** An index that was made of another one. */
export interface EditedIndex extends Selection {
  readonly removed: readonly { readonly platform: Platform; readonly digest: Digest }[];
  /** How many attestations went with the images. */
  readonly removedAttestations: number;
}

/**
 * An index without some platforms and their attestations.
 *
 * Throws `NOT_AN_INDEX`, `PLATFORM_NOT_FOUND`, `LAST_PLATFORM`, `NESTED_INDEX` (kind `input`), and what the store throws.
 */
export function removePlatforms(
  store: ImageStore,
  root: Root,
  platforms: readonly Platform[],
  options: StoreOptions = {},
): Promise<EditedIndex> {
  return editIndex(
    store,
    root,
    (index, { platformOf, nested }) => {
      refuseNested(platforms, nested);
      const assembled = withoutPlatforms(index, platforms, platformOf);
      const removed = index.entries.flatMap(({ role, descriptor }) => {
        const platform = role === "image" ? platformOf(descriptor) : undefined;
        const goes = platform !== undefined && platforms.some((one) => samePlatform(one, platform));
        return goes ? [{ platform, digest: descriptor.digest }] : [];
      });
      const gone = index.entries.length - parseIndex(assembled.bytes).entries.length;
      return { assembled, removed, removedAttestations: gone - removed.length };
    },
    options,
  );
}

/**
 * An index with other annotations on itself and on its descriptors.
 *
 * Throws `NOT_AN_INDEX`, `PLATFORM_NOT_FOUND`, `ANNOTATION_NOT_FOUND`, `DOCKER_LIST`, `RESERVED_ANNOTATION` (kind `input`), and what the store throws.
 */
export function annotateIndex(
  store: ImageStore,
  root: Root,
  asked: { readonly index: AnnotationChanges; readonly entries: readonly EntryAnnotations[]; readonly toOci: boolean },
  options: StoreOptions = {},
): Promise<EditedIndex> {
  return editIndex(
    store,
    root,
    (index, { platformOf }) => {
      const images = index.entries.flatMap(({ role, descriptor }) => (role === "image" ? [descriptor] : []));
      const isMeant = ({ platform }: EntryAnnotations, descriptor: Descriptor) => {
        const own = platformOf(descriptor);
        return platform === undefined || (own !== undefined && samePlatform(own, platform));
      };
      requireKeys(asked.index, [index.annotations], "index");
      for (const one of asked.entries) {
        const meant = images.filter((descriptor) => isMeant(one, descriptor));
        if (one.platform !== undefined && meant.length === 0)
          throw platformNotFound(
            one.platform,
            images.flatMap((descriptor) => platformOf(descriptor) ?? []),
          );
        const place = one.platform === undefined ? "descriptors" : `descriptor of ${formatPlatform(one.platform)}`;
        requireKeys(
          one.changes,
          meant.map(({ annotations }) => annotations ?? {}),
          place,
        );
      }
      const entry = (descriptor: Descriptor) => {
        const meant = asked.entries.filter((one) => isMeant(one, descriptor));
        if (meant.length === 0) return undefined;
        return Object.fromEntries(meant.flatMap(({ changes }) => Object.entries(changes)));
      };
      const assembled = withAnnotations(index, { index: asked.index, entry, toOci: asked.toOci });
      return { assembled, removed: [], removedAttestations: 0 };
    },
    options,
  );
}

/** What is to be removed has to be there, once at least: who mistypes a key is told so. */
function requireKeys(changes: AnnotationChanges, places: readonly Annotations[], where: string): void {
  for (const [key, value] of Object.entries(changes)) {
    if (value === null && !places.some((annotations) => Object.hasOwn(annotations, key)))
      throw annotationNotFound(key, [...new Set(places.flatMap((annotations) => Object.keys(annotations)))], where);
  }
}

/** What an edit may want to know of an index beyond its own words. */
interface Surroundings {
  /** The platform of an entry that is an image: the index's word, else its config's. */
  readonly platformOf: (descriptor: Descriptor) => Platform | undefined;
  /** Platforms inside of nested indexes, with the nested index. */
  readonly nested: readonly { readonly platform: Platform; readonly index: Digest }[];
}

async function editIndex(
  store: ImageStore,
  root: Root,
  change: (
    index: ImageIndex,
    surroundings: Surroundings,
  ) => Omit<EditedIndex, keyof Selection> & { readonly assembled: Assembled },
  options: StoreOptions,
): Promise<EditedIndex> {
  const document = await readDocument(store, root, options);
  if (document.kind !== "index") throw notAnIndex(document.digest);
  const { assembled, ...removed } = change(document, await lookAround(store, document, options));
  const { bytes, descriptor } = assembled;
  const children = await childrenOf(store, descriptor, { ...options, rootBytes: bytes });
  return { root: descriptor, bytes, children, leftBehind: [], ...removed };
}

async function lookAround(store: ImageStore, { entries }: ImageIndex, options: StoreOptions): Promise<Surroundings> {
  const told = new Map<Digest, Platform>();
  const nested: { platform: Platform; index: Digest }[] = [];
  for (const { role, descriptor } of entries) {
    if (role !== "index" && (role !== "image" || descriptor.platform !== undefined)) continue;
    for (const child of await childrenOf(store, descriptor, options)) {
      const { platform } = child.descriptor;
      if (platform === undefined) continue;
      if (role === "image") told.set(descriptor.digest, platform);
      else nested.push({ platform, index: descriptor.digest });
    }
  }
  return { platformOf: ({ platform, digest }) => platform ?? told.get(digest), nested };
}

/** A change within a nested index would change that index: then signatures and attestations of it would speak of something else. */
function refuseNested(platforms: readonly Platform[], nested: Surroundings["nested"]): void {
  for (const platform of platforms) {
    const inside = nested.find((one) => samePlatform(one.platform, platform));
    if (inside === undefined) continue;
    throw new ArchwayError({
      code: "NESTED_INDEX",
      kind: "input",
      message: `${formatPlatform(platform)} lies in the nested index ${inside.index}, which is left as it is.`,
      hint: "archway image create -t TAG IMAGE makes one flat index of it; remove the platform from that.",
    });
  }
}

function notAnIndex(digest: Digest): ArchwayError {
  return new ArchwayError({
    code: "NOT_AN_INDEX",
    kind: "input",
    message: `${digest} is one image, not an index: what it says is part of its digest, and attestations and signatures are about that digest.`,
    hint: "archway image create -t TAG IMAGE puts it into an index of one platform, which can be changed.",
  });
}
