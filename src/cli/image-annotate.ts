import { annotateIndex } from "../image/edit.ts";
import type { CliContext } from "./context.ts";
import type { ImageAnnotateOptions } from "./image-annotate-options.ts";
import { editImage } from "./image-edit.ts";

/** `archway image annotate`: changes annotations of an index and of its descriptors. Returns 0; everything else is an error. */
export async function runImageAnnotate(
  context: CliContext,
  image: string,
  options: ImageAnnotateOptions,
): Promise<number> {
  return editImage(context, image, options, "annotated", (store, root, signal) =>
    annotateIndex(store, root, options, { signal }),
  );
}
