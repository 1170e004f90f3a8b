/** Media types of images (OCI image-spec, media-types.md; Docker image manifest v2, schema 2). */
export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  /** Uncompressed layer, as `docker save` has it; registries hold the compressed one. */
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  inToto: "application/vnd.in-toto+json",
} as const;

/** Media types of image indexes. */
export const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];

/** Media types of image manifests. */
export const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];

/** Media types of image configs; other configs belong to artifacts that are no images. */
export const configTypes: readonly string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig];

/** True for an OCI image index or a Docker manifest list. */
export function isIndexType(mediaType: string): boolean {
  return indexTypes.includes(mediaType);
}

/** True for an OCI or Docker image manifest. */
export function isManifestType(mediaType: string): boolean {
  return manifestTypes.includes(mediaType);
}

/** True for the config of an image that can run. */
export function isConfigType(mediaType: string): boolean {
  return configTypes.includes(mediaType);
}

/** True for Docker's own media types, which know no annotations. */
export function isDockerType(mediaType: string): boolean {
  return mediaType.startsWith("application/vnd.docker.");
}

/** True for layers that registries do not hold (Windows base layers); their `urls` tell where they are. */
export function isForeignLayerType(mediaType: string): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}
