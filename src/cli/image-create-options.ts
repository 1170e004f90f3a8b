import type { RawImageCreateOptions } from "./image-create-command.ts";
import { type Annotation, parseAnnotation } from "./parse-annotation.ts";
import { type Format, optionError, readFormat, readHost } from "./parse-option.ts";

/** What the user asked of one `archway image create`, checked. */
export interface ImageCreateOptions {
  /** At least one; the references are checked where they are used. */
  readonly tags: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly metadataFile?: string;
  /** False with `--no-verify`. */
  readonly verify: boolean;
  readonly insecureRegistries: readonly string[];
  readonly format: Format;
  readonly config?: string;
}

/** Checks the options of `archway image create`. Throws `ArchwayError` of kind `input` that names the option. */
export function readImageCreateOptions(raw: RawImageCreateOptions): ImageCreateOptions {
  if (raw.tag.length === 0) throw optionError("--tag", undefined, "a name for the joined image is missing.");
  return {
    tags: raw.tag,
    annotations: raw.annotation.flatMap((text) => parseAnnotation(text, "index")),
    ...(raw.metadataFile === undefined ? {} : { metadataFile: raw.metadataFile }),
    verify: raw.verify,
    insecureRegistries: raw.insecureRegistry.map((host) => readHost("--insecure-registry", host)),
    format: readFormat(raw.format),
    ...(raw.config === undefined ? {} : { config: raw.config }),
  };
}
