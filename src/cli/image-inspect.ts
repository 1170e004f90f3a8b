import { loadConfig } from "../config/config.ts";
import { ArchwayError } from "../error/error.ts";
import { inspectedImages, inspectImage } from "../image/inspect.ts";
import type { Inspected } from "../image/inspect.ts";
import { platformOfImage } from "../image/inspection-facts.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { missedFile, openImage } from "../store/open-store.ts";
import type { ImageStore } from "../store/store.ts";
import type { CliContext } from "./context.ts";
import { inspectedJson } from "./image-inspect-json.ts";
import type { ImageInspectOptions } from "./image-inspect-options.ts";
import { formatInspection } from "./image-inspect-text.ts";
import { openRegistries } from "./registries.ts";

/** One image, read. */
export interface Inspection {
  /** As the user named it. */
  readonly reference: string;
  readonly root: ReturnType<typeof inspectImage> extends Promise<infer Result> ? Result : never;
}

/**
 * `archway image inspect`: shows the documents of images, or the bytes of one. Returns 0, also for an image with oddities: they are shown, and
 * `archway verify` is there to judge.
 */
export async function runImageInspect(
  context: CliContext,
  images: readonly string[],
  options: ImageInspectOptions,
): Promise<number> {
  const { signal, stdout, env } = context;
  const config = await loadConfig({ directory: context.cwd, file: options.config });
  const { registries } = openRegistries({ ...options, registries: config.registries }, context);
  const resolved = await Promise.all(
    images.map(async (image) => {
      const { store, reference } = openImage(image, registries);
      try {
        return { image, store, descriptor: await store.resolve(reference, { signal }) };
      } catch (error) {
        throw missedFile(error, image);
      }
    }),
  );
  const [only] = resolved;
  if (options.raw && only !== undefined) {
    stdout.write(await rawDocument(only.image, only.store, only.descriptor, options, signal));
    return 0;
  }
  const inspected = await Promise.all(
    resolved.map(async ({ image, store, descriptor }): Promise<Inspection> => {
      const root = await inspectImage(store, descriptor, { signal });
      return { reference: image, root: onlyPlatforms(image, root, options.platforms) };
    }),
  );
  if (options.format === "json") stdout.write(`${JSON.stringify(inspectedJson(inspected), null, 2)}\n`);
  else {
    const style = makeStyle(usesColor(stdout, env));
    stdout.write(inspected.map((one) => `${formatInspection(one, style).join("\n")}\n`).join("\n"));
  }
  return 0;
}

/** The bytes as they were published: no line feed is added, so that their digest is the image's. */
async function rawDocument(
  image: string,
  store: ImageStore,
  root: Descriptor,
  { platforms }: ImageInspectOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const [platform] = platforms;
  if (platform === undefined) return store.manifest(root, { signal });
  const found = inspectedImages(onlyPlatforms(image, await inspectImage(store, root, { signal }), [platform]));
  return store.manifest(found[0]?.descriptor ?? root, { signal });
}

/** Leaves out the images of other platforms. Throws `PLATFORM_NOT_FOUND` with what there is. */
function onlyPlatforms(image: string, root: Inspection["root"], platforms: readonly Platform[]): Inspection["root"] {
  if (platforms.length === 0) return root;
  const there = inspectedImages(root).flatMap((one) => platformOfImage(one) ?? []);
  for (const platform of platforms) {
    if (there.some((one) => samePlatform(one, platform))) continue;
    throw new ArchwayError({
      code: "PLATFORM_NOT_FOUND",
      kind: "input",
      message: `${image} has no image for ${formatPlatform(platform)}.`,
      hint: there.length === 0 ? "It is no image that can run." : `It has ${there.map(formatPlatform).join(", ")}.`,
    });
  }
  const stays = (part: Inspected): boolean => {
    if (part.kind === "index") return inspectedImages(part).some(stays);
    if (part.kind !== "image") return false;
    const own = platformOfImage(part);
    return own !== undefined && platforms.some((platform) => samePlatform(platform, own));
  };
  const narrow = <Part extends Inspected>(part: Part): Part =>
    part.kind === "index" ? { ...part, entries: part.entries.filter(stays).map(narrow) } : part;
  return narrow(root);
}
