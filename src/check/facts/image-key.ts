import { ArchwayError } from "../../error/error.ts";
import { formatReference, parseReference, type Reference } from "../../oci/reference.ts";

/**
 * The one name of an image in facts, for any spelling of it: `docker.io/library/alpine:3.4` for `alpine:3.4`. A digest says more than the tag beside it, which is left
 * out; a name with neither means `latest`. Undefined for what is no name of an image, or is not known in full.
 */
export function imageKeyOf(text: string): { readonly key: string; readonly reference: Reference } | undefined {
  let parsed: Reference;
  try {
    parsed = parseReference(text.trim());
  } catch (error) {
    if (error instanceof ArchwayError) return undefined;
    throw error;
  }
  const { host, path, tag, digest } = parsed;
  const reference: Reference =
    digest === undefined
      ? { host, path, tag: tag ?? "latest" }
      : { host, path, digest, ...(tag === undefined ? {} : { tag }) };
  const named = digest === undefined ? reference : { host, path, digest };
  return { key: formatReference(named), reference };
}
