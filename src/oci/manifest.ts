import { z } from "zod";
import type { Annotations } from "./annotations.ts";
import type { Descriptor } from "./descriptor.ts";
import { annotationsSchema, descriptorSchema } from "./descriptor.ts";
import type { Document, Expected } from "./document.ts";
import { invalidDocument, readDocument } from "./document.ts";
import { maxLayers, maxName } from "./limits.ts";
import { isConfigType, isManifestType, mediaTypes } from "./media-types.ts";

/** View of an image manifest (image-spec, manifest.md) or a Docker manifest, schema 2. */
export interface ImageManifest extends Document {
  readonly kind: "manifest";
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Annotations;
  readonly artifactType?: string;
  /** The manifest that this one is attached to (OCI referrers). */
  readonly subject?: Descriptor;
}

const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().max(maxName).optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(maxLayers),
  manifests: z.undefined("it has both layers and manifests").optional(),
  artifactType: z.string().max(maxName).nullish(),
  annotations: annotationsSchema,
  subject: descriptorSchema.nullish(),
});

/**
 * Reads an image manifest.
 *
 * @throws ArchwayError `INVALID_MANIFEST`, `TOO_LARGE`, `DIGEST_MISMATCH`.
 */
export function parseManifest(bytes: Uint8Array, expected: Expected = {}): ImageManifest {
  const { digest, content } = readDocument(bytes, manifestSchema, "image manifest", expected);
  const mediaType = content.mediaType ?? expected.mediaType ?? mediaTypes.ociManifest;
  if (!isManifestType(mediaType)) throw invalidDocument("image manifest", digest, `its media type is "${mediaType}"`);
  return {
    kind: "manifest",
    bytes,
    digest,
    mediaType,
    config: content.config,
    layers: content.layers,
    annotations: content.annotations ?? {},
    ...(content.artifactType ? { artifactType: content.artifactType } : {}),
    ...(content.subject ? { subject: content.subject } : {}),
  };
}

/** True when the manifest is of an image that can run; false for attestations, signatures, charts and other artifacts. */
export function isRunnable(manifest: ImageManifest): boolean {
  return (
    isConfigType(manifest.config.mediaType) && !manifest.layers.some(({ mediaType }) => mediaType === mediaTypes.inToto)
  );
}
