import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished, pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import { annotationKeys } from "../oci/annotations.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { encodeDescriptor } from "../oci/descriptor.ts";
import { encodedOf, algorithmOf } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { familiarReference, withTag } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { ImageStore } from "../store/store.ts";

/**
 * Writes one image as a tar that every `docker load` and `podman load` takes: the `manifest.json` of Docker's old format for the classic image
 * store, and an OCI layout around the same blobs for the containerd store (the form of `docker save` since Docker 25). The digest
 * of the image stays. The file appears whole, or not at all.
 *
 * `references` are the names that the image gets, with tags.
 */
export async function writeDockerArchive(
  file: string,
  store: ImageStore,
  image: Descriptor,
  references: readonly Reference[],
  signal: AbortSignal,
): Promise<void> {
  const bytes = await store.manifest(image, { signal });
  const manifest = parseManifest(bytes, { digest: image.digest, mediaType: image.mediaType });
  const own: Descriptor = { ...image, size: bytes.length, mediaType: manifest.mediaType };
  const temporary = `${file}.${createHash("sha256").update(`${process.pid}${file}`).digest("hex").slice(0, 8)}.part`;
  const tar = pack();
  const sink = createWriteStream(temporary);
  const done = finished(tar.pipe(sink), { signal });
  // Reported by the await below; without a listener an early failure would end the process.
  done.catch(() => undefined);

  const add = async (name: string, content: Uint8Array) => {
    await new Promise<void>((resolve, reject) => {
      tar.entry({ name, size: content.length }, Buffer.from(content), (error) => (error ? reject(error) : resolve()));
    });
  };
  const seen = new Set<string>();
  const addBlob = async (blob: Descriptor) => {
    if (seen.has(blob.digest)) return;
    seen.add(blob.digest);
    await pipeline(store.fetch(blob, { signal }), tar.entry({ name: blobName(blob), size: blob.size }), { signal });
  };

  try {
    await addBlob({ ...manifest.config, size: manifest.config.size });
    for (const layer of manifest.layers) await addBlob(layer);
    if (!seen.has(own.digest)) await add(blobName(own), bytes);
    await add("oci-layout", json({ imageLayoutVersion: "1.0.0" }));
    await add("index.json", json(indexOf(own, references)));
    await add(
      "manifest.json",
      json([
        {
          Config: blobName(manifest.config),
          RepoTags: references.map(familiarReference),
          Layers: manifest.layers.map(blobName),
        },
      ]),
    );
    tar.finalize();
    await done;
    await rename(temporary, file);
  } catch (error) {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
    await rm(temporary, { force: true });
    throw error;
  }
}

function indexOf(image: Descriptor, references: readonly Reference[]): unknown {
  const entries = references.length === 0 ? [undefined] : references;
  return {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: entries.map((reference) =>
      encodeDescriptor({
        ...image,
        ...(reference
          ? {
              annotations: {
                [annotationKeys.containerdName]: fullName(reference),
                [annotationKeys.refName]: reference.tag ?? "latest",
              },
            }
          : {}),
      }),
    ),
  };
}

function fullName(reference: Reference): string {
  const { host, path, tag = "latest" } = withTag(reference, reference.tag ?? "latest");
  return `${host}/${path}:${tag}`;
}

function blobName(descriptor: Descriptor): string {
  return `blobs/${algorithmOf(descriptor.digest)}/${encodedOf(descriptor.digest)}`;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
