import { z } from "zod";
import type { Annotations } from "../oci/annotations.ts";
import type { Assembled } from "../oci/assemble.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { algorithmOf, digestOf, encodedOf } from "../oci/digest.ts";
import { encodeDescriptor } from "../oci/descriptor.ts";
import { parseIndex } from "../oci/index.ts";
import { encodeJson, parseJson } from "../oci/json.ts";
import { parseManifestOrIndex } from "../oci/manifest-or-index.ts";
import { mediaTypes } from "../oci/media-types.ts";

/**
 * The tag under which clients keep the referrers of a manifest where there is no referrers API: `sha256-…`, the digest's value cut to
 * 64 characters (distribution-spec, "Referrers Tag Schema").
 */
export function referrersTag(digest: Digest): string {
  return `${algorithmOf(digest)}-${encodedOf(digest).slice(0, 64)}`;
}

/**
 * Tags that clients keep beside an image, of what is attached to it: `sha256-HEX` of the referrers tag schema (distribution-spec), and cosign's `sha256-HEX.sig`, `.att`, `.sbom`. Groups: algorithm, the first 64 characters of the
 * image's digest.
 */
export const companionTag = /^(sha256|sha512)-([0-9a-f]{64})(?:\.[A-Za-z0-9_.-]+)?$/;

/** The descriptors in a referrers answer or tag. */
export function referrersIn(bytes: Uint8Array, expected: { mediaType?: string; digest?: Digest } = {}): Descriptor[] {
  return parseIndex(bytes, expected).entries.map(({ descriptor }) => descriptor);
}

/** An index that lists referrers and one more; undefined when it lists that one already. */
export function withReferrer(referrers: readonly Descriptor[], added: Descriptor): Assembled | undefined {
  if (referrers.some(({ digest }) => digest === added.digest)) return undefined;
  const mediaType = mediaTypes.ociIndex;
  const bytes = encodeJson({ schemaVersion: 2, mediaType, manifests: [...referrers, added].map(encodeDescriptor) });
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

/** What a manifest is attached to, and the descriptor by which it is listed there; undefined when it is attached to nothing. */
export function attachmentOf(
  descriptor: Descriptor,
  bytes: Uint8Array,
): { subject: Digest; referrer: Descriptor } | undefined {
  const subject = subjectSchema.safeParse(parseJson(bytes, `manifest ${descriptor.digest}`));
  if (!subject.success || !subject.data.subject) return undefined;
  const document = parseManifestOrIndex(bytes, descriptor);
  if (document.subject === undefined) return undefined;
  const artifactType = document.artifactType ?? (document.kind === "manifest" ? document.config.mediaType : undefined);
  const { mediaType, digest, size } = descriptor;
  return {
    subject: document.subject.digest,
    referrer: { mediaType, digest, size, ...typeField(artifactType), ...annotationsField(document.annotations) },
  };
}

const subjectSchema = z.object({ subject: z.unknown().optional() });

function typeField(artifactType: string | undefined): { artifactType?: string } {
  return artifactType === undefined ? {} : { artifactType };
}

function annotationsField(annotations: Annotations): { annotations?: Annotations } {
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}
