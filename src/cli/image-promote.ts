import { ArchwayError } from "../error/error.ts";
import { parseReference, repositoryOf } from "../oci/reference.ts";
import type { CliContext } from "./context.ts";
import { writePublished } from "./image-copy-result.ts";
import type { ImagePromoteOptions } from "./image-promote-options.ts";
import { publishImage } from "./image-publication.ts";
import { isPlace } from "./image-targets.ts";

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
  for (const target of targets) requireTag(target);
  const request = { source, targets, platforms: [], keepIndex: false, referrers, expect };
  const published = await publishImage(context, options, request);
  writePublished(context, published, options.format, "promoted");
  return 0;
}

/** `latest` is what all users have: it moves only when somebody has written it. */
function requireTag(target: string): void {
  if (isPlace(target)) return;
  const reference = parseReference(target);
  if (reference.tag !== undefined || reference.digest !== undefined) return;
  throw new ArchwayError({
    code: "TAG_MISSING",
    kind: "input",
    message: `${target} names no tag, and promote moves only tags that are named.`,
    hint: `Write ${repositoryOf(reference)}:latest if that is meant.`,
  });
}
