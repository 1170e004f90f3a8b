import type { Descriptor } from "../oci/descriptor.ts";
import { verified } from "../oci/digest.ts";
import type { BlobSource } from "./store.ts";

/** The whole content of a source; it throws `DIGEST_MISMATCH` at its end when it is not what the descriptor says. Hashed once. */
export function checkedContent(source: BlobSource, descriptor: Descriptor): AsyncIterable<Uint8Array> {
  if (source.isChecked === true) return source.open();
  return verified(source.open(), descriptor, `blob ${descriptor.digest}`);
}
