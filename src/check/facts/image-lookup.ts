import { ArchwayError } from "../../error/error.ts";
import { childrenOf } from "../../image/children.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { isIndexType } from "../../oci/media-types.ts";
import type { Reference } from "../../oci/reference.ts";
import type { ImageStore } from "../../store/store.ts";
import type { ImageFact } from "./facts.ts";

/** Finds an image in its registry or a mirror of it. */
export type FindImage = (
  reference: Reference,
  signal: AbortSignal,
) => Promise<{ readonly store: ImageStore; readonly descriptor: Descriptor }>;

/**
 * The platforms of an image, by its registry. Null when the registry says that there is none; undefined when it cannot be asked, wants a login, or what it holds
 * cannot be read.
 */
export async function lookUpImage(
  find: FindImage,
  reference: Reference,
  signal: AbortSignal,
): Promise<ImageFact | undefined> {
  try {
    const { store, descriptor } = await find(reference, signal);
    const children = await childrenOf(store, descriptor, { signal });
    const platforms = children.flatMap(({ descriptor: { platform } }) => platform ?? []);
    if (platforms.length === 0) return undefined;
    return { platforms, digest: descriptor.digest, isIndex: isIndexType(descriptor.mediaType) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ArchwayError)) throw error;
    return error.code === "NOT_FOUND" ? null : undefined;
  }
}
