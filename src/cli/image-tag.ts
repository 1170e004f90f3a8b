import { ArchwayError } from "../error/error.ts";
import { isTag, parseReference, repositoryOf } from "../oci/reference.ts";
import { checkLayoutName } from "../store/layout-index.ts";
import type { CliContext } from "./context.ts";
import { writePublished } from "./image-copy-result.ts";
import { publishImage } from "./image-publication.ts";
import type { PublishAccess } from "./image-shared-options.ts";

/** `archway image tag`: proves an image and points more tags of its repository or layout at it. Returns 0; everything else is an error. */
export async function runImageTag(
  context: CliContext,
  source: string,
  tags: readonly string[],
  options: PublishAccess,
): Promise<number> {
  const published = await publishImage(context, options, {
    source,
    targets: tags.map((tag) => besideSource(source, tag)),
    inPlace: true,
    platforms: [],
    keepIndex: false,
    referrers: false,
  });
  writePublished(context, published, options.format, "tagged");
  return 0;
}

/** The reference of a tag in the repository or layout of the source. */
function besideSource(source: string, tag: string): string {
  const [, layout] = /^oci:([^:]+)/.exec(source) ?? [];
  if (layout !== undefined) {
    checkLayoutName(tag);
    return `oci:${layout}:${tag}`;
  }
  if (/^(oci-archive|docker-archive):/.test(source)) {
    throw new ArchwayError({
      code: "READ_ONLY",
      kind: "input",
      message: `${source} can only be read: archives are written whole.`,
      hint: `archway image copy ${source} oci-archive:FILE:NAME writes one with another name.`,
    });
  }
  if (!isTag(tag)) {
    throw new ArchwayError({
      code: "INVALID_REFERENCE",
      kind: "input",
      message: `"${tag.slice(0, 300)}" is not a tag.`,
      hint: "Give tags alone; archway image copy and promote put an image into another repository.",
    });
  }
  return `${repositoryOf(parseReference(source))}:${tag}`;
}
