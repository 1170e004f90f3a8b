import { parsePlatformList } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { RawImageInspectOptions } from "./image-inspect-command.ts";
import { type Format, optionError, readFormat, readHost } from "./parse-option.ts";

/** What the user asked of one `archway image inspect`, checked. */
export interface ImageInspectOptions {
  readonly raw: boolean;
  /** Empty: all. */
  readonly platforms: readonly Platform[];
  readonly insecureRegistries: readonly string[];
  readonly format: Format;
  readonly config?: string;
}

/** Checks the options of `archway image inspect`. Throws `ArchwayError` of kind `input` that names the option. */
export function readImageInspectOptions(images: readonly string[], raw: RawImageInspectOptions): ImageInspectOptions {
  const platforms = raw.platform.flatMap((text) => parsePlatformList(text));
  const format = readFormat(raw.format);
  if (raw.raw === true) {
    if (images.length > 1) throw optionError("--raw", undefined, "prints the bytes of one image; name one.");
    if (platforms.length > 1) throw optionError("--raw", undefined, "prints one document; choose one platform.");
    if (format === "json") throw optionError("--raw", undefined, "prints bytes as they are; leave out --format.");
  }
  return {
    raw: raw.raw === true,
    platforms,
    insecureRegistries: raw.insecureRegistry.map((host) => readHost("--insecure-registry", host)),
    format,
    ...(raw.config === undefined ? {} : { config: raw.config }),
  };
}
