import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ArchwayError } from "../error/error.ts";
import type { EngineInfo, EngineOutput, EngineResult } from "../engine/engine.ts";
import { childrenOf } from "../image/children.ts";
import type { Child } from "../image/children.ts";
import { copyImage } from "../image/copy.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { repositoryOf } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { LayoutStore } from "../store/layout.ts";
import type { ImageStore } from "../store/store.ts";

/** One platform's image where the engine left it, and where it stays. */
export interface Delivered {
  readonly child: Child;
  /** Where the child is kept until the join. */
  readonly store: ImageStore;
  /** The nearest place to read it from: the engine's own layout, when there is one. */
  readonly readFrom: ImageStore;
}

/** Where the children of a build are put, one platform at a time, before they are joined. */
export interface Sink {
  /** Names the place in build records; absent when nothing outlives the run. */
  readonly place?: string;
  /** Where the engine has to put one platform. */
  outputFor(platform: Platform, info: EngineInfo): Promise<EngineOutput>;
  /** Takes what the engine made; finds the platform's image and its attestations. */
  deliver(platform: Platform, output: EngineOutput, result: EngineResult, signal: AbortSignal): Promise<Delivered>;
  /** A child of an earlier run, when it is still there. */
  recall?(
    platform: Platform,
    descriptor: Pick<Descriptor, "digest" | "mediaType">,
    signal: AbortSignal,
  ): Promise<Delivered | undefined>;
}

/** Folder of one platform below a scratch folder: `linux-arm-v7`. */
export function platformFolder(platform: Platform): string {
  return formatPlatform(platform).replaceAll("/", "-");
}

async function layoutOutput(scratch: string, platform: Platform): Promise<EngineOutput> {
  const directory = join(scratch, platformFolder(platform));
  await mkdir(directory, { recursive: true });
  return { kind: "layout", directory };
}

/** Puts children by digest, without a tag, into the repository that the first tag names: registries cannot join across repositories. */
export function registrySink(repository: Reference, store: ImageStore, plainHttp: boolean, scratch: string): Sink {
  const place = repositoryOf(repository);
  return {
    place,
    outputFor: async (platform, info) =>
      info.pushesByDigest ? { kind: "registry", repository: place, plainHttp } : layoutOutput(scratch, platform),
    async deliver(platform, output, result, signal) {
      const made = resultDescriptor(result);
      if (output.kind === "registry") {
        const child = await childFor(store, platform, made, signal);
        return { child, store, readFrom: store };
      }
      const layout = layoutOf(output);
      const child = await childFor(layout, platform, made, signal);
      for (const descriptor of [child.descriptor, ...child.attestations]) {
        await copyImage(layout, store, descriptor, { signal });
      }
      return { child, store, readFrom: layout };
    },
    async recall(platform, { digest, mediaType }, signal) {
      if (!(await store.has(digest, "manifest", { signal }))) return undefined;
      const child = await childFor(store, platform, { digest, mediaType, size: 0 }, signal);
      return { child, store, readFrom: store };
    },
  };
}

/** Keeps children in layouts of their own until they are joined into a file, a folder or an engine. */
export function layoutSink(scratch: string): Sink {
  return {
    outputFor: (platform) => layoutOutput(scratch, platform),
    async deliver(platform, output, result, signal) {
      const layout = layoutOf(output);
      const child = await childFor(layout, platform, resultDescriptor(result), signal);
      return { child, store: layout, readFrom: layout };
    },
  };
}

function layoutOf(output: EngineOutput): LayoutStore {
  if (output.kind !== "layout") throw new Error(`an engine was asked for ${output.kind}, not for a layout`);
  return new LayoutStore(output.directory);
}

function resultDescriptor(result: EngineResult): Descriptor {
  if (result.digest === undefined || result.mediaType === undefined) {
    throw new ArchwayError({
      code: "ENGINE_FAULT",
      kind: "unreachable",
      message: "The engine says that it built the image, but not which: there is no digest in its answer.",
      hint: "Look at the engine's version in archway platforms; update it.",
    });
  }
  return { digest: result.digest, mediaType: result.mediaType, size: 0 };
}

/** The one image that a build of one platform made; engines wrap it in an index when it has attestations. */
async function childFor(store: ImageStore, platform: Platform, made: Descriptor, signal: AbortSignal): Promise<Child> {
  const children = await childrenOf(store, made, { signal });
  const [only, second] = children;
  if (!only || second) {
    const has = children.map(({ descriptor }) => descriptor.platform && formatPlatform(descriptor.platform));
    throw new ArchwayError({
      code: "ENGINE_FAULT",
      kind: "failed",
      message: `The engine was asked for ${formatPlatform(platform)} and made ${has.join(", ") || "no image"}.`,
      hint: "Look at the engine's version and known faults in archway platforms.",
    });
  }
  const declared = only.descriptor.platform;
  if (declared && !samePlatform(declared, platform)) {
    throw new ArchwayError({
      code: "ENGINE_FAULT",
      kind: "failed",
      message: `The engine was asked for ${formatPlatform(platform)} and made an image for ${formatPlatform(declared)}.`,
      hint: "Look at the engine's version and known faults in archway platforms.",
    });
  }
  return only;
}
