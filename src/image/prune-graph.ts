import { ArchwayError } from "../error/error.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import type { ImageIndex } from "../oci/index.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import { isRunnable } from "../oci/manifest.ts";
import { isIndexType, isManifestType } from "../oci/media-types.ts";
import { Lane } from "../store/lane.ts";
import type { ImageStore, StoreOptions } from "../store/store.ts";
import { readConfig, readDocument } from "./children.ts";
import type { GraphNode, GraphRoot, ImageGraph } from "./prune-plan.ts";

/** Most tags of one repository: a build an hour for two years. */
const maxRoots = 20_000;

/** Most manifests that are read: their places in memory are the bound, not their sizes. */
const maxNodes = 100_000;

/** Requests at once. */
const atOnce = 8;

/** Annotation that says when an index was made (image-spec, annotations.md). */
const createdAnnotation = "org.opencontainers.image.created";

/** Before 2000 nobody built images: reproducible builds write such dates, and they say nothing. */
const firstDate = Date.UTC(2000, 0, 1);

/**
 * Reads all that tags or entries of a store lead to: indexes and what they list, referrers, and, when asked, when images were made. A registry has no
 * list of its manifests, so what no tag leads to is not in it.
 *
 * Throws `TOO_LARGE` (kind `failed`) beyond 20,000 tags or 100,000 manifests, and what the store throws; a child that is missing is no error.
 */
export async function readGraph(
  store: ImageStore,
  { dates, ...options }: StoreOptions & { readonly dates: boolean },
): Promise<ImageGraph> {
  const lane = new Lane(atOnce);
  const turn = <Result>(work: () => Promise<Result>) => lane.run(work, options.signal);
  const entries = await rootsOf(store, turn, options);
  const nodes = new Map<Digest, GraphNode>();
  const known = new Set<Digest>();
  let level: readonly Descriptor[] = entries.map(({ descriptor }) => descriptor);
  while (level.length > 0) {
    const fresh = level.filter(({ digest }) => !known.has(digest) && known.add(digest));
    if (known.size > maxNodes) throw tooMany(store, `${maxNodes} manifests`);
    const read = await Promise.all(
      fresh.map(async (descriptor) => {
        const [node, referrers] = await Promise.all([
          turn(() => readNode(store, descriptor, dates, options)),
          turn(async () => (await store.referrers?.(descriptor.digest, options)) ?? []),
        ]);
        if (node !== undefined) nodes.set(descriptor.digest, node.node);
        return [...(node?.below ?? []), ...referrers];
      }),
    );
    level = read.flat();
  }
  const roots: GraphRoot[] = entries.map(({ name, descriptor }) => ({
    ...(name === undefined ? {} : { name }),
    digest: descriptor.digest,
  }));
  return { roots, nodes: dates ? datedIndexes(nodes) : nodes };
}

/** What a store's tags or entries point at now. */
export async function rootsOf(
  store: ImageStore,
  turn: <Result>(work: () => Promise<Result>) => Promise<Result>,
  options: StoreOptions,
): Promise<readonly { readonly name?: string; readonly descriptor: Descriptor }[]> {
  if (store.entries !== undefined) {
    const entries = await store.entries(options);
    if (entries.length > maxRoots) throw tooMany(store, `${maxRoots} entries`);
    return entries;
  }
  const names: string[] = [];
  for await (const name of store.tags(options)) {
    names.push(name);
    if (names.length > maxRoots) throw tooMany(store, `${maxRoots} tags`);
  }
  const found = names.map((name) =>
    turn(async () => {
      const descriptor = await unlessMissing(() => store.resolve(name, options));
      return descriptor === undefined ? [] : [{ name, descriptor }];
    }),
  );
  return (await Promise.all(found)).flat();
}

interface ReadNode {
  readonly node: GraphNode;
  readonly below: readonly Descriptor[];
}

async function readNode(
  store: ImageStore,
  descriptor: Descriptor,
  dates: boolean,
  options: StoreOptions,
): Promise<ReadNode | undefined> {
  const { digest, mediaType } = descriptor;
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
    return { node: { digest, kind: "other", children: [] }, below: [] };
  }
  const document = await unlessMissing(() => readDocument(store, { digest }, options));
  if (document === undefined) return undefined;
  const below = document.kind === "index" ? document.entries.map((entry) => entry.descriptor) : [];
  const created = dates ? await createdOf(store, document, options) : undefined;
  const node: GraphNode = {
    digest,
    kind: document.kind,
    children: below.map((child) => child.digest),
    ...(document.subject === undefined ? {} : { subject: document.subject.digest }),
    ...(created === undefined ? {} : { created }),
  };
  return { node, below: document.subject === undefined ? below : [...below, document.subject] };
}

/** When an image was made by its config, or a document by its annotation. */
async function createdOf(
  store: ImageStore,
  document: ImageManifest | ImageIndex,
  options: StoreOptions,
): Promise<number | undefined> {
  const annotated = dateOf(document.annotations[createdAnnotation]);
  if (annotated !== undefined || document.kind === "index" || !isRunnable(document)) return annotated;
  const config = await unlessMissing(() => readConfig(store, document, options));
  return dateOf(config?.created);
}

/** An index that does not say when it was made is as old as the newest image in it. */
function datedIndexes(nodes: ReadonlyMap<Digest, GraphNode>): ReadonlyMap<Digest, GraphNode> {
  const dateWithin = (digest: Digest, path: ReadonlySet<Digest>): number | undefined => {
    const node = nodes.get(digest);
    if (node === undefined || node.created !== undefined || path.has(digest)) return node?.created;
    const below = node.children.flatMap((child) => dateWithin(child, new Set([...path, digest])) ?? []);
    return below.length === 0 ? undefined : Math.max(...below);
  };
  return new Map(
    [...nodes].map(([digest, node]) => {
      const created = dateWithin(digest, new Set());
      return [digest, created === undefined ? node : { ...node, created }];
    }),
  );
}

function dateOf(text: string | undefined): number | undefined {
  const date = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) || date < firstDate ? undefined : date;
}

async function unlessMissing<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchwayError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

function tooMany(store: ImageStore, limit: string): ArchwayError {
  return new ArchwayError({
    code: "TOO_LARGE",
    kind: "failed",
    message: `${store.name} has more than ${limit}, and nothing is removed without having seen all of them.`,
    hint: "Remove what is old by the registry's own retention rules first.",
  });
}
