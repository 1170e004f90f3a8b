import { createHash } from "node:crypto";
import { link, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { formatPlatform } from "../../../src/platform/platform.ts";
import { cacheFolder, makeOnce } from "../cache-folder.ts";
import type { Log } from "../log.ts";
import { openArchive, platformOf, type DebianArchitecture, type DebianArchive } from "./debian-archive.ts";
import { layer, type Layer } from "./layer.ts";
import { recipes, type BaseName, type ImageRecipe } from "./recipes.ts";

export const indexType = "application/vnd.oci.image.index.v1+json";
export const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** One tag of a base image. */
export interface BaseTag {
  readonly tag: string;
  /** Digest of the image index. */
  readonly digest: string;
  /** `linux/amd64`, …, as in the index. */
  readonly platforms: readonly string[];
}

/** An image in the cache: a base image, or one of a benchmark. */
export interface BaseLayout<Name extends string = BaseName> {
  readonly name: Name;
  /** An OCI layout whose `index.json` names each tag's image index by `org.opencontainers.image.ref.name`. */
  readonly layout: string;
  readonly tags: readonly BaseTag[];
}

const tagsSchema = z.array(z.object({ tag: z.string(), digest: z.string(), platforms: z.array(z.string()) }));

/** This machine's own architecture in Debian's words; `native` programs of packages are run here while images are made. */
const nativeArchitecture: DebianArchitecture =
  process.arch === "arm64" ? "arm64" : process.arch === "arm" ? "armhf" : "amd64";

/**
 * Gives a base image out of the cache, or makes it from Debian packages, saying so and how long it took. Layers that images have in
 * common are made once. Throws `BED_COMMAND_FAILED` when a package cannot be had.
 */
export async function baseLayout(name: BaseName, log: Log, signal?: AbortSignal): Promise<BaseLayout> {
  return madeLayout(name, recipes[name], log, signal);
}

/** Does for any images what {@link baseLayout} does for those that the tests share. */
export async function madeLayout<Name extends string>(
  name: Name,
  images: readonly ImageRecipe[],
  log: Log,
  signal?: AbortSignal,
): Promise<BaseLayout<Name>> {
  const key = createHash("sha256").update(JSON.stringify(images)).digest("hex").slice(0, 16);
  const layout = cacheFolder("bases", `${name}-${key}`);
  await makeOnce(layout, async (folder) => {
    log(`making the image ${name} from Debian packages …`);
    const started = Date.now();
    await mkdir(join(folder, "blobs", "sha256"), { recursive: true });
    const tags: BaseTag[] = [];
    for (const recipe of images) tags.push(...(await makeImage(recipe, folder, log, signal)));
    const manifests = await Promise.all(tags.map((tag) => describeTag(folder, tag)));
    await writeFile(join(folder, "index.json"), json({ schemaVersion: 2, mediaType: indexType, manifests }));
    await writeFile(join(folder, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
    await writeFile(join(folder, "tags.json"), json(tags));
    log(`  ${name}: ${Math.round((Date.now() - started) / 1000)} s`);
  });
  return { name, layout, tags: tagsSchema.parse(JSON.parse(await readFile(join(layout, "tags.json"), "utf8"))) };
}

/** Makes one image index with its images in the layout. */
async function makeImage(recipe: ImageRecipe, folder: string, log: Log, signal?: AbortSignal): Promise<BaseTag[]> {
  const manifests: object[] = [];
  for (const architecture of recipe.architectures) {
    const layers = await makeLayers(recipe, architecture, log, signal);
    for (const { file, digest } of layers) await linkBlob(file, folder, digest);
    const platform = platformOf[architecture];
    const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...recipe.env };
    const config = await putBlob(folder, {
      created: "2024-01-01T00:00:00Z",
      ...platform,
      config: { Env: Object.entries(env).map(([key, value]) => `${key}=${value}`), Cmd: recipe.command },
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(() => ({ created: "2024-01-01T00:00:00Z", created_by: "archway test bed" })),
    });
    const manifest = await putBlob(folder, {
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: layers.map(({ digest, size }) => ({
        mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
        digest,
        size,
      })),
    });
    manifests.push({ mediaType: manifestType, ...manifest, platform });
  }
  const { digest } = await putBlob(folder, { schemaVersion: 2, mediaType: indexType, manifests });
  const platforms = recipe.architectures.map((architecture) => formatPlatform(platformOf[architecture]));
  return recipe.tags.map((tag) => ({ tag, digest, platforms }));
}

async function makeLayers(
  recipe: ImageRecipe,
  architecture: DebianArchitecture,
  log: Log,
  signal?: AbortSignal,
): Promise<Layer[]> {
  const names = recipe.layers.flatMap(({ packages = [], alone = [] }) => [...packages, ...alone]);
  const foreign = (["amd64", "arm64", "armhf"] as const).filter((other) =>
    names.some((name) => name.endsWith(`:${other}`)),
  );
  const archive = await openArchive(architecture, foreign, log, signal);
  const native = (): Promise<DebianArchive> =>
    architecture === nativeArchitecture ? Promise.resolve(archive) : openArchive(nativeArchitecture, [], log, signal);
  const layers: Layer[] = [];
  for (const [index] of recipe.layers.entries()) {
    const chain = recipe.layers.slice(0, index + 1);
    layers.push(await layer(chain, layers.at(-1)?.packages ?? [], { archive, native, signal }));
  }
  return layers;
}

async function describeTag(folder: string, { tag, digest }: BaseTag): Promise<object> {
  const { length } = await readFile(join(folder, "blobs", digest.replace(":", "/")));
  return { mediaType: indexType, digest, size: length, annotations: { "org.opencontainers.image.ref.name": tag } };
}

async function putBlob(folder: string, content: object): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(json(content));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  await writeFile(join(folder, "blobs", digest.replace(":", "/")), bytes);
  return { digest, size: bytes.length };
}

/** The same layer may come twice: of two tags, or of two platforms. */
async function linkBlob(file: string, folder: string, digest: string): Promise<void> {
  await link(file, join(folder, "blobs", digest.replace(":", "/"))).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
