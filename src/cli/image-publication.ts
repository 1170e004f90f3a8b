import { join } from "node:path";
import { loadConfig } from "../config/config.ts";
import { attachmentsOf } from "../image/attachments.ts";
import type { Root } from "../image/children.ts";
import { selectPlatforms } from "../image/select.ts";
import type { Selection } from "../image/select.ts";
import type { Digest } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { gateChild, GateRefusal } from "../publish/gate.ts";
import type { GatedChild } from "../publish/gate.ts";
import { publishReady, requireUnmoved, tagDigest } from "../publish/publish.ts";
import type { PublishTarget, ReadyImage } from "../publish/publish.ts";
import { formatFindings } from "../report/findings.ts";
import { formatCount } from "../report/quantity.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { missedFile, openImage } from "../store/open-store.ts";
import { MirroredStore } from "../store/registry/mirrors.ts";
import type { ImageStore } from "../store/store.ts";
import { FactsCache } from "../verify/layer/facts-cache.ts";
import type { CliContext } from "./context.ts";
import { cacheFolder, withScratchFolder } from "./folders.ts";
import { ArrivalCounter } from "./image-arrivals.ts";
import type { PublishedImage } from "./image-copy-result.ts";
import { imagesIn, refuseOtherDigest } from "./image-publication-input.ts";
import type { PublishAccess } from "./image-shared-options.ts";
import { openPlaces } from "./image-targets.ts";
import type { ImagePlace } from "./image-targets.ts";
import { openRegistries } from "./registries.ts";

/** Width of plain output where there is no terminal. */
const plainColumns = 120;

/** What is published, and how. */
export interface PublicationRequest {
  /** As the user named it. */
  readonly source: string;
  /** As the user named them. */
  readonly targets: readonly string[];
  /** Only tags move, within the repository or layout of the source: which is read itself, not its mirrors. */
  readonly inPlace?: boolean;
  /** None: all. */
  readonly platforms: readonly Platform[];
  /** Keeps an index when one platform is chosen. */
  readonly keepIndex: boolean;
  /** Whether signatures and other referrers go along. */
  readonly referrers: boolean;
  /**
   * What each tag has to point at to be moved; `unchanged`: what it points at when the command begins; `source`: what the source was when it was read.
   * Absent: whatever.
   */
  readonly expect?: Digest | "absent" | "unchanged" | "source";
  /** Makes another image of the source, instead of choosing platforms of it. */
  readonly edit?: (store: ImageStore, root: Root, signal: AbortSignal) => Promise<Selection>;
}

/**
 * What copy, tag and promote are: reads an image, proves it, puts it into every target by digest, and moves the tags last.
 *
 * Throws what the gate, the stores and `publishReady` throw; after a refusal of the gate its findings have been written.
 */
export async function publishImage(
  context: CliContext,
  access: PublishAccess,
  request: PublicationRequest,
): Promise<PublishedImage> {
  const { signal, cwd, env, stderr } = context;
  const config = await loadConfig({ directory: cwd, file: access.config });
  const registries = openRegistries({ ...access, registries: config.registries }, context);
  const { reference, store: opened } = openImage(request.source, registries.registries);
  const store = request.inPlace === true && opened instanceof MirroredStore ? opened.origin : opened;
  return withScratchFolder(async (scratch) => {
    const places = await openPlaces(request.targets, { cwd, registries, source: store, scratch });
    // What is named by its digest needs no question before it is read.
    const source = isDigest(reference)
      ? { digest: reference }
      : await store.resolve(reference, { signal }).catch((error: unknown) => {
          throw missedFile(error, request.source);
        });
    const [selection, before] = await Promise.all([select(store, source, request, signal), lookAt(places, signal)]);
    const images = imagesIn(selection, request.source, access.verify);
    refuseOtherDigest(places, selection.root.digest);
    const targets = places.map((place) =>
      targetOf(place, request.expect === "source" ? source.digest : request.expect, before.get(place)),
    );
    for (const target of targets) await requireUnmoved(target, selection.root, signal);
    for (const { platform, child } of images) stderr.write(`${formatPlatform(platform)} ${child.descriptor.digest}\n`);
    if (selection.leftBehind.length > 0) {
      const left = formatCount(selection.leftBehind.length, "attestation");
      stderr.write(`${left} of the index cannot go along with a single image: --keep-index takes them too.\n`);
    }
    const allow = [...config.verify.allow, ...access.allow];
    const gate = { facts: new FactsCache(join(cacheFolder(env), "facts")), allow, signal };
    const [children, attached] = await Promise.all([
      Promise.all(
        images.map(async ({ child, platform }): Promise<GatedChild> =>
          access.verify ? gateChild(store, child, platform, gate) : { child, platform, store },
        ),
      ),
      request.referrers ? attachmentsOf(store, subjectsOf(selection), { signal }) : [],
    ]);
    const counter = new ArrivalCounter(places, context);
    const ready = { root: selection.root, bytes: selection.bytes, store, children, attached };
    await tellingRefusal(context, () => publishAll(ready, places, targets, counter, signal));
    return {
      root: selection.root,
      references: places.flatMap(({ references }) => references),
      children,
      tags: places.flatMap((place) =>
        place.tags.map((tag, at) => ({
          reference: place.references[at] ?? tag,
          before: before.get(place)?.get(tag) ?? null,
        })),
      ),
      attached,
      arrivals: counter.arrivals,
    };
  });
}

async function select(
  store: ImageStore,
  root: Root,
  { platforms, keepIndex, edit }: PublicationRequest,
  signal: AbortSignal,
): Promise<Selection> {
  return edit === undefined
    ? selectPlatforms(store, root, { platforms, keepIndex, signal })
    : edit(store, root, signal);
}

/** What the tags of every place point at, before anything is done; asks on the way whether one may push there. */
async function lookAt(
  places: readonly ImagePlace[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ImagePlace, ReadonlyMap<string, Digest | null>>> {
  const looks = places.map(async (place) => {
    const [tags] = await Promise.all([
      Promise.all(place.tags.map(async (tag) => [tag, await tagDigest(place.store, tag, signal)] as const)),
      place.store.checkPush?.({ signal }),
    ]);
    return [place, new Map(tags)] as const;
  });
  return new Map(await Promise.all(looks));
}

function targetOf(
  { store, tags }: ImagePlace,
  expect: Digest | "absent" | "unchanged" | undefined,
  before: ReadonlyMap<string, Digest | null> | undefined,
): PublishTarget {
  if (expect === undefined) return { store, tags };
  if (expect === "unchanged") return { store, tags, ...(before === undefined ? {} : { expected: before }) };
  const digest = expect === "absent" ? null : expect;
  return { store, tags, expected: new Map(tags.map((tag) => [tag, digest])) };
}

/** Everything that a referrer may be about: the image, its platforms, and their attestations. */
function subjectsOf({ root, children }: Selection): Digest[] {
  const listed = children.flatMap(({ descriptor, attestations }) => [descriptor, ...attestations]);
  return [...new Set([root, ...listed].map(({ digest }) => digest))];
}

/** Archives come first: a disk that is full is found before any tag has moved. */
async function publishAll(
  ready: ReadyImage,
  places: readonly ImagePlace[],
  targets: readonly PublishTarget[],
  { onEvent }: ArrivalCounter,
  signal: AbortSignal,
): Promise<void> {
  const others: PublishTarget[] = [];
  for (const [at, { finish }] of places.entries()) {
    const target = targets[at];
    if (target === undefined) continue;
    if (finish === undefined) others.push(target);
    else {
      await publishReady(ready, [target], onEvent, signal);
      await finish(signal);
    }
  }
  if (others.length > 0) await publishReady(ready, others, onEvent, signal);
}

async function tellingRefusal({ stderr, env }: CliContext, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof GateRefusal) {
      const findings = error.proofs.flatMap((proof) => proof.findings);
      const style = makeStyle(usesColor(stderr, env));
      stderr.write(`${formatFindings(findings, { style, columns: stderr.columns || plainColumns }).join("\n")}\n`);
    }
    throw error;
  }
}
