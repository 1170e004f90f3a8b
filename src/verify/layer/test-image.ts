import { buffer } from "node:stream/consumers";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { pack } from "tar-stream";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { Platform } from "../../platform/platform.ts";
import type { ImageStore } from "../../store/store.ts";

/** One entry of a layer made for a test; a file by default. */
export interface MadeEntry {
  readonly name: string;
  readonly type?: "file" | "directory" | "symlink" | "link" | "character-device" | "fifo";
  readonly content?: string | Uint8Array;
  /** 0755 by default. */
  readonly mode?: number;
  readonly target?: string;
}

/** One layer of an image made for a test. */
export interface MadeLayer {
  readonly entries: readonly MadeEntry[];
  /** The history line; "COPY . /" by default. */
  readonly createdBy?: string;
  readonly compression?: "none" | "gzip" | "zstd";
  /** The blob itself, instead of one made of the entries. */
  readonly blob?: Uint8Array;
  /** What the config lists for the blob; the digest of the entries' archive by default. */
  readonly diffId?: string;
  readonly mediaType?: string;
}

/** An image made for a test. */
export interface MadeImage {
  readonly platform: Platform;
  readonly layers: readonly MadeLayer[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  readonly healthcheck?: readonly string[];
  /** What the config lists instead of the digests of the unpacked layers. */
  readonly diffIds?: readonly string[];
  /** What the config says when it is not the platform. */
  readonly configPlatform?: Platform;
}

/** The uncompressed tar archive of entries. */
export async function makeTar(entries: readonly MadeEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, type = "file", content = "", mode = 0o755, target } of entries) {
    const bytes = Buffer.from(content);
    archive.entry(
      {
        name,
        type,
        mode,
        size: type === "file" ? bytes.length : 0,
        mtime: new Date(0),
        ...(target === undefined ? {} : { linkname: target }),
      },
      bytes,
    );
  }
  archive.finalize();
  return buffer(archive);
}

/** Puts an image into a store, its layers first; gives the manifest's descriptor. */
export async function putImage(store: ImageStore, image: MadeImage): Promise<Descriptor> {
  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  for (const layer of image.layers) {
    const { entries, compression = "gzip", blob, diffId, mediaType = mediaTypes.ociLayerGzip } = layer;
    const tar = await makeTar(entries);
    diffIds.push(diffId ?? digestOf(tar));
    const packed =
      compression === "gzip" ? gzipSync(tar, { level: 1 }) : compression === "zstd" ? zstdCompressSync(tar) : tar;
    layers.push(await putBlob(store, blob ?? packed, mediaType));
  }
  const config = await putBlob(store, json(configOf(image, image.diffIds ?? diffIds)), mediaTypes.ociConfig);
  const manifest = json({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers });
  const descriptor: Descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(manifest),
    size: manifest.length,
    platform: image.platform,
  };
  await store.putManifest(descriptor, manifest);
  return descriptor;
}

function configOf(image: MadeImage, diffIds: readonly string[]): object {
  const { entrypoint, command, environment, workingDirectory, healthcheck, layers } = image;
  return {
    ...(image.configPlatform ?? image.platform),
    config: {
      Entrypoint: entrypoint ?? null,
      Cmd: command ?? null,
      Env: environment ?? ["PATH=/usr/local/bin:/usr/bin:/bin"],
      WorkingDir: workingDirectory ?? "",
      ...(healthcheck === undefined ? {} : { Healthcheck: { Test: healthcheck } }),
    },
    rootfs: { type: "layers", diff_ids: diffIds },
    history: layers.flatMap(({ createdBy = "COPY . / # buildkit" }) => [
      { created_by: "ENV A=b", empty_layer: true },
      { created_by: createdBy },
    ]),
  };
}

async function putBlob(store: ImageStore, bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
  const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await store.putBlob(descriptor, {
    open: async function* (start = 0) {
      yield bytes.subarray(start);
    },
  });
  return descriptor;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
