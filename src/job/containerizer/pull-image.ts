import { randomUUID } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { ArchwayError } from "../../error/error.ts";
import { formatPlatform, normalizePlatform, canRun, type Platform } from "../../platform/platform.ts";
import type { PulledImage, PullRequest } from "./containerizer.ts";
import { type ImageAnswer, imageAnswer, progressAnswer } from "./docker-answers.ts";
import { type EngineHttp, EngineRefusal } from "./engine-http.ts";

/** One platform's image where the engine can pull it. */
export interface PinnedImage {
  /** `HOST/PATH@sha256:…`: the platform's manifest, in the registry or mirror that has it. */
  readonly reference: string;
  readonly digest: string;
  /** `user:password` of that registry as the engine takes it; absent for anonymous. */
  readonly login?: { readonly username: string; readonly password: string; readonly serveraddress: string };
}

/** Finds the manifest of a platform. Throws `IMAGE_PLATFORM` (kind `failed`) with what exists, and what the registry throws. */
export type PinImage = (image: string, platform: Platform, signal: AbortSignal) => Promise<PinnedImage>;

/**
 * Gets one platform's image by its digest, or, when its registry cannot be reached, takes what the engine has under the name, and makes sure that what the engine has under it is of that platform: engines keep one platform per name, and run it with no more
 * than a warning.
 */
export async function pullImage(
  engine: EngineHttp,
  { image, platform }: PullRequest,
  pin: PinImage,
  signal: AbortSignal,
): Promise<PulledImage> {
  let pinned: PinnedImage;
  try {
    pinned = await pin(image, platform, signal);
  } catch (error) {
    const isUnreachable = error instanceof ArchwayError && error.kind === "unreachable";
    const own = isUnreachable ? await inspect(engine, image, signal, platform) : undefined;
    if (own === undefined || !isOf(own, platform)) throw error;
    // Asked for one platform, Docker tells the digest of its manifest, which it takes for no image: the name's own is.
    const { Id: id } = (await inspect(engine, image, signal)) ?? own;
    return { id, digest: own.RepoDigests?.[0]?.split("@")[1] ?? own.Id, platform, ...userOf(own), bytes: 0 };
  }
  const found = await inspect(engine, pinned.reference, signal);
  const bytes = found === undefined ? await pull(engine, image, pinned, platform, signal) : 0;
  const there = found ?? (await inspect(engine, pinned.reference, signal));
  if (there === undefined) throw pullFailed(image, "the engine has no such image after it pulled it");
  if (!isOf(there, platform)) {
    throw new ArchwayError({
      code: "IMAGE_PLATFORM",
      kind: "failed",
      message: `${image} is ${formatPlatform(platformOf(there))} in the engine, although it was asked for ${formatPlatform(platform)}.`,
      hint: "Its index or its configuration is wrong: archway verify tells which.",
    });
  }
  return { id: there.Id, digest: pinned.digest, platform, ...userOf(there), bytes };
}

function userOf({ Config }: ImageAnswer): Pick<PulledImage, "user"> {
  return Config?.User ? { user: Config.User } : {};
}

function platformOf({ Os, Architecture, Variant }: ImageAnswer): Platform {
  return normalizePlatform({ os: Os, architecture: Architecture, ...(Variant ? { variant: Variant } : {}) });
}

/** Whether an image is of a platform, or of a lower level of the same architecture. */
function isOf(image: ImageAnswer, platform: Platform): boolean {
  const own = platformOf(image);
  return own.architecture === platform.architecture && canRun(platform, own);
}

/** Writes one platform of an image that is in no registry as a Docker archive under a name, and tells the digest of its manifest. */
export type ArchiveImage = (
  location: string,
  platform: Platform,
  to: { readonly file: string; readonly name: string },
  signal: AbortSignal,
) => Promise<string>;

/** Repository of the images that are loaded for one process. */
export const loadedName = "localhost/archway-job";

/** The process that an image was loaded for. */
export function ownerOfLoaded(name: string): string | undefined {
  return /^localhost\/archway-job:(.+)-[0-9a-f]{8}$/.exec(name)?.[1];
}

/** A name for an image that is loaded for one process. */
export function freshName(owner: string): string {
  return `${loadedName}:${owner}-${randomUUID().slice(0, 8)}`;
}

/** Loads a Docker archive that is in memory. */
export async function loadBytes(engine: EngineHttp, archive: Uint8Array, signal: AbortSignal): Promise<void> {
  const headers = { "Content-Type": "application/x-tar" };
  const upload = Readable.from([archive]);
  await engine.json({ method: "POST", path: "/images/load?quiet=1", headers, upload }, signal);
}

/** Loads one platform of an image of this run (`oci:FOLDER`) into the engine, under a name of its own. */
export async function loadImage(
  engine: EngineHttp,
  { image, platform }: PullRequest,
  { archive, owner, folder }: { readonly archive: ArchiveImage; readonly owner: string; readonly folder: string },
  signal: AbortSignal,
): Promise<PulledImage & { readonly name: string }> {
  const name = freshName(owner);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `image-${name.slice(-8)}.tar`);
  try {
    const digest = await archive(image, platform, { file, name }, signal);
    const headers = { "Content-Type": "application/x-tar" };
    const asked = { method: "POST", path: "/images/load?quiet=1", headers, upload: file } as const;
    await engine.json(asked, signal);
    const there = await inspect(engine, name, signal);
    if (there === undefined) throw pullFailed(image, "the engine has no such image after it was loaded");
    return { id: there.Id, digest, platform, ...userOf(there), bytes: (await stat(file)).size, name };
  } finally {
    await rm(file, { force: true });
  }
}

/** What an engine knows of an image: of one platform where it keeps several under a name (Docker from API 1.49 on), else of the one that it has. */
async function inspect(engine: EngineHttp, reference: string, signal: AbortSignal, platform?: Platform) {
  const query = platform === undefined ? "" : `?platform=${encodeURIComponent(JSON.stringify(platform))}`;
  try {
    return imageAnswer.parse(await engine.json({ method: "GET", path: `/images/${reference}/json${query}` }, signal));
  } catch (error) {
    if (error instanceof EngineRefusal && error.status === 404) return undefined;
    throw error;
  }
}

async function pull(
  engine: EngineHttp,
  image: string,
  { reference, login }: PinnedImage,
  platform: Platform,
  signal: AbortSignal,
): Promise<number> {
  const query = new URLSearchParams({ fromImage: reference, platform: formatPlatform(platform) });
  const headers = login === undefined ? {} : { "X-Registry-Auth": registryAuth(login) };
  const layers = new Map<string, number>();
  try {
    const answer = await engine.stream({ method: "POST", path: `/images/create?${query.toString()}`, headers }, signal);
    for await (const line of createInterface({ input: answer, crlfDelay: Infinity })) {
      if (line.trim() === "") continue;
      const { id, error, progressDetail } = progressAnswer.parse(JSON.parse(line));
      if (error !== undefined) throw pullFailed(image, error);
      const current = progressDetail?.current ?? 0;
      if (id !== undefined) layers.set(id, Math.max(layers.get(id) ?? 0, current));
    }
  } catch (error) {
    if (error instanceof EngineRefusal) throw pullFailed(image, error.message);
    throw error;
  }
  return [...layers.values()].reduce((sum, size) => sum + size, 0);
}

/** A login as the engine reads it: base64 for URLs, and with its padding. Docker takes one without for no login at all, and says nothing. */
function registryAuth(login: object): string {
  return Buffer.from(JSON.stringify(login)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

function pullFailed(image: string, why: string): ArchwayError {
  return new ArchwayError({
    code: "PULL_FAILED",
    kind: "unreachable",
    message: `The engine did not pull ${image}: ${why.replace(/\.$/, "")}.`,
    hint: "The engine speaks to the registry itself: it needs the way there, and plain HTTP allowed where a registry has no TLS.",
  });
}
