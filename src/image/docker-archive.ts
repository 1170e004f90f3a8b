import { annotationKeys } from "../oci/annotations.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { encodeDescriptor } from "../oci/descriptor.ts";
import { encodedOf, algorithmOf } from "../oci/digest.ts";
import { encodeJson } from "../oci/json.ts";
import { parseManifest } from "../oci/manifest.ts";
import { familiarReference, withTag } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { ImageStore } from "../store/store.ts";
import { contentOfBytes, writeTarFile } from "../store/tar-file.ts";

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
  await writeTarFile(
    file,
    async (add) => {
      const blobs = new Map([manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob] as const));
      for (const blob of blobs.values()) await add(blobName(blob), blob.size, store.fetch(blob, { signal }));
      await add(blobName(own), bytes.length, contentOfBytes(bytes));
      const documents = {
        "oci-layout": { imageLayoutVersion: "1.0.0" },
        "index.json": indexOf(own, references),
        "manifest.json": [
          {
            Config: blobName(manifest.config),
            RepoTags: references.map((reference) =>
              familiarReference({ ...reference, tag: reference.tag ?? "latest" }),
            ),
            Layers: manifest.layers.map(blobName),
          },
        ],
      };
      for (const [name, value] of Object.entries(documents)) {
        const content = encodeJson(value);
        await add(name, content.length, contentOfBytes(content));
      }
    },
    signal,
  );
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
