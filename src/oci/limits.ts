/**
 * Bounds of what is read and written. Documents come from strangers; the sizes are those that regclient, containerd and registries use
 * (distribution-spec, "Pushing Manifests": registries should take manifests of at least 4 MB).
 */

/** Largest manifest or index that is written, bytes: what every registry is asked to take. */
export const maxManifestOut = 4 * 1024 * 1024;

/** Largest manifest, index or config that is read, bytes: twice what a registry must take, as regclient has it. */
export const maxManifestIn = 8 * 1024 * 1024;

/** Most entries of one index: 40 platforms with image, attestation and signature stay under 200. */
export const maxIndexEntries = 1_000;

/** Most layers of one image manifest: engines stop near 128, artifacts use some hundreds. */
export const maxLayers = 2_000;

/** How deep indexes may nest: an index of indexes of images is legal (image-spec, image-index.md), more is not seen in the wild. */
export const maxIndexDepth = 4;

/** How deep JSON may nest: image configs reach 5; the bound keeps recursive readers safe. */
export const maxJsonDepth = 64;

/** Most values in one JSON document: 8 MiB of `[],[],…` would otherwise be millions of objects. */
export const maxJsonValues = 250_000;

/** Longest media type, annotation key or platform field, characters (RFC 6838 allows 127 + 1 + 127 for media types). */
export const maxName = 512;
