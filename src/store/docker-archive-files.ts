import { createHash } from "node:crypto";
import { z } from "zod";
import { ArchwayError } from "../error/error.ts";
import { annotationKeys } from "../oci/annotations.ts";
import { parseConfig } from "../oci/config.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { encodeDescriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { encodeJson, parseJson } from "../oci/json.ts";
import { maxLayers, maxManifestIn } from "../oci/limits.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { blobPath } from "./layout-files.ts";
import { layoutMarker } from "./layout-index.ts";
import { readAll } from "./read-all.ts";
import { notFound } from "./store-error.ts";

/** `manifest.json` of `docker save`: one entry an image, paths inside the tar. */
const listSchema = z
  .array(
    z.object({
      Config: z.string(),
      RepoTags: z.array(z.string()).nullish(),
      Layers: z.array(z.string()).max(maxLayers),
    }),
  )
  .max(1_000);

type SavedImage = z.infer<typeof listSchema>[number];

/** A file of the layout that the archive is shown as: made up, or one of the archive under another path. */
type ShownFile = { readonly bytes: Uint8Array } | { readonly path: string };

/**
 * Shows what `docker save` wrote as the files of an OCI layout. Since Docker 25 it is one already. Before, it has no manifests: they are made
 * from its list, and the layers, which it keeps uncompressed, are the ones that the config names.
 */
export function dockerArchiveFiles(tar: LayoutFiles): LayoutFiles {
  let shown: Promise<ReadonlyMap<string, ShownFile>> | undefined;
  const show = () => (shown ??= showFiles(tar));
  return {
    name: tar.name,
    async size(path) {
      const file = (await show()).get(path);
      if (file === undefined) return tar.size(path);
      return "bytes" in file ? file.bytes.length : tar.size(file.path);
    },
    async *read(path, start, signal) {
      const file = (await show()).get(path);
      if (file !== undefined && "bytes" in file) yield file.bytes.subarray(start);
      else yield* tar.read(file?.path ?? path, start, signal);
    },
  };
}

async function showFiles(tar: LayoutFiles): Promise<ReadonlyMap<string, ShownFile>> {
  const files = new Map<string, ShownFile>();
  if ((await tar.size("oci-layout")) !== undefined) return files;
  const list = listSchema.safeParse(parseJson(await readFile(tar, "manifest.json"), `manifest.json of ${tar.name}`));
  if (!list.success) throw invalid(tar, "its manifest.json has another shape");
  const entries: Descriptor[] = [];
  for (const image of list.data) entries.push(...(await showImage(tar, image, files)));
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries.map(encodeDescriptor) };
  files.set("index.json", { bytes: encodeJson(index) });
  files.set("oci-layout", { bytes: layoutMarker });
  return files;
}

/** Makes the manifest of an image, and the entries of `index.json` for its names. */
async function showImage(tar: LayoutFiles, image: SavedImage, files: Map<string, ShownFile>): Promise<Descriptor[]> {
  const bytes = await readFile(tar, image.Config);
  const { diffIds, platform } = parseConfig(bytes);
  if (diffIds.length !== image.Layers.length) throw invalid(tar, `${image.Config} names another number of layers`);
  const config = { mediaType: mediaTypes.dockerConfig, digest: digestOf(bytes), size: bytes.length };
  files.set(blobPath(config.digest), { bytes });
  const layers: Descriptor[] = [];
  for (const [position, path] of image.Layers.entries()) {
    const layer = await describeLayer(tar, path, diffIds[position]);
    files.set(blobPath(layer.digest), { path });
    layers.push(layer);
  }
  const mediaType = mediaTypes.dockerManifest;
  const manifest = encodeJson({ schemaVersion: 2, mediaType, config, layers });
  const descriptor = { mediaType, digest: digestOf(manifest), size: manifest.length, platform };
  files.set(blobPath(descriptor.digest), { bytes: manifest });
  const names = (image.RepoTags ?? []).map((name) => formatReference(parseReference(name)));
  if (names.length === 0) return [descriptor];
  return names.map((name) => ({ ...descriptor, annotations: { [annotationKeys.containerdName]: name } }));
}

/** Builders other than Docker put compressed layers into such archives: those have to be read to know their digest. */
async function describeLayer(tar: LayoutFiles, path: string, diffId: Digest | undefined): Promise<Descriptor> {
  const size = await tar.size(path);
  if (size === undefined || diffId === undefined) throw notFound(tar.name, `file ${path}`);
  const hash = createHash("sha256");
  let begun = false;
  for await (const piece of tar.read(path, 0)) {
    const isGzip = begun || (piece[0] === 0x1f && piece[1] === 0x8b);
    if (!isGzip) return { mediaType: mediaTypes.dockerLayer, digest: diffId, size };
    begun = true;
    hash.update(piece);
  }
  return { mediaType: mediaTypes.dockerLayerGzip, digest: `sha256:${hash.digest("hex")}`, size };
}

async function readFile(tar: LayoutFiles, path: string): Promise<Uint8Array> {
  if ((await tar.size(path)) === undefined)
    throw notFound(tar.name, `file ${path}`, "It is not what docker save writes.");
  return readAll(tar.read(path, 0), maxManifestIn, `${path} of ${tar.name}`);
}

function invalid(tar: LayoutFiles, why: string): ArchwayError {
  return new ArchwayError({ code: "INVALID_ARCHIVE", kind: "failed", message: `${tar.name} cannot be read: ${why}` });
}
