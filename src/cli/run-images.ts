import { ArchwayError } from "../error/error.ts";
import { writeDockerArchive } from "../image/docker-archive.ts";
import { childrenOf } from "../image/children.ts";
import { selectPlatforms } from "../image/select.ts";
import type { ImageSources } from "../job/containerizer/docker-engine.ts";
import { parseReference } from "../oci/reference.ts";
import { canRun, formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";
import type { Login } from "../store/registry/settings.ts";
import { openImage } from "../store/open-store.ts";
import type { OpenRegistries } from "./registries.ts";

/** Where the images of jobs come from: registries through their mirrors, and layouts of the run. */
export function imageSources(
  { registries, resolve }: OpenRegistries,
  login: Login,
  place: Pick<ImageSources, "owner" | "folder">,
): ImageSources {
  return {
    ...place,
    pin: async (image, platform, signal) => {
      const { store, descriptor, location } = await resolve(parseReference(image), signal);
      const children = await childrenOf(store, descriptor, { signal });
      const withPlatform = (fits: (there: Platform) => boolean) =>
        children.find(({ descriptor: child }) => child.platform !== undefined && fits(child.platform));
      const found =
        withPlatform((there) => samePlatform(there, platform)) ?? withPlatform((there) => runsAs(there, platform));
      if (found === undefined) {
        const there = children.flatMap(({ descriptor: child }) =>
          child.platform === undefined ? [] : [formatPlatform(child.platform)],
        );
        throw new ArchwayError({
          code: "IMAGE_PLATFORM",
          kind: "failed",
          message: `${image} has no ${formatPlatform(platform)}; it has ${there.join(", ") || "nothing that runs"}.`,
          hint: "Take another image or tag for this platform (overrides: in the job), or leave the platform out.",
        });
      }
      const { digest } = found.descriptor;
      const host = location.split("/")[0] ?? "";
      const own = login(host);
      return {
        reference: `${location}@${digest}`,
        digest,
        ...(own === undefined ? {} : { login: { ...own, serveraddress: host } }),
      };
    },
    archive: async (location, platform, { file, name }, signal) => {
      const { store, reference } = openImage(location, registries);
      const root = await store.resolve(reference, { signal });
      const { root: image } = await selectPlatforms(store, root, { platforms: [platform], keepIndex: false, signal });
      await writeDockerArchive(file, store, image, [parseReference(name)], signal);
      return image.digest;
    },
  };
}

/** A lower level of the same architecture: arm/v6 on arm/v7. */
function runsAs(there: Platform, wanted: Platform): boolean {
  return there.architecture === wanted.architecture && canRun(wanted, there);
}
