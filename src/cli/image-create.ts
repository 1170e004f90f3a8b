import { join } from "node:path";
import { loadConfig } from "../config/config.ts";
import { ArchwayError } from "../error/error.ts";
import { childrenOf } from "../image/children.ts";
import type { Child } from "../image/children.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { gateChild, GateRefusal } from "../publish/gate.ts";
import type { GatedChild } from "../publish/gate.ts";
import { publish } from "../publish/publish.ts";
import type { Publication } from "../publish/publish.ts";
import { formatFindings } from "../report/findings.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { missedFile, openImage } from "../store/open-store.ts";
import type { ImageStore } from "../store/store.ts";
import { FactsCache } from "../verify/layer/facts-cache.ts";
import type { CliContext } from "./context.ts";
import { cacheFolder, withScratchFolder } from "./folders.ts";
import type { ImageCreateOptions } from "./image-create-options.ts";
import { createdJson, createdMetadata } from "./image-create-result.ts";
import type { Created } from "./image-create-result.ts";
import { openPlaces } from "./image-targets.ts";
import type { ImagePlace } from "./image-targets.ts";
import { openRegistries } from "./registries.ts";
import type { OpenRegistries } from "./registries.ts";
import { writeJsonFile } from "./write-json.ts";

/** Width of plain output where there is no terminal. */
const plainColumns = 120;

/**
 * `archway image create`: gates the images of all sources, joins them into one index, puts it into every repository, layout and archive that a tag
 * names, and moves the tags last. Sources may be images, indexes and layouts, from any registries. Returns 0; everything else is an error.
 */
export async function runImageCreate(
  context: CliContext,
  sources: readonly string[],
  options: ImageCreateOptions,
): Promise<number> {
  const { cwd, signal, stderr, stdout, env } = context;
  const config = await loadConfig({ directory: cwd, file: options.config });
  const registries = openRegistries({ ...options, registries: config.registries }, context);
  return withScratchFolder(async (scratch) => {
    const places = await openPlaces(options.tags, { cwd, registries, scratch });
    for (const { digest } of places) if (digest !== undefined) throw digestAsTag(digest);
    const facts = new FactsCache(join(cacheFolder(env), "facts"));
    const allow = [...config.verify.allow, ...options.allow];
    const style = makeStyle(usesColor(stderr, env));

    const found = (await Promise.all(sources.map((source) => imagesOf(source, registries, signal)))).flat();
    refuseDuplicates(found);
    for (const { child, platform } of found) {
      stderr.write(`${formatPlatform(platform)} ${child.descriptor.digest}\n`);
    }
    const gated = await Promise.all(
      found.map(async ({ child: { descriptor, attestations }, store, platform }): Promise<GatedChild> => {
        const child = { descriptor: { ...descriptor, ...annotationsOf(options, platform, descriptor) }, attestations };
        if (!options.verify) return { child, platform, store };
        return gateChild(store, child, platform, { facts, allow, signal });
      }),
    );

    try {
      const annotations = Object.fromEntries(
        options.annotations.filter(({ on }) => on === "index").map(({ key, value }) => [key, value]),
      );
      const { index, references, pushed } = await publishInto(places, { children: gated, annotations }, signal);
      const result = createdJson({ index, references, pushed }, gated);
      if (options.metadataFile !== undefined) {
        await writeJsonFile(cwd, options.metadataFile, createdMetadata(result));
      }
      if (options.format === "json") stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      else {
        const painted = makeStyle(usesColor(stdout, env));
        const lines = references.map((name) => `${painted.green("published")} ${painted.bold(name)}`);
        stdout.write(`${[...lines, `          ${index.digest}`].join("\n")}\n`);
      }
      return 0;
    } catch (error) {
      if (error instanceof GateRefusal) {
        const findings = error.proofs.flatMap((proof) => proof.findings);
        stderr.write(`${formatFindings(findings, { style, columns: stderr.columns || plainColumns }).join("\n")}\n`);
      }
      throw error;
    }
  });
}

/** Joins into every place; archives come first: a disk that is full is found before any tag has moved. */
async function publishInto(
  places: readonly ImagePlace[],
  publication: Omit<Publication, "targets">,
  signal: AbortSignal,
): Promise<Created> {
  const archives = places.filter(({ finish }) => finish !== undefined);
  const others = places.filter(({ finish }) => finish === undefined);
  let index: Descriptor | undefined;
  for (const place of archives) {
    index = (await publish({ ...publication, targets: [place] }, () => undefined, signal)).descriptor;
    await place.finish?.(signal);
  }
  if (others.length > 0 || index === undefined) {
    index = (await publish({ ...publication, targets: others }, () => undefined, signal)).descriptor;
  }
  const references = places.flatMap((place) => place.references);
  return { index, references, pushed: others.some(({ store }) => !store.name.startsWith("oci:")) };
}

function digestAsTag(digest: string): ArchwayError {
  return new ArchwayError({
    code: "INVALID_REFERENCE",
    kind: "input",
    message: `${digest} is a digest, and nobody knows the digest of an index before it is joined.`,
    hint: "Give REGISTRY/NAME:TAG.",
  });
}

/** One image of a source. */
interface SourceImage {
  /** As the user named it. */
  readonly source: string;
  readonly store: ImageStore;
  readonly child: Child;
  readonly platform: Platform;
}

async function imagesOf(source: string, { registries }: OpenRegistries, signal: AbortSignal): Promise<SourceImage[]> {
  const { store, reference } = openImage(source, registries);
  // What is named by its digest needs no question before it is read.
  const root = isDigest(reference)
    ? { digest: reference }
    : await store.resolve(reference, { signal }).catch((error: unknown) => {
        throw missedFile(error, source);
      });
  const children = await childrenOf(store, root, { signal });
  if (children.length === 0) {
    throw new ArchwayError({
      code: "NO_IMAGE",
      kind: "input",
      message: `${source} holds no image that can run.`,
      hint: "Join image manifests or indexes of them; what you named is an artifact of another kind, an attestation for example.",
    });
  }
  return children.map((child) => ({ source, store, child, platform: platformOf(child.descriptor) }));
}

/** Told before anything is read or proven, and by the names that the user gave. */
function refuseDuplicates(images: readonly SourceImage[]): void {
  const named = new Map<string, string>();
  for (const { source, child, platform } of images) {
    const { digest, osVersion } = child.descriptor;
    const name = [formatPlatform(platform), osVersion].filter(Boolean).join(" ");
    const own = source.includes(digest) ? source : `${source} (${digest})`;
    const first = named.get(name);
    if (first !== undefined) {
      throw new ArchwayError({
        code: "DUPLICATE_PLATFORM",
        kind: "input",
        message: `Two images are for ${name}: ${first} and ${own}.`,
        hint: "An index has one image a platform. Leave one of them out.",
      });
    }
    named.set(name, own);
  }
}

function platformOf({ platform, digest }: Descriptor): Platform {
  if (platform) return platform;
  throw new ArchwayError({
    code: "PLATFORM_MISSING",
    kind: "input",
    message: `${digest} does not say which platform it is for.`,
    hint: "Its config has no architecture; rebuild it with a current engine.",
  });
}

/** The descriptor's own annotations, and those of `--annotation manifest-descriptor[PLATFORM]:…`. */
function annotationsOf(
  options: ImageCreateOptions,
  platform: Platform,
  descriptor: Descriptor,
): Pick<Descriptor, "annotations"> {
  const added = options.annotations.filter(
    (annotation) =>
      annotation.on === "manifest-descriptor" &&
      (annotation.platform === undefined || samePlatform(annotation.platform, platform)),
  );
  const annotations = { ...descriptor.annotations, ...Object.fromEntries(added.map(({ key, value }) => [key, value])) };
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}
