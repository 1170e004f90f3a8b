import { ArchwayError } from "../error/error.ts";
import type { Attachment } from "../image/attachments.ts";
import { copyImage, copyNodes } from "../image/copy.ts";
import type { BlobArrival } from "../image/copy.ts";
import { assembleIndex } from "../oci/assemble.ts";
import type { Assembled } from "../oci/assemble.ts";
import type { Annotations } from "../oci/annotations.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { tagMoved } from "../store/store-error.ts";
import type { ImageStore } from "../store/store.ts";
import { readTree } from "../store/tree.ts";
import { requireEveryImage, requireProofs } from "./gate.ts";
import type { GatedChild } from "./gate.ts";

/** One place to publish to, and the tags to move there. None: the image is there by digest alone. */
export interface PublishTarget {
  readonly store: ImageStore;
  readonly tags: readonly string[];
  /** What the tags point at as far as is known (`null`: not there): one that has moved since is left alone, and so are all. Absent: whatever. */
  readonly expected?: ReadonlyMap<string, Digest | null>;
}

/** An image or index that is ready as it is: its digest stays. */
export interface ReadyImage {
  /** What the tags will point at. */
  readonly root: Descriptor;
  /** The root's document, which may be in no store yet. */
  readonly bytes: Uint8Array;
  /** Where everything is that it refers to. */
  readonly store: ImageStore;
  /** Every image in it, proven or waived. */
  readonly children: readonly GatedChild[];
  /** What is attached to it from outside and goes along. */
  readonly attached?: readonly Attachment[];
}

/** What is joined and where it goes. */
export interface Publication {
  readonly children: readonly GatedChild[];
  readonly targets: readonly PublishTarget[];
  /** Annotations of the index. */
  readonly annotations?: Annotations;
  /** Platforms that were asked for and are not there, by the user's leave; the index says so. */
  readonly missing?: readonly Platform[];
}

/** Steps of a publication, in their order, for progress. */
export type PublishEvent =
  | { readonly type: "copied"; readonly target: string; readonly platform: Platform }
  | { readonly type: "index"; readonly target: string; readonly digest: string }
  | { readonly type: "tag"; readonly target: string; readonly tag: string };

/** Steps of {@link publishReady}. */
export type ReadyEvent =
  | PublishEvent
  | {
      readonly type: "blob";
      readonly target: string;
      readonly digest: Digest;
      /** Bytes. */
      readonly size: number;
      readonly arrival: BlobArrival;
    };

/** Annotation of an index that was published without some of its platforms: their names, comma-separated. */
const missingAnnotation = "io.archway.missing-platforms";

/**
 * The only door through which a tag moves. Refuses unless every child is proven (or waived), joins them, puts children and index into every
 * target by digest, and only then moves the tags, one after another. A repeat after any failure is safe: what is there is not sent again, and
 * a tag that already points at the digest is success.
 *
 * Throws `GateRefusal`; `TAGS_INCOMPLETE` when some tags moved before one failed; and what stores throw.
 */
export async function publish(
  publication: Publication,
  onEvent: (event: PublishEvent) => void,
  signal: AbortSignal,
): Promise<Assembled> {
  const { children, targets } = publication;
  requireProofs(children);
  const index = joinChildren(publication);

  for (const { store } of targets) {
    for (const { child, platform, store: source } of children) {
      if (source === store) continue;
      for (const descriptor of [child.descriptor, ...child.attestations]) {
        await copyImage(source, store, descriptor, { signal });
      }
      onEvent({ type: "copied", target: store.name, platform });
    }
    await store.putManifest(index.descriptor, index.bytes, { signal });
    onEvent({ type: "index", target: store.name, digest: index.descriptor.digest });
  }

  await moveTags(index.descriptor, targets, onEvent, signal);
  return index;
}

/**
 * Publishes an image that is not joined here but copied, or made by leaving out or describing parts of another one. Refuses unless every image in it
 * is proven (or waived), copies it with its attestations and what is attached to it into every target by digest, and only then moves the tags. Within
 * the store where it is, nothing but a root that was made here has to be put.
 *
 * Throws `GateRefusal`; `TARGET_MOVED` before any tag has moved; `TAGS_INCOMPLETE` when some tags moved before one failed; and what stores throw.
 */
export async function publishReady(
  image: ReadyImage,
  targets: readonly PublishTarget[],
  onEvent: (event: ReadyEvent) => void,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { root, bytes, store: source, children, attached = [] } = image;
  requireProofs(children);
  const nodes = await readTree(source, root, { rootBytes: bytes, signal });
  requireEveryImage(nodes, children);
  for (const { store } of targets) {
    if (store === source) {
      if (!(await store.has(root.digest, "manifest", { signal }))) await store.putManifest(root, bytes, { signal });
    } else {
      const onBlob = ({ digest, size }: Descriptor, arrival: BlobArrival) =>
        onEvent({ type: "blob", target: store.name, digest, size, arrival });
      await copyNodes(source, store, [nodes, ...attached.map((one) => one.nodes)], { signal, onBlob });
      for (const { tag, descriptor } of attached) {
        if (tag !== undefined) await store.tag(tag, descriptor, { signal });
      }
    }
    onEvent({ type: "index", target: store.name, digest: root.digest });
  }
  await moveTags(root, targets, onEvent, signal);
  return root;
}

/** Moves tags one after another, when everything that they will point at is there. */
async function moveTags(
  root: Descriptor,
  targets: readonly PublishTarget[],
  onEvent: (event: PublishEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const target of targets) await requireUnmoved(target, root, signal);
  const moved: string[] = [];
  for (const { store, tags, expected } of targets) {
    if (tags.length === 0) await store.enter?.(root, { signal });
    for (const tag of tags) {
      const known = expected?.get(tag);
      try {
        await store.tag(tag, root, { signal, ...(known === undefined ? {} : { expected: known }) });
      } catch (error) {
        if (moved.length === 0) throw error;
        throw tagsIncomplete(moved, `${store.name}:${tag}`, root, error);
      }
      moved.push(`${store.name}:${tag}`);
      onEvent({ type: "tag", target: store.name, tag });
    }
  }
}

/**
 * Throws `TARGET_MOVED` for a tag that does not point at what it is expected to point at, unless it points at the root already. Asked for all tags
 * before the first one moves, so that the usual refusal leaves every tag where it was.
 */
export async function requireUnmoved(
  { store, expected }: PublishTarget,
  root: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    [...(expected ?? [])].map(async ([tag, known]) => {
      const found = await tagDigest(store, tag, signal);
      if (found !== known && found !== root.digest) throw tagMoved(store.name, tag, known, found);
    }),
  );
}

/** What a tag points at; `null` for a tag, a repository or a layout that is not there. */
export async function tagDigest(store: ImageStore, tag: string, signal: AbortSignal): Promise<Digest | null> {
  try {
    return (await store.resolve(tag, { signal })).digest;
  } catch (error) {
    if (error instanceof ArchwayError && error.code === "NOT_FOUND") return null;
    throw error;
  }
}

function joinChildren({ children, annotations = {}, missing = [] }: Publication): Assembled {
  return assembleIndex({
    children: children.map(({ child, platform }) => ({ ...child.descriptor, platform })),
    attestations: children.flatMap(({ child }) => child.attestations),
    annotations: {
      ...annotations,
      ...(missing.length === 0 ? {} : { [missingAnnotation]: missing.map(formatPlatform).join(",") }),
    },
  });
}

function tagsIncomplete(moved: readonly string[], failed: string, root: Descriptor, cause: unknown): ArchwayError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ArchwayError({
    code: "TAGS_INCOMPLETE",
    kind: cause instanceof ArchwayError ? cause.kind : "unreachable",
    message: `${moved.join(", ")} moved to ${root.digest}, but ${failed} did not: ${why}`,
    hint: "Run the same command again: it moves the rest to the same digest.",
    cause,
  });
}
