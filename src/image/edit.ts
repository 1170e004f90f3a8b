import { ArchwayError } from "../error/error.ts";
import type { Assembled } from "../oci/assemble.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import type { ImageIndex } from "../oci/index.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";
import { childrenOf, readDocument } from "./children.ts";
import type { Root } from "./children.ts";
import { platformNotFound, withAnnotations, withoutPlatforms } from "./edit-index.ts";
import type { AnnotationChanges } from "./edit-index.ts";
import type { Selection } from "./select.ts";

/** Annotations of descriptors that change: all images' or one platform's. */
export interface EntryAnnotations {
  /** Absent: every image of the index. */
  readonly platform?: Platform;
  readonly changes: AnnotationChanges;
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
): Promise<Selection> {
  return editIndex(
    store,
    root,
    (index, { platformOf, nested }) => {
      refuseNested(platforms, nested);
      return withoutPlatforms(index, platforms, platformOf);
    },
    options,
  );
}

/**
 * An index with other annotations on itself and on its descriptors.
 *
 * Throws `NOT_AN_INDEX`, `PLATFORM_NOT_FOUND`, `DOCKER_LIST`, `RESERVED_ANNOTATION` (kind `input`), and what the store throws.
 */
export function annotateIndex(
  store: ImageStore,
  root: Root,
  asked: { readonly index: AnnotationChanges; readonly entries: readonly EntryAnnotations[]; readonly toOci: boolean },
  options: StoreOptions = {},
): Promise<Selection> {
  return editIndex(
    store,
    root,
    (index, { platformOf }) => {
      const there = index.entries.flatMap(({ role, descriptor }) =>
        role === "image" ? (platformOf(descriptor) ?? []) : [],
      );
      for (const { platform } of asked.entries) {
        if (platform !== undefined && !there.some((one) => samePlatform(one, platform)))
          throw platformNotFound(platform, there);
      }
      const entry = (descriptor: Descriptor) => {
        const own = platformOf(descriptor);
        const meant = asked.entries.filter(
          ({ platform }) => platform === undefined || (own !== undefined && samePlatform(own, platform)),
        );
        if (meant.length === 0) return undefined;
        return Object.fromEntries(meant.flatMap(({ changes }) => Object.entries(changes)));
      };
      return withAnnotations(index, { index: asked.index, entry, toOci: asked.toOci });
    },
    options,
  );
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
  change: (index: ImageIndex, surroundings: Surroundings) => Assembled,
  options: StoreOptions,
): Promise<Selection> {
  const document = await readDocument(store, root, options);
  if (document.kind !== "index") throw notAnIndex(document.digest);
  const { bytes, descriptor } = change(document, await lookAround(store, document, options));
  const children = await childrenOf(store, descriptor, { ...options, rootBytes: bytes });
  return { root: descriptor, bytes, children, leftBehind: [] };
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
