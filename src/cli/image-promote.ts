import type { CliContext } from "./context.ts";
import { writePublished } from "./image-copy-result.ts";
import type { ImagePromoteOptions } from "./image-promote-options.ts";
import { publishImage } from "./image-publication.ts";

/**
 * `archway image promote`: proves an image, copies it whole, and moves all tags to it unless one of them is not what it was expected to be. Returns
 * 0; everything else is an error.
 */
export async function runImagePromote(
  context: CliContext,
  source: string,
  targets: readonly string[],
  options: ImagePromoteOptions,
): Promise<number> {
  const { expect, referrers } = options;
  const request = { source, targets, platforms: [], keepIndex: false, referrers, expect };
  const published = await publishImage(context, options, request);
  writePublished(context, published, options.format, "promoted");
  return 0;
}
