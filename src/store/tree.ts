import { ArchwayError } from "../error/error.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { maxIndexDepth } from "../oci/limits.ts";
import type { ImageIndex } from "../oci/index.ts";
import { parseManifestOrIndex } from "../oci/manifest-or-index.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import { isForeignLayerType, isIndexType, isManifestType } from "../oci/media-types.ts";
import type { ImageStore, StoreOptions } from "./store.ts";

/** A manifest or index with what it needs. */
export interface TreeNode {
  /** Media type, digest and size of the document; what an index adds to them is in the index. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** What the bytes say; absent for entries of an index that are neither image nor index. */
  readonly document?: ImageManifest | ImageIndex;
  /** Config and layers that are in the store; foreign layers lie elsewhere. */
  readonly blobs: readonly Descriptor[];
  /** 0 for a document that lists no other one, else one more than the highest of those that it lists. */
  readonly level: number;
}

/** How a tree is read. */
export interface TreeOptions extends StoreOptions {
  /** The root's own document, for one that was made here and is in no store yet. */
  readonly rootBytes?: Uint8Array;
}

/** Most manifests of one image with everything nested in it: an index holds 1,000, and nesting is rare. */
const maxNodes = 2_000;

/** Most bytes of all manifests of one image. */
const maxBytes = 64 * 1024 * 1024;

/**
 * Reads an image whole, down to its blobs' descriptors: manifest, or index with all its entries, attestations and nested indexes.
 *
 * @returns Every document once, children before what refers to them, so that they can be stored in this order.
 * @throws ArchwayError `NOT_FOUND`, `DIGEST_MISMATCH`, `INVALID_MANIFEST`, `TOO_LARGE`.
 */
export async function readTree(store: ImageStore, root: Descriptor, options: TreeOptions = {}): Promise<TreeNode[]> {
  const { rootBytes, ...access } = options;
  const nodes = new Map<Digest, TreeNode>();
  const visits = new Map<Digest, Promise<number>>();
  let bytesRead = 0;

  /** Who comes to a document second waits for the first: it has to be listed before both that refer to it. */
  const visit = (descriptor: Descriptor, depth: number): Promise<number> => {
    const known = visits.get(descriptor.digest);
    if (known !== undefined) return known;
    const visiting = read(descriptor, depth);
    visits.set(descriptor.digest, visiting);
    return visiting;
  };
  const read = async (descriptor: Descriptor, depth: number): Promise<number> => {
    if (depth > maxIndexDepth) throw tooLarge(store, root, `its indexes nest deeper than ${maxIndexDepth}`);
    if (visits.size >= maxNodes) throw tooLarge(store, root, `it has more than ${maxNodes} manifests`);
    const bytes = depth === 0 && rootBytes !== undefined ? rootBytes : await store.manifest(descriptor, access);
    bytesRead += bytes.length;
    if (bytesRead > maxBytes) throw tooLarge(store, root, `its manifests are more than ${maxBytes} bytes`);
    const { mediaType, children, ...parts } = partsOf(descriptor, bytes);
    const below = await Promise.all(children.map((child) => visit(child, depth + 1)));
    const level = Math.max(-1, ...below) + 1;
    nodes.set(descriptor.digest, {
      descriptor: { mediaType, digest: descriptor.digest, size: bytes.length },
      bytes,
      level,
      ...parts,
    });
    return level;
  };
  await visit(root, 0);
  return [...nodes.values()];
}

interface Parts extends Pick<TreeNode, "document" | "blobs"> {
  readonly mediaType: string;
  readonly children: readonly Descriptor[];
}

function partsOf(descriptor: Descriptor, bytes: Uint8Array): Parts {
  const { mediaType, digest } = descriptor;
  // An index may hold entries of any kind; what they refer to cannot be known, so they stand for themselves.
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return { mediaType, children: [], blobs: [] };
  const document = parseManifestOrIndex(bytes, { digest, mediaType });
  if (document.kind === "index") {
    const children = document.entries.map((entry) => entry.descriptor);
    return { mediaType: document.mediaType, document, children, blobs: [] };
  }
  const layers = document.layers.filter((layer) => !isForeignLayerType(layer.mediaType));
  return { mediaType: document.mediaType, document, children: [], blobs: [document.config, ...layers] };
}

function tooLarge(store: ImageStore, root: Descriptor, why: string): ArchwayError {
  return new ArchwayError({
    code: "TOO_LARGE",
    kind: "failed",
    message: `${root.digest} of ${store.name} is too large: ${why}`,
  });
}
