import { removePlatforms } from "../image/edit.ts";
import { parsePlatformList } from "../platform/platform.ts";
import type { CliContext } from "./context.ts";
import { editImage } from "./image-edit.ts";
import type { PublishAccess } from "./image-shared-options.ts";

/** `archway image rm-platform`: takes platforms out of an index. Returns 0; everything else is an error. */
export async function runImageRmPlatform(
  context: CliContext,
  image: string,
  names: readonly string[],
  options: PublishAccess & { readonly tags: readonly string[] },
): Promise<number> {
  const platforms = names.flatMap((name) => parsePlatformList(name));
  return editImage(context, image, options, "published", (store, root, signal) =>
    removePlatforms(store, root, platforms, { signal }),
  );
}
