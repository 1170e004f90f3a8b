import { ArchwayError } from "../error/error.ts";
import { childrenOf } from "../image/children.ts";
import type { Child } from "../image/children.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { familiarReference, parseReference, targetOf, withTag } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { ImageStore } from "../store/store.ts";
import { newerTags } from "./newest-tag.ts";

/** An image that a Dockerfile names, resolved once for all platforms and nodes. */
export interface BaseImage {
  /** As a person writes it: `alpine:3.4`. */
  readonly name: string;
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  /** What names exactly this image where it was found, in a mirror or at home: `mirror:5000/library/alpine@sha256:…`. */
  readonly pinned: string;
  readonly store: ImageStore;
  readonly children: readonly Child[];
}

/** Finds a reference in its registry or a mirror of it; what `src/store` offers. */
export type ResolveReference = (
  reference: Reference,
  signal: AbortSignal,
) => Promise<{ readonly store: ImageStore; readonly descriptor: Descriptor; readonly location: string }>;

/** A base image that lacks a platform, with what a person can do about it. */
export interface MissingPlatform {
  readonly base: BaseImage;
  readonly platform: Platform;
  /** Line of the Dockerfile that names the image. */
  readonly line: number;
}

/** How many newer tags are asked for the missing platform: each costs a request or two. */
const maxTagsAsked = 12;
/** How many tags of a repository are listed at most. */
const maxTagsListed = 20_000;

/**
 * Looks up an image named by a Dockerfile, through mirrors, with the platforms it has.
 *
 * Throws `BASE_NOT_FOUND` (kind `input`) when registry and mirrors say that it does not exist; what stores throw when they cannot be asked.
 */
export async function resolveBase(
  reference: Reference,
  line: number,
  file: string,
  resolveReference: ResolveReference,
  signal: AbortSignal,
): Promise<BaseImage> {
  const name = familiarReference(reference).replace(/:latest$/, "");
  try {
    const { store, descriptor } = await resolveReference(reference, signal);
    const children = await childrenOf(store, descriptor, { signal });
    return { name, reference, descriptor, pinned: `${store.name}@${descriptor.digest}`, store, children };
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    if (error.code === "NOT_FOUND") {
      throw new ArchwayError({
        code: "BASE_NOT_FOUND",
        kind: "input",
        message: `There is no image ${name}: ${error.message}`,
        hint: "Check its name and tag. For an image that is only on this machine give --build-context NAME=oci-layout://DIR.",
        place: { file, line },
        cause: error,
      });
    }
    throw new ArchwayError({
      code: error.code,
      kind: error.kind,
      message: `The base image ${name} could not be looked up: ${error.message}`,
      hint: [error.hint, error.code === "UNREACHABLE" ? mirrorHint(reference.host) : undefined]
        .filter(Boolean)
        .join(" "),
      place: { file, line },
      cause: error,
    });
  }
}

function mirrorHint(host: string): string {
  return `In a closed network name a mirror in .archway.yaml: registries: {${host}: {mirrors: [HOST]}}.`;
}

/** Reads the name of a base image; one without tag and digest means `latest`. Throws `INVALID_REFERENCE` with the line of the Dockerfile. */
export function parseBase(text: string, line: number, file: string): Reference {
  try {
    const reference = parseReference(text);
    return reference.tag === undefined && reference.digest === undefined ? withTag(reference, "latest") : reference;
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    throw new ArchwayError({
      code: error.code,
      kind: error.kind,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      place: { file, line },
      cause: error,
    });
  }
}

/** True when the image has the platform; an image without any platform entry is judged by its config, which `children` carries. */
export function hasPlatform(base: BaseImage, platform: Platform): boolean {
  return base.children.some(({ descriptor }) => descriptor.platform && samePlatform(descriptor.platform, platform));
}

/**
 * One error for all base images that lack a platform: per image what it has, and the newest tag of the same kind that has what
 * is missing, where the registry can tell.
 */
export async function missingPlatformsError(
  missing: readonly MissingPlatform[],
  file: string,
  signal: AbortSignal,
): Promise<ArchwayError> {
  const lines: string[] = [];
  const [first] = missing;
  for (const [name, places] of Map.groupBy(missing, ({ base }) => base.name)) {
    const [use] = places;
    if (!use) continue;
    const platforms = uniquePlatforms(places.map(({ platform }) => platform));
    const has = uniquePlatforms(use.base.children.flatMap(({ descriptor }) => descriptor.platform ?? []));
    const numbers = [...new Set(places.map(({ line }) => line))];
    // The error's own place names the first line already.
    const where = numbers.length === 1 && numbers[0] === first?.line ? "" : ` (line ${numbers.join(", ")})`;
    lines.push(
      `${name}${where} has no image for ${platforms.map(formatPlatform).join(", ")}`,
      `  it has: ${has.map(formatPlatform).join(", ") || "nothing that runs"}`,
    );
    const newer = await newestTagWith(use.base, platforms, signal);
    if (newer !== undefined) lines.push(`  newest tag that has it: ${newer}`);
  }
  return new ArchwayError({
    code: "BASE_PLATFORM_MISSING",
    kind: "failed",
    message: lines.join("\n"),
    hint: "Take a tag or an image that has the platform, or build without it: --allow-missing PLATFORM.",
    ...(first ? { place: { file, line: first.line } } : {}),
  });
}

/** The newest tag of the same kind as the base's with all the platforms; `undefined` when there is none or the registry does not tell. */
async function newestTagWith(
  base: BaseImage,
  platforms: readonly Platform[],
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const tags: string[] = [];
    for await (const tag of base.store.tags({ signal })) {
      tags.push(tag);
      if (tags.length >= maxTagsListed) break;
    }
    for (const tag of newerTags(targetOf(base.reference), tags).slice(0, maxTagsAsked)) {
      const children = await childrenOf(base.store, await base.store.resolve(tag, { signal }), { signal });
      const found = { ...base, children };
      if (platforms.every((platform) => hasPlatform(found, platform))) {
        return familiarReference({ host: base.reference.host, path: base.reference.path, tag });
      }
    }
    return undefined;
  } catch (error) {
    // Advice only: a registry that does not list tags must not hide the error that the advice belongs to.
    if (signal.aborted || !(error instanceof ArchwayError)) throw error;
    return undefined;
  }
}

function uniquePlatforms(platforms: readonly Platform[]): readonly Platform[] {
  return platforms.filter((platform, index) => platforms.findIndex((other) => samePlatform(other, platform)) === index);
}
