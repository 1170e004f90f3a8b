import { ArchwayError } from "../error/error.ts";
import { formatPlatform, normalizePlatform } from "../platform/platform.ts";
import type { Annotations } from "./annotations.ts";
import type { Descriptor, Digest } from "./descriptor.ts";
import { encodeDescriptor, sortedByKey } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { subjectOf } from "./index.ts";
import { encodeJson } from "./json.ts";
import { maxIndexEntries, maxManifestOut } from "./limits.ts";
import { isDockerType, isIndexType, isManifestType, mediaTypes } from "./media-types.ts";

/** What an index is joined from. */
export interface IndexParts {
  /** Images, each with its platform, in the order in which the index lists them. */
  readonly children: readonly Descriptor[];
  /** Attestation entries of those images, bound by the annotation `vnd.docker.reference.digest`. */
  readonly attestations?: readonly Descriptor[];
  /** Annotations of the index. */
  readonly annotations?: Annotations;
  /** Media type of the index; chosen from the parts when absent. */
  readonly mediaType?: string;
}

/** A document made here: its bytes and what points at them. */
export interface Assembled {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

/**
 * Joins images into one index, the pure part of a join. The same parts give the same bytes.
 *
 * - Platforms are normalised; one that appears twice is refused (first match wins in engines, so the second would be dead).
 *   Windows images of different `os.version` are different platforms.
 * - Images that are equal byte by byte keep one entry per platform; other tools collapse them and lose a platform
 *   (containers/podman#18723).
 * - Attestations follow the images, in their order; one that belongs to no image of the index is refused.
 * - Media type: a Docker manifest list when every part has a Docker type and nothing is annotated (annotations exist only in OCI),
 *   else an OCI index.
 *
 * @throws ArchwayError kind `input`: `DUPLICATE_PLATFORM`, `PLATFORM_MISSING`, `ORPHAN_ATTESTATION`, `INVALID_INDEX`, `TOO_LARGE`.
 */
export function assembleIndex(parts: IndexParts): Assembled {
  const children = parts.children.map(normalizedChild);
  refuseDuplicates(children);
  const attestations = attestationsInOrder(children, parts.attestations ?? []);
  const entries = [...children, ...attestations];
  if (children.length === 0) throw invalid("INVALID_INDEX", "an index needs at least one image");
  if (entries.length > maxIndexEntries) {
    throw invalid(
      "TOO_LARGE",
      `an index of ${entries.length} entries is more than the ${maxIndexEntries} that are allowed`,
    );
  }
  const annotations = parts.annotations ?? {};
  const mediaType = chooseMediaType(entries, annotations, parts.mediaType);
  const bytes = encodeJson({
    schemaVersion: 2,
    mediaType,
    manifests: entries.map(encodeDescriptor),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations: sortedByKey(annotations) }),
  });
  if (bytes.length > maxManifestOut) {
    throw invalid("TOO_LARGE", `the index is ${bytes.length} bytes; registries take ${maxManifestOut}`);
  }
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

function normalizedChild(child: Descriptor): Descriptor {
  if (!isManifestType(child.mediaType)) {
    const what = isIndexType(child.mediaType) ? "an index itself" : `of media type "${child.mediaType}"`;
    throw invalid("INVALID_INDEX", `${child.digest} cannot be joined: it is ${what}, not an image manifest`);
  }
  const platform = child.platform && normalizePlatform(child.platform);
  if (platform === undefined || platform.os === "unknown" || platform.architecture === "unknown") {
    throw invalid("PLATFORM_MISSING", `${child.digest} cannot be joined: its platform is not known`);
  }
  return { ...child, platform };
}

function refuseDuplicates(children: readonly Descriptor[]): void {
  const seen = new Map<string, Digest>();
  for (const { platform, osVersion, digest } of children) {
    if (platform === undefined) continue;
    const name = `${formatPlatform(platform)}${osVersion === undefined ? "" : ` (${osVersion})`}`;
    const first = seen.get(name);
    if (first !== undefined) {
      const which = first === digest ? `${digest} is named twice` : `${first} and ${digest}`;
      throw invalid("DUPLICATE_PLATFORM", `two images are for ${name}: ${which}`);
    }
    seen.set(name, digest);
  }
}

function attestationsInOrder(children: readonly Descriptor[], attestations: readonly Descriptor[]): Descriptor[] {
  const order = new Map<Digest | undefined, number>();
  for (const [position, { digest }] of children.entries()) if (!order.has(digest)) order.set(digest, position);
  const unique = new Map<string, Descriptor>();
  for (const attestation of attestations) {
    const subject = subjectOf(attestation);
    if (subject === undefined || !order.has(subject)) {
      const why =
        subject === undefined ? "does not say which image it belongs to" : `belongs to ${subject}, which is not joined`;
      throw invalid("ORPHAN_ATTESTATION", `the attestation ${attestation.digest} ${why}`);
    }
    unique.set(`${attestation.digest} of ${subject}`, attestation);
  }
  const positionOf = (attestation: Descriptor) => order.get(subjectOf(attestation)) ?? 0;
  return [...unique.values()].sort((a, b) => positionOf(a) - positionOf(b));
}

function chooseMediaType(entries: readonly Descriptor[], annotations: Annotations, asked: string | undefined): string {
  const annotated =
    Object.keys(annotations).length > 0 || entries.some((entry) => Object.keys(entry.annotations ?? {}).length > 0);
  const allDocker = entries.every(({ mediaType }) => isDockerType(mediaType));
  if (asked === undefined) return allDocker && !annotated ? mediaTypes.dockerList : mediaTypes.ociIndex;
  if (!isIndexType(asked)) throw invalid("INVALID_INDEX", `"${asked}" is not the media type of an index`);
  if (asked === mediaTypes.dockerList && (annotated || !allDocker)) {
    const why = annotated
      ? "annotations and attestations exist only in OCI indexes"
      : "some images have OCI media types";
    throw invalid("INVALID_INDEX", `a Docker manifest list cannot hold these parts: ${why}`);
  }
  return asked;
}

function invalid(code: string, message: string): ArchwayError {
  return new ArchwayError({ code, kind: "input", message });
}
