import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { Lane } from "../store/lane.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";
import { readTree } from "../store/tree.ts";
import type { TreeNode } from "../store/tree.ts";

/** How a blob came to be in the target: it was there, the registry linked it from another repository, or its bytes were sent. */
export type BlobArrival = "present" | "mounted" | "sent";

/** How an image is copied. */
export interface CopyOptions extends StoreOptions {
  /** Called for every blob when it is in the target. */
  readonly onBlob?: (descriptor: Descriptor, arrival: BlobArrival) => void;
}

/** Blobs on their way at once. */
const blobsAtOnce = 4;

/** Manifests on their way at once. */
const manifestsAtOnce = 4;

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
  options: CopyOptions = {},
): Promise<void> {
  const { signal } = options;
  await copyNodes(from, to, [await readTree(from, root, signal === undefined ? {} : { signal })], options);
}

/**
 * Copies documents that have been read, with their blobs: all blobs first, then the documents of one group after those of another, and in each group
 * children before what lists them.
 *
 * @throws ArchwayError what either store throws; after the first failure nothing more is begun.
 */
export async function copyNodes(
  from: ImageStore,
  to: ImageStore,
  groups: readonly (readonly TreeNode[])[],
  { signal, onBlob }: CopyOptions = {},
): Promise<void> {
  const blobs = new Map<Digest, Descriptor>();
  for (const node of groups.flat()) for (const blob of node.blobs) blobs.set(blob.digest, blob);
  // The largest first: begun last, it would be alone on its way at the end.
  const largestFirst = [...blobs.values()].sort((a, b) => b.size - a.size);
  await inParallel(largestFirst, blobsAtOnce, signal, async (blob, options) => {
    const arrival = await copyBlob(from, to, blob, options);
    onBlob?.(blob, arrival);
  });
  for (const group of groups) {
    for (const [, level] of [...Map.groupBy(group, (node) => node.level)].sort(([a], [b]) => a - b)) {
      await inParallel(level, manifestsAtOnce, signal, ({ descriptor, bytes }, options) =>
        to.putManifest(descriptor, bytes, options),
      );
    }
  }
}

async function copyBlob(
  from: ImageStore,
  to: ImageStore,
  blob: Descriptor,
  options: StoreOptions,
): Promise<BlobArrival> {
  if (await to.mount?.(blob, from, options)) return "mounted";
  let arrival: BlobArrival = "present";
  const open = (start = 0) => {
    arrival = "sent";
    return from.fetch(blob, { ...options, lendsPieces: true, ...(start === 0 ? {} : { range: { start } }) });
  };
  await to.putBlob(blob, { open, isChecked: true }, options);
  return arrival;
}

/** Does a limited number of works at once; the first failure stops the others, and is thrown when they have ended. */
async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: Item, options: StoreOptions) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const options = { signal: signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]) };
  const lane = new Lane(limit);
  let first: { readonly error: unknown } | undefined;
  await Promise.all(
    items.map((item) =>
      lane
        .run(() => work(item, options), options.signal)
        .catch((error: unknown) => {
          first ??= { error };
          failed.abort(error);
        }),
    ),
  );
  if (first !== undefined) throw first.error;
}
