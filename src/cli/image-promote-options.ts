import type { Digest } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import type { RawImagePromoteOptions } from "./image-promote-command.ts";
import { readPublishOptions } from "./image-shared-options.ts";
import type { PublishAccess } from "./image-shared-options.ts";
import { optionError } from "./parse-option.ts";

/** What the user asked of one `archway image promote`, checked. */
export interface ImagePromoteOptions extends PublishAccess {
  readonly expect: Digest | "absent" | "unchanged";
  readonly referrers: boolean;
}

/** Checks the options of `archway image promote`. Throws `ArchwayError` of kind `input` that names the option. */
export function readImagePromoteOptions(raw: RawImagePromoteOptions): ImagePromoteOptions {
  const { expect } = raw;
  if (expect !== "absent" && expect !== "unchanged" && !isDigest(expect)) {
    throw optionError("--expect", expect, "must be unchanged, absent or a digest (sha256:…).");
  }
  return { ...readPublishOptions(raw), expect, referrers: raw.referrers };
}
