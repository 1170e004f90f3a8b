import { z } from "zod";
import type { Expected } from "./document.ts";
import { invalidDocument, readDocument } from "./document.ts";
import type { ImageIndex } from "./index.ts";
import { parseIndex } from "./index.ts";
import type { ImageManifest } from "./manifest.ts";
import { parseManifest } from "./manifest.ts";
import { isIndexType, isManifestType } from "./media-types.ts";

const shapeSchema = z.object({
  schemaVersion: z.int(),
  mediaType: z.string().optional(),
  manifests: z.unknown().optional(),
  layers: z.unknown().optional(),
});

/**
 * Reads what a tag or digest points at: an image manifest or an index, by its own media type, else the expected one, else its shape.
 *
 * @throws ArchwayError `INVALID_MANIFEST` (also for Docker's schema 1, which nothing builds since 2017), `TOO_LARGE`, `DIGEST_MISMATCH`.
 */
export function parseManifestOrIndex(bytes: Uint8Array, expected: Expected = {}): ImageManifest | ImageIndex {
  const { digest, content } = readDocument(bytes, shapeSchema, "manifest", expected);
  if (content.schemaVersion === 1) {
    throw invalidDocument("manifest", digest, "it has Docker's old schema 1; push the image again with a current tool");
  }
  const known = { ...expected, digest };
  const mediaType = content.mediaType ?? expected.mediaType;
  if (mediaType !== undefined && isIndexType(mediaType)) return parseIndex(bytes, known);
  if (mediaType !== undefined && isManifestType(mediaType)) return parseManifest(bytes, known);
  if (content.mediaType !== undefined) {
    throw invalidDocument(
      "manifest",
      digest,
      `its media type is "${content.mediaType}", neither an image nor an index`,
    );
  }
  return content.manifests === undefined ? parseManifest(bytes, { digest }) : parseIndex(bytes, { digest });
}
