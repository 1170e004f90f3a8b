import { parsePlatformList } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { RawImageCopyOptions } from "./image-copy-command.ts";
import { readPublishOptions } from "./image-shared-options.ts";
import type { PublishAccess } from "./image-shared-options.ts";
import { optionError } from "./parse-option.ts";

/** What the user asked of one `archway image copy`, checked. */
export interface ImageCopyOptions extends PublishAccess {
  /** None: all. */
  readonly platforms: readonly Platform[];
  readonly keepIndex: boolean;
  readonly referrers: boolean;
}

/** Checks the options of `archway image copy`. Throws `ArchwayError` of kind `input` that names the option. */
export function readImageCopyOptions(raw: RawImageCopyOptions): ImageCopyOptions {
  const platforms = raw.platform.flatMap((text) => parsePlatformList(text));
  const keepIndex = raw.keepIndex ?? false;
  if (keepIndex && platforms.length === 0) {
    throw optionError("--keep-index", undefined, "it says how one --platform is copied, and none is named.");
  }
  return { ...readPublishOptions(raw), platforms, keepIndex, referrers: raw.referrers };
}
