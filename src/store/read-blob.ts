import type { Descriptor } from "../oci/descriptor.ts";
import { maxManifestIn } from "../oci/limits.ts";
import { readAll } from "./read-all.ts";
import { tooLarge } from "./store-error.ts";
import type { ImageStore, StoreOptions } from "./store.ts";

/**
 * Reads a small blob whole, an image's config for example; checked against its digest.
 *
 * @param limit Most bytes to take; 8 MiB unless told.
 * @throws ArchwayError `TOO_LARGE`, `NOT_FOUND`, `DIGEST_MISMATCH` and what else {@link ImageStore.fetch} throws.
 */
export async function readBlob(
  store: ImageStore,
  descriptor: Descriptor,
  options: StoreOptions = {},
  limit: number = maxManifestIn,
): Promise<Uint8Array> {
  const what = `blob ${descriptor.digest} of ${store.name}`;
  if (descriptor.size > limit) throw tooLarge(what, limit);
  return readAll(store.fetch(descriptor, options), limit, what);
}
