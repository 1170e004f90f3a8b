import { ArchwayError, type ErrorPlace } from "../../error/error.ts";
import { childrenOf } from "../../image/children.ts";
import type { Descriptor, Digest } from "../../oci/descriptor.ts";
import { parseReference, type Reference, withTag } from "../../oci/reference.ts";
import { compatiblePlatforms, formatPlatform, type Platform, samePlatform } from "../../platform/platform.ts";
import { Lane } from "../../store/lane.ts";
import type { ImageStore } from "../../store/store.ts";
import type { JobGraph } from "../job-spec.ts";
import type { Value } from "../../expression/expression.ts";
import { imageNeeds, type ImageUse } from "./image-needs.ts";

/** Finds a reference in its registry or a mirror of it. */
export type FindImage = (
  reference: Reference,
  signal: AbortSignal,
) => Promise<{ readonly store: ImageStore; readonly descriptor: Descriptor }>;

/** An image that is there for every platform that the run needs it for. */
export interface ResolvedImage {
  /** As the pipeline writes it. */
  readonly name: string;
  /** Digest of the index, or of the image where there is no index. */
  readonly digest: Digest;
  /** Platforms of the run that need it; empty when any will do. */
  readonly needed: readonly Platform[];
}

/** What became of the images of a run. */
export interface ResolvedImages {
  readonly images: readonly ResolvedImage[];
  /** One for each image that is missing, lacks a platform, or could not be asked for. */
  readonly problems: readonly ArchwayError[];
  /** Names that are only known when the run has come to them. */
  readonly late: readonly string[];
}

/** How the images of a run are found. */
export interface ImageSources {
  readonly find: FindImage;
  /** Where a value of the pipeline's file stands, for messages. */
  readonly placeOf: (path: readonly PropertyKey[]) => ErrorPlace;
  /** Names that expressions may have beside those of a job: what is known of the run. Others make the name of an image known late. */
  readonly known?: Iterable<readonly [string, Value]>;
  /** What jobs that name no platform run as; absent, or undefined, where nobody knows that yet. */
  readonly freePlatform?: Promise<Platform | undefined>;
}

/** Images that are asked for at the same time. */
const parallel = 8;

/**
 * Looks up every image that the steps, services and failure handlers of a run start, once each and in parallel, before anything runs. Images whose names follow
 * from a job of the run are left out, and so are skipped jobs.
 *
 * The problems are `IMAGE_PLATFORM_MISSING` (kind `failed`) with what exists, `IMAGE_NOT_FOUND` (kind `failed`), `INVALID_REFERENCE` (kind `input`), and what
 * stores throw when they cannot be asked. Throws only when the signal is aborted.
 */
export async function resolveImages(
  graph: JobGraph,
  sources: ImageSources,
  signal: AbortSignal,
): Promise<ResolvedImages> {
  const { images, late } = imageNeeds(graph, sources.known ?? []);
  const lane = new Lane(parallel);
  const found = await Promise.all(
    [...images].map(([name, uses]) => lane.run(() => resolveImage(name, uses, sources, signal), signal)),
  );
  return {
    images: found.flatMap((image) => (image instanceof ArchwayError ? [] : [image])),
    problems: found.filter((image) => image instanceof ArchwayError),
    late,
  };
}

async function resolveImage(
  name: string,
  written: readonly ImageUse[],
  { find, placeOf, freePlatform }: ImageSources,
  signal: AbortSignal,
): Promise<ResolvedImage | ArchwayError> {
  try {
    const { store, descriptor } = await find(readName(name), signal);
    const children = await childrenOf(store, descriptor, { signal });
    const free = await freePlatform;
    const uses = written.map((use) => (use.isFree && free ? { ...use, platform: free } : use));
    const needed = unique(uses.flatMap(({ platform }) => platform ?? []));
    const has = unique(children.flatMap((child) => child.descriptor.platform ?? []));
    const missing = needed.filter((platform) => !has.some((other) => runsAs(platform, other)));
    if (missing.length > 0) return platformMissing(name, uses, { missing, has, placeOf });
    return { name, digest: descriptor.digest, needed };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ArchwayError)) throw error;
    return located(name, written, error, placeOf);
  }
}

/** A name without tag and digest means `latest`. */
function readName(name: string): Reference {
  const reference = parseReference(name);
  return reference.tag === undefined && reference.digest === undefined ? withTag(reference, "latest") : reference;
}

/** An image of a lower variant of the same architecture is what engines take as well: arm/v6 for arm/v7. A 32-bit relative is not: arm/v7 for arm64. */
function runsAs(platform: Platform, image: Platform): boolean {
  return (
    platform.architecture === image.architecture &&
    compatiblePlatforms(platform).some((one) => samePlatform(one, image))
  );
}

function platformMissing(
  name: string,
  uses: readonly ImageUse[],
  {
    missing,
    has,
    placeOf,
  }: { readonly missing: readonly Platform[]; readonly has: readonly Platform[] } & Pick<ImageSources, "placeOf">,
): ArchwayError {
  const use = uses.find(({ platform }) => platform && missing.some((one) => samePlatform(one, platform)));
  const jobs = uses.flatMap(({ platform, job }) =>
    platform && missing.some((one) => samePlatform(one, platform)) ? [job] : [],
  );
  const [job = ""] = jobs;
  return new ArchwayError({
    code: "IMAGE_PLATFORM_MISSING",
    kind: "failed",
    message: [
      `${name} has no image for ${missing.map(formatPlatform).join(", ")}`,
      `  needed by: ${[...new Set(jobs)].join(", ")}`,
      `  it has: ${has.map(formatPlatform).join(", ") || "nothing that runs"}`,
    ].join("\n"),
    hint: `Take a tag or an image that has the platform, give the job "${nameOf(job)}" another image there, or leave the platform out of it.`,
    ...(use ? { place: placeOf(use.path) } : {}),
  });
}

/** `test[go=1.26]@linux/arm64` is an expansion of `test`. */
function nameOf(id: string): string {
  return id.replace(/[[@].*$/, "");
}

function located(
  name: string,
  uses: readonly ImageUse[],
  error: ArchwayError,
  placeOf: ImageSources["placeOf"],
): ArchwayError {
  const jobs = [...new Set(uses.map(({ job }) => job))].join(", ");
  const isMissing = error.code === "NOT_FOUND";
  const told =
    error.kind === "input"
      ? error.message
      : isMissing
        ? `There is no image ${name}: ${error.message}`
        : `The image ${name} could not be looked up: ${error.message}`;
  const hint = isMissing ? "Check its name and tag." : error.hint;
  return new ArchwayError({
    code: isMissing ? "IMAGE_NOT_FOUND" : error.code,
    kind: isMissing ? "failed" : error.kind,
    message: `${told}\n  needed by: ${jobs}`,
    ...(hint === undefined ? {} : { hint }),
    ...(uses[0] ? { place: placeOf(uses[0].path) } : {}),
    cause: error,
  });
}

function unique(platforms: readonly Platform[]): readonly Platform[] {
  return platforms.filter((platform, index) => platforms.findIndex((other) => samePlatform(other, platform)) === index);
}
