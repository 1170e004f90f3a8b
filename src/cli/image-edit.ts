import { ArchwayError } from "../error/error.ts";
import type { Root } from "../image/children.ts";
import type { EditedIndex } from "../image/edit.ts";
import type { Digest } from "../oci/descriptor.ts";
import { parseReference } from "../oci/reference.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import type { ImageStore } from "../store/store.ts";
import type { CliContext } from "./context.ts";
import { writePublished } from "./image-copy-result.ts";
import { formatEdited } from "./image-edit-result.ts";
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
  edit: (store: ImageStore, root: Root, signal: AbortSignal) => Promise<EditedIndex>,
): Promise<number> {
  const inPlace = options.tags.length === 0;
  if (inPlace) requireTag(image);
  let made: { readonly store: ImageStore; readonly before: Digest; readonly edited: EditedIndex } | undefined;
  const published = await publishImage(context, options, {
    source: image,
    targets: inPlace ? [image] : options.tags,
    inPlace,
    platforms: [],
    keepIndex: true,
    referrers: false,
    ...(inPlace ? { expect: "source" } : {}),
    edit: async (store, root, signal) => {
      const edited = await edit(store, root, signal);
      made = { store, before: root.digest, edited };
      return edited;
    },
  });
  if (made === undefined || options.format === "json") {
    writePublished(context, published, options.format, done);
    return 0;
  }
  const { store, before, edited } = made;
  const otherNames = inPlace ? await namesOf(store, before, context.signal) : undefined;
  const style = makeStyle(usesColor(context.stdout, context.env));
  const result = { published, edited, before, inPlace, ...(otherNames === undefined ? {} : { otherNames }) };
  context.stdout.write(`${formatEdited(result, style, done).join("\n")}\n`);
  return 0;
}

/** Names that point at a digest, where a store tells all in one answer: a registry would have to be asked tag by tag. */
async function namesOf(store: ImageStore, digest: Digest, signal: AbortSignal): Promise<readonly string[] | undefined> {
  const entries = await store.entries?.({ signal });
  return entries?.flatMap(({ name, descriptor }) => (descriptor.digest === digest ? (name ?? []) : []));
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
