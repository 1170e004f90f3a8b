/** Annotation keys that have a meaning here. */
export const annotationKeys = {
  /** Name of an entry in a layout's `index.json` (image-spec, image-layout.md and annotations.md). */
  refName: "org.opencontainers.image.ref.name",
  /** Full image name that containerd and BuildKit add beside it. */
  containerdName: "io.containerd.image.name",
  /** `attestation-manifest` on an index entry that is no platform (BuildKit, docs/attestations/attestation-storage.md). */
  referenceType: "vnd.docker.reference.type",
  /** Digest of the image manifest that such an entry belongs to. */
  referenceDigest: "vnd.docker.reference.digest",
} as const;

/** Annotations of a descriptor, index or manifest. */
export type Annotations = Readonly<Record<string, string>>;
