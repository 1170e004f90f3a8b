import { ArchwayError } from "../error/error.ts";
import { copyImage } from "../image/copy.ts";
import { assembleIndex } from "../oci/assemble.ts";
import type { Assembled } from "../oci/assemble.ts";
import type { Annotations } from "../oci/annotations.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { ImageStore } from "../store/store.ts";
import { requireProofs } from "./gate.ts";
import type { GatedChild } from "./gate.ts";

/** One place to publish to, and the tags to move there. None: the index is there by digest alone. */
export interface PublishTarget {
  readonly store: ImageStore;
  readonly tags: readonly string[];
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

  const moved: string[] = [];
  for (const { store, tags } of targets) {
    if (tags.length === 0) await store.enter?.(index.descriptor, { signal });
    for (const tag of tags) {
      try {
        await store.tag(tag, index.descriptor, { signal });
      } catch (error) {
        if (moved.length === 0) throw error;
        throw tagsIncomplete(moved, `${store.name}:${tag}`, index, error);
      }
      moved.push(`${store.name}:${tag}`);
      onEvent({ type: "tag", target: store.name, tag });
    }
  }
  return index;
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

function tagsIncomplete(moved: readonly string[], failed: string, index: Assembled, cause: unknown): ArchwayError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ArchwayError({
    code: "TAGS_INCOMPLETE",
    kind: cause instanceof ArchwayError ? cause.kind : "unreachable",
    message: `${moved.join(", ")} moved to ${index.descriptor.digest}, but ${failed} did not: ${why}`,
    hint: "Run the same command again: it moves the rest to the same digest.",
    cause,
  });
}
