/** Images made up for the tests of stores: small, and different in every byte that a seed decides. */
import assert from "node:assert/strict";
import { createCipheriv, createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { assembleIndex } from "../../src/oci/assemble.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { encodeJson } from "../../src/oci/json.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { BlobSource, ImageStore } from "../../src/store/store.ts";

/** A descriptor with the bytes that it describes. */
export interface Content {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** An image, or an index with its images, in the order in which it has to be stored. */
export interface SampleImage {
  readonly root: Content;
  /** Children first, the root last. */
  readonly manifests: readonly [Content, ...Content[]];
  readonly blobs: readonly [Content, ...Content[]];
}

/** Bytes that look random and are the same for the same seed. */
export function noise(seed: string, size: number): Uint8Array {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** Bytes with their descriptor. */
export function content(bytes: Uint8Array, mediaType: string = mediaTypes.ociLayerGzip): Content {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/** A source that gives bytes in pieces. */
export function sourceOf(bytes: Uint8Array, pieceSize = 64 * 1024): BlobSource {
  return {
    async *open(start = 0) {
      for (let at = start; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
    },
  };
}

/** An image of one platform with layers of the given sizes. */
export function sampleImage(
  seed: string,
  platform: Platform,
  layerSizes: readonly number[] = [100, 5_000],
): SampleImage {
  const layers = layerSizes.map((size, position) => content(noise(`${seed} ${position}`, size)));
  const config = content(
    encodeJson({
      ...platform,
      config: {},
      rootfs: { type: "layers", diff_ids: layers.map((one) => one.descriptor.digest) },
    }),
    mediaTypes.ociConfig,
  );
  return image(config, layers);
}

/** An index of several platforms, each with an attestation. */
export function sampleIndex(
  seed: string,
  architectures: readonly string[] = ["amd64", "arm64"],
  layerSizes?: readonly number[],
): SampleImage {
  const images = architectures.map((architecture) => {
    const platform = { os: "linux", architecture };
    return { platform, ...sampleImage(`${seed} ${architecture}`, platform, layerSizes) };
  });
  const proofs = images.map(({ root }) => attestation(seed, root.descriptor));
  const { bytes, descriptor } = assembleIndex({
    children: images.map(({ root, platform }) => ({ ...root.descriptor, platform })),
    attestations: proofs.map(({ root, subject }) => ({
      ...root.descriptor,
      platform: { os: "unknown", architecture: "unknown" },
      annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject },
    })),
  });
  const root = { descriptor, bytes };
  const parts = [...images, ...proofs];
  return {
    root,
    manifests: nonEmpty([...parts.flatMap(({ manifests }) => manifests), root]),
    blobs: nonEmpty(parts.flatMap(({ blobs }) => blobs)),
  };
}

/** A manifest that is attached to another one by `subject`. */
export function sampleReferrer(seed: string, subject: Descriptor): SampleImage {
  const empty = content(new TextEncoder().encode("{}"), mediaTypes.ociEmpty);
  const signature = content(noise(seed, 40), "application/vnd.example.signature");
  const { mediaType, digest, size } = subject;
  return image(empty, [signature], {
    artifactType: "application/vnd.example.signature",
    subject: { mediaType, digest, size },
    annotations: { "org.example.seed": seed },
  });
}

/** Stores an image as it has to be: blobs, children, root. No tag. */
export async function store(into: ImageStore, { blobs, manifests }: SampleImage): Promise<void> {
  for (const { descriptor, bytes } of blobs) await into.putBlob(descriptor, sourceOf(bytes));
  for (const { descriptor, bytes } of manifests) await into.putManifest(descriptor, bytes);
}

/** Reads all bytes of a stream. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream));
}

/** Reads all bytes of a stream whose pieces are only valid until the next one is asked for. */
export async function collectLent(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) {
    pieces.push(Buffer.from(piece));
    // Another turn of the loop: whatever writes into memory that is still lent does it now.
    await setImmediate();
    assert(pieces.at(-1)?.equals(piece), "a piece changed while it was lent");
  }
  return Buffer.concat(pieces);
}

function image(config: Content, layers: readonly Content[], more: Record<string, unknown> = {}): SampleImage {
  const root = content(
    encodeJson({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: config.descriptor,
      layers: layers.map(({ descriptor }) => descriptor),
      ...more,
    }),
    mediaTypes.ociManifest,
  );
  return { root, manifests: [root], blobs: [config, ...layers] };
}

function attestation(seed: string, { digest }: Descriptor): SampleImage & { readonly subject: string } {
  const statement = content(
    encodeJson({ _type: "https://in-toto.io/Statement/v0.1", seed, digest }),
    mediaTypes.inToto,
  );
  const config = content(encodeJson({ os: "unknown", architecture: "unknown", rootfs: {} }), mediaTypes.ociConfig);
  return { ...image(config, [statement]), subject: digest };
}

function nonEmpty(list: readonly Content[]): [Content, ...Content[]] {
  const [first, ...rest] = list;
  if (first === undefined) throw new RangeError("a sample has at least one platform");
  return [first, ...rest];
}
