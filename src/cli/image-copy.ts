import type { CliContext } from "./context.ts";
import type { ImageCopyOptions } from "./image-copy-options.ts";
import { writePublished } from "./image-copy-result.ts";
import { publishImage } from "./image-publication.ts";

/** `archway image copy`: proves an image and copies it with what belongs to it into every target. Returns 0; everything else is an error. */
export async function runImageCopy(
  context: CliContext,
  source: string,
  targets: readonly string[],
  options: ImageCopyOptions,
): Promise<number> {
  const { platforms, keepIndex, referrers } = options;
  const published = await publishImage(context, options, { source, targets, platforms, keepIndex, referrers });
  writePublished(context, published, options.format, "copied");
  return 0;
}
