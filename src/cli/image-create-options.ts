import type { RawImageCreateOptions } from "./image-create-command.ts";
import { readPublishOptions } from "./image-shared-options.ts";
import type { PublishAccess } from "./image-shared-options.ts";
import { type Annotation, parseAnnotation } from "./parse-annotation.ts";
import { optionError } from "./parse-option.ts";

/** What the user asked of one `archway image create`, checked. */
export interface ImageCreateOptions extends PublishAccess {
  /** At least one; the references are checked where they are used. */
  readonly tags: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly metadataFile?: string;
}

/** Checks the options of `archway image create`. Throws `ArchwayError` of kind `input` that names the option. */
export function readImageCreateOptions(raw: RawImageCreateOptions): ImageCreateOptions {
  if (raw.tag.length === 0) {
    throw optionError(
      "--tag",
      undefined,
      "a name for the joined image is missing.",
      "Say where it goes with -t REGISTRY/NAME:TAG, oci:DIR:NAME or oci-archive:FILE:NAME: archway image create -t registry.example.com/team/app:1.0 SOURCE…",
    );
  }
  return {
    ...readPublishOptions(raw),
    tags: raw.tag,
    annotations: raw.annotation.flatMap((text) => parseAnnotation(text, "index")),
    ...(raw.metadataFile === undefined ? {} : { metadataFile: raw.metadataFile }),
  };
}
