import { ArchwayError } from "../error/error.ts";
import type { Annotations } from "../oci/annotations.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import type { ImageIndex } from "../oci/index.ts";
import { maxIndexDepth } from "../oci/limits.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import { isRunnable } from "../oci/manifest.ts";
import { isIndexType, isManifestType } from "../oci/media-types.ts";
import { Lane } from "../store/lane.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";
import { readConfig, readDocument } from "./children.ts";

/** One layer of an image, with the instruction that made it. */
export interface InspectedLayer {
  readonly descriptor: Descriptor;
  /** `history[].created_by`; absent where the history does not fit the layers. */
  readonly createdBy?: string;
}

/** An attestation that an index lists for one of its images. */
export interface InspectedAttestation {
  readonly descriptor: Descriptor;
  /** Types of its in-toto predicates (`https://slsa.dev/provenance/v1`, `https://spdx.dev/Document`), by its layers' annotations. */
  readonly predicates: readonly string[];
  /** Why it could not be read. */
  readonly problem?: string;
}

/** What is common to all parts of an image. */
interface Part {
  /** As the index (or the store, for the root) points at it. */
  readonly descriptor: Descriptor;
  /** The document's own annotations; its descriptor's are in the descriptor. */
  readonly annotations: Annotations;
  readonly artifactType?: string;
  /** Manifests that name this one as their subject: signatures, SBOMs, scan results. */
  readonly referrers: readonly Descriptor[];
}

/** An index and what it lists, in its order. */
export interface InspectedIndex extends Part {
  readonly kind: "index";
  readonly entries: readonly Inspected[];
}

/** An image of one platform. */
export interface InspectedImage extends Part {
  readonly kind: "image";
  readonly config: { readonly descriptor: Descriptor; readonly content?: ImageConfig; readonly problem?: string };
  readonly layers: readonly InspectedLayer[];
  readonly attestations: readonly InspectedAttestation[];
}

/** A manifest that is no image: a signature, a chart, an attestation named by its own digest. */
export interface InspectedArtifact extends Part {
  readonly kind: "artifact";
  readonly blobs: readonly Descriptor[];
  readonly predicates: readonly string[];
  readonly subject?: Digest;
}

/** An entry of an index that is none of these. */
export type InspectedEntry =
  /** An attestation of an image that the index does not list. */
  | { readonly kind: "orphan"; readonly attestation: InspectedAttestation; readonly subject: Digest }
  /** Missing in the store, or not readable. */
  | { readonly kind: "unreadable"; readonly descriptor: Descriptor; readonly problem: string }
  /** Of a media type that nobody here knows. */
  | { readonly kind: "unknown"; readonly descriptor: Descriptor };

/** A part of an image, as far as its documents tell; no layer has been read. */
export type Inspected = InspectedIndex | InspectedImage | InspectedArtifact | InspectedEntry;

/** Documents read at once. */
const atOnce = 8;

/** Most entries of one image that are followed: an index holds 1,000, and nesting is rare. */
const maxParts = 2_000;

/** Annotation of an attestation's layers (BuildKit, docs/attestations/attestation-storage.md). */
const predicateKey = "in-toto.io/predicate-type";

/**
 * Reads all that the documents of an image tell: indexes, manifests, configs, and who refers to them. Layers are not read. What is missing or broken
 * inside an index is shown as such; only a store that cannot be reached, or a broken root, is an error.
 *
 * Throws what stores throw; `TOO_LARGE` (kind `failed`) beyond 2,000 parts.
 */
export async function inspectImage(
  store: ImageStore,
  root: Descriptor,
  options: StoreOptions = {},
): Promise<InspectedIndex | InspectedImage | InspectedArtifact> {
  const lane = new Lane(atOnce);
  const turn = <Result>(work: () => Promise<Result>) => lane.run(work, options.signal);
  let parts = 0;

  const referrersOf = async (digest: Digest) =>
    store.referrers === undefined ? [] : turn(async () => (await store.referrers?.(digest, options)) ?? []);

  const attestation = async (descriptor: Descriptor): Promise<InspectedAttestation> => {
    const document = await tolerant(() => turn(() => readDocument(store, descriptor, options)));
    if ("problem" in document) return { descriptor, predicates: [], problem: document.problem };
    return { descriptor, predicates: document.value.kind === "manifest" ? predicatesOf(document.value) : [] };
  };

  const image = async (
    descriptor: Descriptor,
    manifest: ImageManifest,
    attestations: readonly Descriptor[],
  ): Promise<InspectedImage> => {
    const [config, referrers, ...read] = await Promise.all([
      tolerant(() => turn(() => readConfig(store, manifest, options))),
      referrersOf(descriptor.digest),
      ...attestations.map(attestation),
    ]);
    return {
      kind: "image",
      descriptor,
      annotations: manifest.annotations,
      ...artifactType(manifest),
      referrers,
      config: {
        descriptor: manifest.config,
        ...("problem" in config ? { problem: config.problem } : { content: config.value }),
      },
      layers: layersOf(manifest, "problem" in config ? undefined : config.value),
      attestations: read,
    };
  };

  const entriesOf = (index: ImageIndex, depth: number): Promise<Inspected[]> => {
    parts += index.entries.length;
    if (parts > maxParts) throw tooLarge(store, root, `it has more than ${maxParts} entries`);
    const listed = new Set(index.entries.map(({ descriptor }) => descriptor.digest));
    const seen = new Set<Digest>();
    const work = index.entries.flatMap((entry): Promise<Inspected>[] => {
      const { descriptor } = entry;
      if (entry.role === "attestation") {
        const { subject } = entry;
        if (listed.has(subject)) return [];
        return [attestation(descriptor).then((read) => ({ kind: "orphan", attestation: read, subject }))];
      }
      if (!isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)) {
        return [Promise.resolve({ kind: "unknown", descriptor })];
      }
      // Equal images under two platforms have the same attestations: they are shown once.
      const own = seen.has(descriptor.digest) ? [] : attestationsFor(index, descriptor.digest);
      seen.add(descriptor.digest);
      return [
        tolerant(() => part(descriptor, own, depth + 1)).then((read) =>
          "problem" in read ? { kind: "unreadable", descriptor, problem: read.problem } : read.value,
        ),
      ];
    });
    return Promise.all(work);
  };

  const part = async (
    descriptor: Descriptor,
    attestations: readonly Descriptor[],
    depth: number,
  ): Promise<InspectedIndex | InspectedImage | InspectedArtifact> => {
    const document = await turn(() => readDocument(store, descriptor, options));
    const { annotations } = document;
    if (document.kind === "manifest") {
      if (isRunnable(document)) return image(descriptor, document, attestations);
      return {
        kind: "artifact",
        descriptor,
        annotations,
        artifactType: document.artifactType ?? document.config.mediaType,
        referrers: await referrersOf(descriptor.digest),
        blobs: document.layers,
        predicates: predicatesOf(document),
        ...(document.subject === undefined ? {} : { subject: document.subject.digest }),
      };
    }
    if (depth > maxIndexDepth) throw tooLarge(store, root, `its indexes nest deeper than ${maxIndexDepth}`);
    const [entries, referrers] = await Promise.all([entriesOf(document, depth), referrersOf(descriptor.digest)]);
    return { kind: "index", descriptor, annotations, ...artifactType(document), referrers, entries };
  };
  return part(root, [], 0);
}

/** The images of what was inspected, those of nested indexes too, in their order. */
export function inspectedImages(part: Inspected): InspectedImage[] {
  if (part.kind === "image") return [part];
  return part.kind === "index" ? part.entries.flatMap(inspectedImages) : [];
}

/** Attestations of an image, and of those attestations. */
function attestationsFor({ entries }: ImageIndex, image: Digest): Descriptor[] {
  const subjects = new Set<Digest>([image]);
  const found: Descriptor[] = [];
  for (let before = -1; before !== found.length;) {
    before = found.length;
    for (const entry of entries) {
      if (entry.role !== "attestation" || found.includes(entry.descriptor) || !subjects.has(entry.subject)) continue;
      found.push(entry.descriptor);
      subjects.add(entry.descriptor.digest);
    }
  }
  return found;
}

function layersOf({ layers }: ImageManifest, config: ImageConfig | undefined): InspectedLayer[] {
  const made = (config?.history ?? []).filter(({ emptyLayer }) => !emptyLayer);
  return layers.map((descriptor, position) => {
    const createdBy = made.length === layers.length ? made[position]?.createdBy : undefined;
    return { descriptor, ...(createdBy === undefined ? {} : { createdBy }) };
  });
}

function predicatesOf({ layers }: ImageManifest): string[] {
  return layers.flatMap(({ annotations }) => annotations?.[predicateKey] ?? []);
}

function artifactType(document: { readonly artifactType?: string }): { artifactType?: string } {
  return document.artifactType === undefined ? {} : { artifactType: document.artifactType };
}

/** Turns what is missing, too large or broken in the image into a problem to show; outages stay errors. */
async function tolerant<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value } | { readonly problem: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    const isOfImage =
      error instanceof ArchwayError && ["NOT_FOUND", "INVALID_MANIFEST", "TOO_LARGE"].includes(error.code);
    if (isOfImage) return { problem: error.message };
    throw error;
  }
}

function tooLarge(store: ImageStore, root: Descriptor, why: string): ArchwayError {
  return new ArchwayError({
    code: "TOO_LARGE",
    kind: "failed",
    message: `${root.digest} of ${store.name} is too large: ${why}.`,
  });
}
