import { ArchwayError } from "../error/error.ts";
import type { Child } from "../image/children.ts";
import type { Selection } from "../image/select.ts";
import type { Digest } from "../oci/descriptor.ts";
import type { Platform } from "../platform/platform.ts";
import type { ImagePlace } from "./image-targets.ts";

/** The images of what is to be published, each with the platform that it is proven for. Throws `NO_IMAGE`, `PLATFORM_MISSING` (kind `input`). */
export function imagesIn(
  { root, children }: Selection,
  source: string,
  verify: boolean,
): readonly { readonly child: Child; readonly platform: Platform }[] {
  if (children.length === 0 && verify) {
    throw new ArchwayError({
      code: "NO_IMAGE",
      kind: "input",
      message: `${source} (${root.mediaType}) holds no image that can run, so there is nothing to prove.`,
      hint: "An artifact of another kind is taken as it is with --no-verify.",
    });
  }
  return children.map((child) => {
    const { platform, digest } = child.descriptor;
    if (platform) return { child, platform };
    throw new ArchwayError({
      code: "PLATFORM_MISSING",
      kind: "input",
      message: `${digest} does not say which platform it is for.`,
      hint: "Its config has no architecture; rebuild it with a current engine.",
    });
  });
}

/** A target that is named by a digest takes nothing else. Throws `DIGEST_OTHER` (kind `input`). */
export function refuseOtherDigest(places: readonly ImagePlace[], digest: Digest): void {
  const other = places.find((place) => place.digest !== undefined && place.digest !== digest);
  if (other === undefined) return;
  throw new ArchwayError({
    code: "DIGEST_OTHER",
    kind: "input",
    message: `${other.references[0] ?? other.store.name} cannot be written: what is copied is ${digest}.`,
    hint: "Name a tag, or that digest.",
  });
}
