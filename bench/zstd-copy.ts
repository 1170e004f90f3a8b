import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { link, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdCompress } from "node:zlib";
import { z } from "zod";
import type { BaseTag } from "../test/bed/base/image.ts";
import { cacheFolder, makeOnce } from "../test/bed/cache-folder.ts";

const descriptorSchema = z.looseObject({ mediaType: z.string(), digest: z.string(), size: z.number() });
const indexSchema = z.looseObject({ manifests: z.array(descriptorSchema) });
const manifestSchema = z.looseObject({ config: descriptorSchema, layers: z.array(descriptorSchema) });

type Blob = z.infer<typeof descriptorSchema>;

/** Makes, once, a layout of the bed's with the same image in layers of zstd, and gives its folder and its tag. */
export async function zstdCopy(
  layout: string,
  { tag, digest, platforms }: BaseTag,
): Promise<{ layout: string; tags: BaseTag[] }> {
  const made = await makeOnce(cacheFolder("bases", `${basename(layout)}-zstd`), async (folder) => {
    await mkdir(join(folder, "blobs", "sha256"), { recursive: true });
    const index = indexSchema.parse(await readJson(layout, digest));
    const manifests: Blob[] = [];
    for (const child of index.manifests) {
      const manifest = manifestSchema.parse(await readJson(layout, child.digest));
      await link(blobOf(layout, manifest.config.digest), blobOf(folder, manifest.config.digest)).catch(ignoreExisting);
      const layers: Blob[] = [];
      for (const layer of manifest.layers) layers.push(await recompress(layout, folder, layer));
      manifests.push({ ...child, ...(await putJson(folder, { ...manifest, layers })) });
    }
    const { digest: copied } = await putJson(folder, { ...index, manifests });
    await writeFile(join(folder, "tags.json"), JSON.stringify([{ tag, digest: copied, platforms }]));
  });
  const [{ digest: copied }] = z
    .tuple([z.object({ digest: z.string() })])
    .parse(JSON.parse(await readFile(join(made, "tags.json"), "utf8")));
  return { layout: made, tags: [{ tag, digest: copied, platforms }] };
}

async function recompress(from: string, to: string, { digest }: Blob): Promise<Blob> {
  const temporary = join(to, "layer.part");
  const hash = createHash("sha256");
  const hashing = new PassThrough().on("data", (chunk: Buffer) => hash.update(chunk));
  await pipeline(
    createReadStream(blobOf(from, digest)),
    createGunzip(),
    createZstdCompress(),
    hashing,
    createWriteStream(temporary),
  );
  const packed = `sha256:${hash.digest("hex")}`;
  const { size } = await stat(temporary);
  await rename(temporary, blobOf(to, packed));
  return { mediaType: "application/vnd.oci.image.layer.v1.tar+zstd", digest: packed, size };
}

async function putJson(folder: string, content: object): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(content));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  await writeFile(blobOf(folder, digest), bytes);
  return { digest, size: bytes.length };
}

async function readJson(folder: string, digest: string): Promise<unknown> {
  return JSON.parse(await readFile(blobOf(folder, digest), "utf8"));
}

function blobOf(folder: string, digest: string): string {
  return join(folder, "blobs", digest.replace(":", "/"));
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
