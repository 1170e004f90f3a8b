import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { Lane } from "../store/lane.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";
import { readTree } from "../store/tree.ts";

/** How an image is copied. */
export interface CopyOptions extends StoreOptions {
  /** Called for every blob when it is in the target. */
  readonly onBlob?: (descriptor: Descriptor) => void;
}

/** Blobs on their way at once. */
const blobsAtOnce = 4;

/**
 * Copies an image, or an index with all its platforms, attestations and nested indexes, byte by byte into another store. No tag
 * moves. Blobs come before manifests and children before indexes, so the target never refers to what it does not have; blobs
 * that it has already are not sent, and within a registry they are mounted.
 *
 * @throws ArchwayError what either store throws; after the first failure nothing more is begun.
 */
export async function copyImage(
  from: ImageStore,
  to: ImageStore,
  root: Descriptor,
  { signal, onBlob }: CopyOptions = {},
): Promise<void> {
  const nodes = await readTree(from, root, signal === undefined ? {} : { signal });
  const blobs = new Map<Digest, Descriptor>();
  for (const node of nodes) for (const blob of node.blobs) blobs.set(blob.digest, blob);

  const failed = new AbortController();
  const options = { signal: signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]) };
  const lane = new Lane(blobsAtOnce);
  const copies = [...blobs.values()].map((blob) =>
    lane.run(async () => {
      await copyBlob(from, to, blob, options);
      onBlob?.(blob);
    }, options.signal),
  );
  await allOrFirstFailure(copies, failed);
  for (const { descriptor, bytes } of nodes) await to.putManifest(descriptor, bytes, options);
}

async function copyBlob(from: ImageStore, to: ImageStore, blob: Descriptor, options: StoreOptions): Promise<void> {
  if (await to.mount?.(blob, from, options)) return;
  const open = (start = 0) => from.fetch(blob, start === 0 ? options : { ...options, range: { start } });
  await to.putBlob(blob, { open }, options);
}

/** Waits for all; the first failure stops the others, and is thrown when they have ended. */
async function allOrFirstFailure(work: readonly Promise<void>[], failed: AbortController): Promise<void> {
  let first: { readonly error: unknown } | undefined;
  await Promise.all(
    work.map((one) =>
      one.catch((error: unknown) => {
        first ??= { error };
        failed.abort(error);
      }),
    ),
  );
  if (first !== undefined) throw first.error;
}
