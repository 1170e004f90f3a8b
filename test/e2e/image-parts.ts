/** Images put together by hand in a store: what engines do seldom, and what they do wrong. */
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { copyImage } from "../../src/image/copy.ts";
import { assembleIndex } from "../../src/oci/assemble.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { parseIndex } from "../../src/oci/index.ts";
import { encodeJson } from "../../src/oci/json.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { formatPlatform, parsePlatform } from "../../src/platform/platform.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import type { ImageStore } from "../../src/store/store.ts";
import type { BaseImage } from "../bed/bed.ts";
import { content, sourceOf } from "./store-samples.ts";
import type { Content } from "./store-samples.ts";

/** Copies the image that a base has for a platform, and gives its descriptor, with the platform. */
export async function putBase(into: ImageStore, base: BaseImage, platform: string): Promise<Descriptor> {
  const { layout, image } = await imageOfBase(base, platform);
  await copyImage(layout, into, image);
  return image;
}

/** What Buildah 1.39.3 makes of `test/scenarios/buildah-wrong-stage`: config and manifest for one platform over the base layers of another. */
export async function putWrongStage(
  into: ImageStore,
  base: BaseImage,
  { layersOf, declared }: { readonly layersOf: string; readonly declared: string },
): Promise<Descriptor> {
  const { layout, image } = await imageOfBase(base, layersOf);
  await copyImage(layout, into, image);
  const manifest = parseManifest(await layout.manifest(image));
  const config: unknown = JSON.parse((await buffer(layout.fetch(manifest.config))).toString());
  const { diffIds, history } = configParts(config);
  const result = await fileLayer({ result: "built\n" });
  return putImage(into, declared, [...manifest.layers.map((descriptor) => ({ descriptor })), result], {
    diffIds: [...diffIds, result.diffId],
    history: [...history, { created_by: "/bin/sh -c #(nop) COPY file:0123 in /result" }],
    command: ["busybox", "cat", "/result"],
  });
}

/** The base layers of one platform under the config of another or the same, with a command. */
export async function putCommand(
  into: ImageStore,
  base: BaseImage,
  { layersOf, declared, command }: { readonly layersOf: string; readonly declared: string; readonly command: string[] },
): Promise<Descriptor> {
  const { layout, image } = await imageOfBase(base, layersOf);
  await copyImage(layout, into, image);
  const manifest = parseManifest(await layout.manifest(image));
  const config: unknown = JSON.parse((await buffer(layout.fetch(manifest.config))).toString());
  const layers = manifest.layers.map((descriptor) => ({ descriptor }));
  return putImage(into, declared, layers, { ...configParts(config), command });
}

/** What `FROM image` and one more layer make, with a command. */
export async function putChild(into: ImageStore, image: Descriptor, command: string[]): Promise<Descriptor> {
  const manifest = parseManifest(await into.manifest(image));
  const config: unknown = JSON.parse((await buffer(into.fetch(manifest.config))).toString());
  const { diffIds, history } = configParts(config);
  const added = await fileLayer({ added: "by the child\n" });
  const layers = [...manifest.layers.map((descriptor) => ({ descriptor })), added];
  return putImage(into, "linux/amd64", layers, {
    diffIds: [...diffIds, added.diffId],
    history: [...history, { created_by: "COPY added /" }],
    command,
  });
}

/** An image of one layer with files and no machine code. */
export async function putFiles(
  into: ImageStore,
  platform: string,
  files: Readonly<Record<string, string>>,
): Promise<Descriptor> {
  const layer = await fileLayer(files);
  return putImage(into, platform, [layer], { diffIds: [layer.diffId], history: [{ created_by: "COPY . /" }] });
}

/** Joins an image with a provenance attestation, and others without, in an index, as BuildKit leaves them, and gives the index. */
export async function putAttested(
  into: ImageStore,
  image: Descriptor,
  others: readonly Descriptor[] = [],
): Promise<Descriptor> {
  const statement = content(
    encodeJson({ _type: "https://in-toto.io/Statement/v0.1", subject: [{ digest: image.digest }] }),
    mediaTypes.inToto,
  );
  // crane counts no statement among the layers that a config has to name.
  const rootfs = { type: "layers", diff_ids: [] };
  const config = content(encodeJson({ os: "unknown", architecture: "unknown", rootfs }), mediaTypes.ociConfig);
  const proof = await putManifest(into, config, [statement]);
  const { bytes, descriptor } = assembleIndex({
    children: [image, ...others],
    attestations: [
      {
        ...proof,
        platform: { os: "unknown", architecture: "unknown" },
        annotations: {
          "vnd.docker.reference.type": "attestation-manifest",
          "vnd.docker.reference.digest": image.digest,
        },
      },
    ],
  });
  await into.putManifest(descriptor, bytes);
  return descriptor;
}

/** Joins images into an index, and gives it. */
export async function putIndex(into: ImageStore, children: readonly Descriptor[]): Promise<Descriptor> {
  const { bytes, descriptor } = assembleIndex({ children });
  await into.putManifest(descriptor, bytes);
  return descriptor;
}

/** The same image, said to be for another platform. */
export function saidToBe(image: Descriptor, platform: string): Descriptor {
  return { ...image, platform: parsePlatform(platform) };
}

interface Layer {
  readonly descriptor: Descriptor;
  /** Absent when the layer is in the store already. */
  readonly bytes?: Uint8Array;
}

async function putImage(
  into: ImageStore,
  platform: string,
  layers: readonly Layer[],
  made: { readonly diffIds: readonly string[]; readonly history: readonly object[]; readonly command?: string[] },
): Promise<Descriptor> {
  const parsed = parsePlatform(platform);
  const config = content(
    encodeJson({
      ...parsed,
      config: { Cmd: made.command ?? [] },
      rootfs: { type: "layers", diff_ids: made.diffIds },
      history: made.history,
    }),
    mediaTypes.ociConfig,
  );
  return { ...(await putManifest(into, config, layers)), platform: parsed };
}

async function putManifest(into: ImageStore, config: Content, layers: readonly Layer[]): Promise<Descriptor> {
  for (const { descriptor, bytes } of [config, ...layers]) {
    if (bytes !== undefined) await into.putBlob(descriptor, sourceOf(bytes));
  }
  const manifest = content(
    encodeJson({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: config.descriptor,
      layers: layers.map(({ descriptor }) => descriptor),
    }),
    mediaTypes.ociManifest,
  );
  await into.putManifest(manifest.descriptor, manifest.bytes);
  return manifest.descriptor;
}

async function imageOfBase(base: BaseImage, platform: string): Promise<{ layout: LayoutStore; image: Descriptor }> {
  const layout = new LayoutStore(base.layout);
  const [main] = base.tags;
  const index = parseIndex(await layout.manifest(await layout.resolve(main?.tag ?? "latest")));
  const entry = index.entries.find(
    ({ descriptor }) => descriptor.platform && formatPlatform(descriptor.platform) === platform,
  );
  if (entry === undefined) throw new RangeError(`${base.name} has nothing for ${platform}`);
  return { layout, image: entry.descriptor };
}

function configParts(config: unknown): { diffIds: readonly string[]; history: readonly object[] } {
  const { rootfs, history } = config as { rootfs: { diff_ids: string[] }; history?: object[] };
  return { diffIds: rootfs.diff_ids, history: history ?? [] };
}

async function fileLayer(files: Readonly<Record<string, string>>): Promise<Content & { readonly diffId: string }> {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, text);
  archive.finalize();
  const tar = await buffer(archive);
  const diffId = `sha256:${createHash("sha256").update(tar).digest("hex")}`;
  return { ...content(gzipSync(tar), mediaTypes.ociLayerGzip), diffId };
}
