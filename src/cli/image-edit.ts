import { ArchwayError } from "../error/error.ts";
import type { Root } from "../image/children.ts";
import type { Selection } from "../image/select.ts";
import { parseReference } from "../oci/reference.ts";
import type { ImageStore } from "../store/store.ts";
import type { CliContext } from "./context.ts";
import { writePublished } from "./image-copy-result.ts";
import { publishImage } from "./image-publication.ts";
import type { PublishAccess } from "./image-shared-options.ts";

/**
 * Makes another index of an image, proves what is in it, and publishes it: under the names of `tags`, or under the image's own tag, which has to point at what
 * was read until then (else `TARGET_MOVED`, kind `failed`). `done` is what the result says: `annotated`.
 *
 * Returns 0; everything else is an error.
 */
export async function editImage(
  context: CliContext,
  image: string,
  options: PublishAccess & { readonly tags: readonly string[] },
  done: string,
  edit: (store: ImageStore, root: Root, signal: AbortSignal) => Promise<Selection>,
): Promise<number> {
  const inPlace = options.tags.length === 0;
  if (inPlace) requireTag(image);
  const published = await publishImage(context, options, {
    source: image,
    targets: inPlace ? [image] : options.tags,
    inPlace,
    platforms: [],
    keepIndex: true,
    referrers: false,
    ...(inPlace ? { expect: "source" } : {}),
    edit,
  });
  writePublished(context, published, options.format, done);
  return 0;
}

/** Only a name can point at another image than before. */
function requireTag(image: string): void {
  const [, kind, name] = /^(oci|oci-archive|docker-archive):[^:]+(?::(.+))?$/.exec(image) ?? [];
  const why =
    kind === undefined
      ? parseReference(image).digest === undefined
        ? undefined
        : "a digest always means the same image"
      : kind !== "oci"
        ? "archives are written whole"
        : name === undefined
          ? "it names no image of the layout"
          : undefined;
  if (why === undefined) return;
  throw new ArchwayError({
    code: "TAG_MISSING",
    kind: "input",
    message: `${image} cannot be given another image: ${why}.`,
    hint: "Say with -t where the changed image goes: REGISTRY/NAME:TAG, oci:DIR:NAME or oci-archive:FILE:NAME.",
  });
}
