import type { Digest } from "../../oci/descriptor.ts";

/** Most bytes kept: a few dozen indexes and manifests of common size, or four of the largest. */
const capacity = 32 * 1024 * 1024;

/** Keeps the manifests that were read or written last: registries count every manifest request against the user's limit. */
export class ManifestCache {
  readonly #manifests = new Map<Digest, Uint8Array>();
  #size = 0;

  get(digest: Digest): Uint8Array | undefined {
    const bytes = this.#manifests.get(digest);
    if (bytes === undefined) return undefined;
    this.#manifests.delete(digest);
    this.#manifests.set(digest, bytes);
    return bytes;
  }

  add(digest: Digest, bytes: Uint8Array): void {
    this.delete(digest);
    this.#manifests.set(digest, bytes);
    this.#size += bytes.length;
    for (const oldest of this.#manifests.keys()) {
      if (this.#size <= capacity) return;
      this.delete(oldest);
    }
  }

  delete(digest: Digest): void {
    this.#size -= this.#manifests.get(digest)?.length ?? 0;
    this.#manifests.delete(digest);
  }
}
