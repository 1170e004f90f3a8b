import type { EntryAnnotations } from "../image/edit.ts";
import type { AnnotationChanges } from "../image/edit-index.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { RawImageAnnotateOptions } from "./image-annotate-command.ts";
import { readPublishOptions } from "./image-shared-options.ts";
import type { PublishAccess } from "./image-shared-options.ts";
import { type Annotation, parseAnnotation } from "./parse-annotation.ts";
import { optionError } from "./parse-option.ts";

/** What the user asked of one `archway image annotate`, checked. */
export interface ImageAnnotateOptions extends PublishAccess {
  readonly tags: readonly string[];
  readonly index: AnnotationChanges;
  readonly entries: readonly EntryAnnotations[];
  /** Whether a Docker manifest list becomes an OCI index. */
  readonly toOci: boolean;
}

/** Checks the options of `archway image annotate`. Throws `ArchwayError` of kind `input` that names the option. */
export function readImageAnnotateOptions(raw: RawImageAnnotateOptions): ImageAnnotateOptions {
  const set = raw.annotation.flatMap((text) => parseAnnotation(text, "index"));
  const removed = raw.remove.flatMap((text) => {
    if (text.includes("=")) throw optionError("--remove", text, "takes a key without a value.");
    return parseAnnotation(`${text}=`, "index", "--remove").map((annotation) => ({ ...annotation, value: null }));
  });
  const all = [...set, ...removed];
  if (all.length === 0 && raw.oci !== true) {
    throw optionError("--annotation", undefined, "nothing says what changes.", "Give --annotation or --remove.");
  }
  refuseManifests(all);
  refuseContradictions(all);
  return {
    ...readPublishOptions(raw),
    tags: raw.tag,
    index: Object.fromEntries(all.filter(({ on }) => on === "index").map(({ key, value }) => [key, value])),
    entries: all
      .filter(({ on }) => on === "manifest-descriptor")
      .map(({ platform, key, value }) => ({
        ...(platform === undefined ? {} : { platform }),
        changes: { [key]: value },
      })),
    toOci: raw.oci === true,
  };
}

type Change = Omit<Annotation, "value"> & { readonly value: string | null };

/**
 * A manifest with other annotations is another manifest. Its attestations name the digest that it had (`vnd.docker.reference.digest`), and so do
 * signatures: to point them at the new one would say that somebody attested what nobody looked at.
 */
function refuseManifests(changes: readonly Change[]): void {
  const change = changes.find(({ on }) => on === "manifest");
  if (change === undefined) return;
  throw optionError(
    change.value === null ? "--remove" : "--annotation",
    `manifest:${change.key}`,
    "a manifest with other annotations has another digest, and its attestations and signatures would belong to nothing.",
    `Annotate where it is listed, manifest-descriptor:${change.key}, or build it with the annotation (archway build --annotation).`,
  );
}

function refuseContradictions(changes: readonly Change[]): void {
  const seen = new Map<string, string | null>();
  for (const { on, platform, key, value } of changes) {
    const place = `${on}${platform === undefined ? "" : `[${formatPlatform(platform)}]`}:${key}`;
    const before = seen.get(place);
    if (before !== undefined && before !== value) {
      throw optionError("--annotation", place, "is given twice, with different values or to be removed.");
    }
    seen.set(place, value);
  }
}
