import { ArchwayError } from "../error/error.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";

/**
 * The one platform of a build that an archive or a local store takes: the only one that is built, whatever it is (an archive may be carried to a
 * Raspberry Pi), else this machine's.
 *
 * Throws `OUTPUT_MISSING` (kind `input`) for several platforms without this machine's.
 */
export function loadedPlatform(platforms: readonly Platform[], local: Platform): Platform {
  const [only, second] = platforms;
  const chosen = second ? platforms.find((platform) => samePlatform(platform, local)) : only;
  if (chosen) return chosen;
  throw new ArchwayError({
    code: "OUTPUT_MISSING",
    kind: "input",
    message: `A local engine or a Docker archive takes one platform: of several, this machine's, and ${formatPlatform(local)} is not among ${platforms.map(formatPlatform).join(", ")}.`,
    hint: "Name one platform with --platform, or keep all: --push with -t REGISTRY/NAME:TAG, or --output type=oci,dest=FILE.",
  });
}
