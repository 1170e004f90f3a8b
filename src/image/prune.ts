import { ArchwayError } from "../error/error.ts";
import { Lane } from "../store/lane.ts";
import type { ImageStore } from "../store/store.ts";
import { readDocument } from "./children.ts";
import { rootsOf } from "./prune-graph.ts";
import type { GraphRoot, ImageGraph, PrunePlan } from "./prune-plan.ts";

/** What became of a plan in a registry. */
export interface Pruned {
  /** Names that the registry would not remove alone, with its words. */
  readonly left: readonly { readonly name: string; readonly reason: string }[];
}

/** Steps of a cleaning, in their order. */
export type PruneEvent =
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "manifest"; readonly digest: string };

/** Requests at once. */
const atOnce = 8;

/**
 * Does what was planned in a registry: first the names whose manifest is still needed, then manifests, each before all that it refers to. Stopped anywhere it
 * leaves no index without its children, and the same command finishes what is still tagged.
 *
 * Throws `REPOSITORY_CHANGED` (kind `failed`) when a tag has come or moved since the graph was read, before anything is removed; and what the store throws.
 */
export async function pruneRegistry(
  store: ImageStore,
  graph: ImageGraph,
  plan: PrunePlan,
  onEvent: (event: PruneEvent) => void,
  signal: AbortSignal,
): Promise<Pruned> {
  await requireUnchanged(store, graph, signal);
  const left: { name: string; reason: string }[] = [];
  for (const { root, onlyName } of plan.removed) {
    if (!onlyName || root.name === undefined) continue;
    const reason = await removeName(store, { name: root.name, digest: root.digest }, graph, signal);
    if (reason === undefined) onEvent({ type: "name", name: root.name });
    else left.push({ name: root.name, reason });
  }
  for (const { digest } of plan.manifests) {
    await deleteUnlessGone(store, digest, signal);
    onEvent({ type: "manifest", digest });
  }
  return { left };
}

/** Throws `REPOSITORY_CHANGED` unless every tag is where it was. */
async function requireUnchanged(store: ImageStore, { roots }: ImageGraph, signal: AbortSignal): Promise<void> {
  const lane = new Lane(atOnce);
  const now = await rootsOf(store, (work) => lane.run(work, signal), { signal });
  const before = new Map(roots.map(({ name, digest }) => [name, digest]));
  const changed = now.find(({ name, descriptor }) => before.get(name) !== descriptor.digest);
  if (changed === undefined) return;
  throw new ArchwayError({
    code: "REPOSITORY_CHANGED",
    kind: "failed",
    message: `${store.name}:${changed.name} has come or moved while the repository was read; nothing was removed.`,
    hint: "Run the command again, when nobody pushes.",
  });
}

/**
 * Removes a tag alone. Registries that cannot do that refuse (distribution before 3); one that took the manifest along gets it back, with its other tags.
 *
 * @returns Why the registry would not.
 */
async function removeName(
  store: ImageStore,
  { name, digest }: { readonly name: string; readonly digest: GraphRoot["digest"] },
  { roots }: ImageGraph,
  signal: AbortSignal,
): Promise<string | undefined> {
  const document = await readDocument(store, { digest }, { signal });
  try {
    await store.delete(name, { signal });
  } catch (error) {
    if (error instanceof ArchwayError && error.code === "REGISTRY_ERROR") return error.message;
    if (error instanceof ArchwayError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
  if (await store.has(digest, "manifest", { signal })) return undefined;
  const descriptor = { mediaType: document.mediaType, digest, size: document.bytes.length };
  await store.putManifest(descriptor, document.bytes, { signal });
  for (const other of roots) {
    if (other.digest === digest && other.name !== undefined && other.name !== name) {
      await store.tag(other.name, descriptor, { signal });
    }
  }
  return undefined;
}

async function deleteUnlessGone(store: ImageStore, digest: GraphRoot["digest"], signal: AbortSignal): Promise<void> {
  try {
    await store.delete(digest, { signal });
  } catch (error) {
    // What a run that was stopped has removed already.
    if (error instanceof ArchwayError && error.code === "NOT_FOUND") return;
    throw error;
  }
}
