import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import { maxManifestIn } from "../oci/limits.ts";
import { parseManifestOrIndex } from "../oci/manifest-or-index.ts";
import { isConfigType, isIndexType, isManifestType, mediaTypes } from "../oci/media-types.ts";
import { errnoOf } from "./store-error.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { blobPath } from "./layout-files.ts";
import type { LayoutIndex } from "./layout-index.ts";
import { readAll } from "./read-all.ts";

/** What a sweep took away. */
export interface Swept {
  readonly blobs: number;
  readonly bytes: number;
}

/** A blob that no entry ever led to may be on its way into the layout: only after an hour is it taken for garbage, milliseconds. */
const grace = 60 * 60 * 1000;

/** Digests in a document of a kind that nobody here knows. */
const digestPattern = /sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})/g;

/**
 * Removes the blobs that no entry of `index.json` leads to: at once those that an entry led to before, others when they are an hour old. To be called
 * under the layout's lock, with the `index.json` that is written already: a killed sweep leaves garbage, never a hole.
 */
export async function sweepBlobs(
  directory: string,
  files: LayoutFiles,
  { before, after }: { readonly before: LayoutIndex; readonly after: LayoutIndex },
  { now, signal }: { readonly now: number; readonly signal?: AbortSignal },
): Promise<Swept> {
  const needed = await blobsOf(files, after, signal);
  const released = await blobsOf(files, before, signal);
  let blobs = 0;
  let bytes = 0;
  for (const algorithm of ["sha256", "sha512"]) {
    for (const name of await namesIn(join(directory, "blobs", algorithm))) {
      signal?.throwIfAborted();
      const digest = `${algorithm}:${name}`;
      if (!isDigest(digest) || needed.has(digest)) continue;
      const path = join(directory, blobPath(digest));
      const { size, mtimeMs } = await stat(path);
      if (!released.has(digest) && now - mtimeMs < grace) continue;
      await rm(path, { force: true });
      blobs++;
      bytes += size;
    }
  }
  return { blobs, bytes };
}

/** Every blob that the entries of an index lead to, missing ones too. */
async function blobsOf(files: LayoutFiles, index: LayoutIndex, signal: AbortSignal | undefined): Promise<Set<Digest>> {
  const found = new Set<Digest>();
  const waiting: Descriptor[] = index.entries.map(({ descriptor }) => descriptor);
  for (let descriptor = waiting.pop(); descriptor !== undefined; descriptor = waiting.pop()) {
    if (found.has(descriptor.digest)) continue;
    found.add(descriptor.digest);
    waiting.push(...(await partsOf(files, descriptor, signal)));
  }
  return found;
}

/** What a document refers to; its subject too, for an attachment without its image says nothing. */
async function partsOf(
  files: LayoutFiles,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  const { digest, mediaType } = descriptor;
  const size = await files.size(blobPath(digest));
  if (size === undefined || size > maxManifestIn || isConfigType(mediaType)) return [];
  const bytes = await readAll(
    files.read(blobPath(digest), 0, signal),
    maxManifestIn,
    `blob ${digest} of ${files.name}`,
  );
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return mentioned(bytes);
  const document = parseManifestOrIndex(bytes, { digest, mediaType });
  const subject = document.subject === undefined ? [] : [document.subject];
  if (document.kind === "index") return [...document.entries.map((entry) => entry.descriptor), ...subject];
  return [...[document.config, ...document.layers].map(asLeaf), ...subject];
}

/** Configs and layers refer to nothing, whatever their media type says: they are not opened. */
function asLeaf({ digest, size }: Pick<Descriptor, "digest" | "size">): Descriptor {
  return { mediaType: mediaTypes.ociConfig, digest, size };
}

/** An index may list documents of any kind: everything whose digest stands in one is taken for needed. */
function mentioned(bytes: Uint8Array): Descriptor[] {
  const digests = new TextDecoder().decode(bytes).match(digestPattern) ?? [];
  return [...digests].filter((text) => isDigest(text)).map((digest) => asLeaf({ digest, size: 0 }));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}
