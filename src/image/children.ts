import { buffer } from "node:stream/consumers";
import { ArchwayError } from "../error/error.ts";
import { parseConfig } from "../oci/config.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { attestationsOf } from "../oci/index.ts";
import type { ImageIndex } from "../oci/index.ts";
import { maxManifestIn, maxIndexDepth } from "../oci/limits.ts";
import { parseManifestOrIndex } from "../oci/manifest-or-index.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import { isRunnable } from "../oci/manifest.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";

/** One image of an index (or the image itself), with the attestations that travel with it. */
export interface Child {
  /** Carries the platform: the index's word for it, else the config's. */
  readonly descriptor: Descriptor;
  readonly attestations: readonly Descriptor[];
}

/** What is known of an image before it is read: its digest at least, else all that a descriptor says. */
export type Root = Pick<Descriptor, "digest"> & Partial<Pick<Descriptor, "mediaType" | "platform" | "annotations">>;

/** Reads what a descriptor points at, by digest. */
export async function readDocument(
  store: ImageStore,
  { digest, mediaType }: Root,
  options: StoreOptions = {},
): Promise<ImageManifest | ImageIndex> {
  const bytes = await store.manifest({ digest }, options);
  return parseManifestOrIndex(bytes, { digest, ...(mediaType === undefined ? {} : { mediaType }) });
}

/** Reads the config of an image. Throws `TOO_LARGE` above the limit for manifests, 8 MiB. */
export async function readConfig(
  store: ImageStore,
  manifest: ImageManifest,
  options: StoreOptions = {},
): Promise<ImageConfig> {
  if (manifest.config.size > maxManifestIn) {
    throw new ArchwayError({
      code: "TOO_LARGE",
      kind: "unreachable",
      message: `The config ${manifest.config.digest} in ${store.name} is ${manifest.config.size} bytes; ${maxManifestIn} are read.`,
      hint: "An image config is a few kilobytes. Check what made this one.",
    });
  }
  const bytes = await buffer(store.fetch(manifest.config, options));
  return parseConfig(bytes, { digest: manifest.config.digest, mediaType: manifest.config.mediaType });
}

/** How the images behind a descriptor are found. */
export interface ChildrenOptions extends StoreOptions {
  /** The root's own document, for one that was made here and is in no store yet. */
  readonly rootBytes?: Uint8Array;
}

/**
 * The images behind a descriptor, or a bare digest: one for a manifest, each platform's for an index, nested indexes flattened in their order. Entries that
 * are no images (artifacts of unknown kinds) are left out.
 *
 * Throws `INVALID_MANIFEST` when indexes nest deeper than is allowed.
 */
export async function childrenOf(
  store: ImageStore,
  root: Root,
  { rootBytes, ...options }: ChildrenOptions = {},
  depth = 0,
): Promise<readonly Child[]> {
  const document =
    rootBytes === undefined ? await readDocument(store, root, options) : parseManifestOrIndex(rootBytes, root);
  if (document.kind === "manifest") {
    if (!isRunnable(document)) return [];
    const { digest, mediaType } = document;
    const size = document.bytes.length;
    const annotations = root.annotations ? { annotations: root.annotations } : {};
    const runsOn = root.platform ? { platform: root.platform } : platformOf(await readConfig(store, document, options));
    return [{ descriptor: { mediaType, digest, size, ...runsOn, ...annotations }, attestations: [] }];
  }
  if (depth >= maxIndexDepth) {
    throw new ArchwayError({
      code: "INVALID_MANIFEST",
      kind: "unreachable",
      message: `The index ${root.digest} in ${store.name} lies more than ${maxIndexDepth} indexes deep.`,
      hint: "Join the images into one index.",
    });
  }
  const children: Child[] = [];
  for (const entry of document.entries) {
    if (entry.role === "index") {
      children.push(...(await childrenOf(store, entry.descriptor, options, depth + 1)));
    } else if (entry.role === "image") {
      const attestations = attestationsOf(document, entry.descriptor.digest);
      const known = entry.descriptor.platform
        ? [{ descriptor: entry.descriptor, attestations: [] }]
        : await childrenOf(store, entry.descriptor, options, depth + 1);
      children.push(...known.map((child) => ({ ...child, attestations })));
    }
  }
  return children;
}

function platformOf({ platform, osVersion }: ImageConfig): Pick<Descriptor, "platform" | "osVersion"> {
  return { platform, ...(osVersion === undefined ? {} : { osVersion }) };
}
