import { z } from "zod";
import type { Annotations } from "./annotations.ts";
import { annotationKeys } from "./annotations.ts";
import type { Descriptor, Digest } from "./descriptor.ts";
import { annotationsSchema, descriptorSchema } from "./descriptor.ts";
import { isDigest } from "./digest.ts";
import type { Document, Expected } from "./document.ts";
import { invalidDocument, readDocument } from "./document.ts";
import { maxIndexEntries, maxName } from "./limits.ts";
import { isIndexType, isManifestType, mediaTypes } from "./media-types.ts";

/** One entry of an index, by what it is for. */
export type IndexEntry =
  /** An image of one platform (or of a platform that only its config tells). */
  | { readonly role: "image"; readonly descriptor: Descriptor }
  /** A nested index. */
  | { readonly role: "index"; readonly descriptor: Descriptor }
  /** Provenance, SBOM and the like: belongs to the entry whose digest is `subject`, and is no platform. */
  | { readonly role: "attestation"; readonly descriptor: Descriptor; readonly subject: Digest }
  /** Anything else; the specification asks readers to tolerate it. */
  | { readonly role: "other"; readonly descriptor: Descriptor };

/** View of an image index (image-spec, image-index.md) or a Docker manifest list. */
export interface ImageIndex extends Document {
  readonly kind: "index";
  readonly entries: readonly IndexEntry[];
  readonly annotations: Annotations;
  readonly artifactType?: string;
  /** The manifest that this one is attached to (OCI referrers). */
  readonly subject?: Descriptor;
}

const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().max(maxName).optional(),
  manifests: z.array(descriptorSchema).max(maxIndexEntries).nullable(),
  layers: z.undefined("it has both manifests and layers").optional(),
  artifactType: z.string().max(maxName).nullish(),
  annotations: annotationsSchema,
  subject: descriptorSchema.nullish(),
});

/**
 * Reads an image index.
 *
 * @throws ArchwayError `INVALID_MANIFEST`, `TOO_LARGE`, `DIGEST_MISMATCH`.
 */
export function parseIndex(bytes: Uint8Array, expected: Expected = {}): ImageIndex {
  const { digest, content } = readDocument(bytes, indexSchema, "image index", expected);
  const mediaType = content.mediaType ?? expected.mediaType ?? mediaTypes.ociIndex;
  if (!isIndexType(mediaType)) throw invalidDocument("image index", digest, `its media type is "${mediaType}"`);
  return {
    kind: "index",
    bytes,
    digest,
    mediaType,
    entries: (content.manifests ?? []).map(entryOf),
    annotations: content.annotations ?? {},
    ...(content.artifactType ? { artifactType: content.artifactType } : {}),
    ...(content.subject ? { subject: content.subject } : {}),
  };
}

/** The entries that are images, in the index's order. */
export function imagesOf(index: ImageIndex): Descriptor[] {
  return index.entries.filter(({ role }) => role === "image").map(({ descriptor }) => descriptor);
}

/** The attestations of one image of the index. */
export function attestationsOf(index: ImageIndex, image: Digest): Descriptor[] {
  return index.entries
    .filter((entry) => entry.role === "attestation" && entry.subject === image)
    .map(({ descriptor }) => descriptor);
}

/** Attestations whose image is not in the index. */
export function orphansOf(index: ImageIndex): Descriptor[] {
  const digests = new Set(index.entries.map(({ descriptor }) => descriptor.digest));
  return index.entries
    .filter((entry) => entry.role === "attestation" && !digests.has(entry.subject))
    .map(({ descriptor }) => descriptor);
}

/** The image that an attestation entry belongs to, by its annotation: `unknown/unknown` alone proves nothing (research §3.2). */
export function subjectOf(descriptor: Descriptor): Digest | undefined {
  const subject = descriptor.annotations?.[annotationKeys.referenceDigest];
  return isDigest(subject) ? subject : undefined;
}

function entryOf(descriptor: Descriptor): IndexEntry {
  const subject = subjectOf(descriptor);
  if (subject !== undefined) return { role: "attestation", descriptor, subject };
  if (isIndexType(descriptor.mediaType)) return { role: "index", descriptor };
  if (isManifestType(descriptor.mediaType) && !isUnknown(descriptor)) return { role: "image", descriptor };
  return { role: "other", descriptor };
}

function isUnknown({ platform }: Descriptor): boolean {
  return platform !== undefined && platform.os === "unknown" && platform.architecture === "unknown";
}
