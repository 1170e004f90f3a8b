import { ArchwayError } from "../error/error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { ImageIndex, IndexEntry } from "../oci/index.ts";
import { maxIndexDepth } from "../oci/limits.ts";
import { parseManifestOrIndex } from "../oci/manifest-or-index.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import { isIndexType, isManifestType } from "../oci/media-types.ts";
import { readTwice } from "./read-twice.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";

/** What became of one entry of an index. */
export type EntryState =
  /** It is there, with this many bytes; `document` for images, attestations and indexes. */
  | { readonly state: "present"; readonly size: number; readonly document?: ImageManifest | ImageIndex }
  /** The store does not have it. */
  | { readonly state: "missing" }
  /** It is there and is not what the index says: other bytes than the digest's, or no manifest. */
  | { readonly state: "invalid"; readonly error: ArchwayError }
  /** The store could not be asked. */
  | { readonly state: "unreachable"; readonly error: ArchwayError };

/** One entry of an index, wherever it nests, and whether the store has it. */
export type TreeEntry = IndexEntry & { readonly found: EntryState };

/** An image with everything that its index, and the indexes in it, list. */
export interface ImageTree {
  readonly root: ImageManifest | ImageIndex;
  /** Entries in the order of the indexes, nested ones in the place of their index; empty for a single manifest. */
  readonly entries: readonly TreeEntry[];
}

/** Most entries of all indexes of one image. */
const maxEntries = 2_000;

/**
 * Reads an image, or an index with the manifests of all its entries: what is listed is looked at, so that a child that a cleaner removed is found.
 * No config and no layer is read.
 *
 * @throws ArchwayError of the store for the root itself: `NOT_FOUND`, `UNREACHABLE`, `INVALID_MANIFEST`, …
 */
export async function readImageTree(
  store: ImageStore,
  root: Pick<Descriptor, "digest"> & Partial<Pick<Descriptor, "mediaType">>,
  options: StoreOptions = {},
): Promise<ImageTree> {
  const { digest, mediaType } = root;
  const bytes = await store.manifest({ digest }, options);
  const document = parseManifestOrIndex(bytes, { digest, ...(mediaType === undefined ? {} : { mediaType }) });
  if (document.kind === "manifest") return { root: document, entries: [] };
  const counted = { left: maxEntries };
  return { root: document, entries: await readEntries(store, document, options, counted, 1) };
}

async function readEntries(
  store: ImageStore,
  index: ImageIndex,
  options: StoreOptions,
  counted: { left: number },
  depth: number,
): Promise<TreeEntry[]> {
  counted.left -= index.entries.length;
  const nested = await Promise.all(
    index.entries.map(async (entry): Promise<TreeEntry[]> => {
      const own: TreeEntry = { ...entry, found: await look(store, entry.descriptor, options) };
      const document = own.found.state === "present" ? own.found.document : undefined;
      if (document?.kind !== "index") return [own];
      if (depth >= maxIndexDepth || counted.left < 0) return [{ ...own, found: tooDeep(document) }];
      return [own, ...(await readEntries(store, document, options, counted, depth + 1))];
    }),
  );
  return nested.flat();
}

async function look(store: ImageStore, descriptor: Descriptor, options: StoreOptions): Promise<EntryState> {
  const { digest, mediaType } = descriptor;
  try {
    const bytes = await readTwice(() => store.manifest({ digest }, options));
    // Entries of kinds that nobody here knows stand for themselves.
    if (!isIndexType(mediaType) && !isManifestType(mediaType)) return { state: "present", size: bytes.length };
    // The document's own media type is compared with the index's word for it later.
    return { state: "present", size: bytes.length, document: parseManifestOrIndex(bytes, { digest }) };
  } catch (error) {
    if (!(error instanceof ArchwayError) || error.kind === "interrupted") throw error;
    if (error.code === "NOT_FOUND") return { state: "missing" };
    const wrong = error.kind === "failed" || error.code === "DIGEST_MISMATCH";
    return { state: wrong ? "invalid" : "unreachable", error };
  }
}

function tooDeep(index: ImageIndex): EntryState {
  return {
    state: "invalid",
    error: new ArchwayError({
      code: "INVALID_MANIFEST",
      kind: "failed",
      message: `index ${index.digest} nests deeper than ${maxIndexDepth} indexes, or has more than ${maxEntries} entries`,
    }),
  };
}
