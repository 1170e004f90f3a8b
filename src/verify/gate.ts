import { ArchwayError } from "../error/error.ts";
import type { Finding, Severity, Verdict } from "../finding/finding.ts";
import { reaches } from "../finding/finding.ts";
import { readConfig, readDocument } from "../image/children.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import { isRunnable } from "../oci/manifest.ts";
import { isForeignLayerType } from "../oci/media-types.ts";
import type { Platform } from "../platform/platform.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { ImageStore } from "../store/store.ts";
import type { AllowedPath } from "./allow.ts";
import { applyAllowed } from "./allow.ts";
import { chainFindings } from "./chain-rules.ts";
import { startChain } from "./chain.ts";
import type { CodeFile } from "./compare.ts";
import type { FactsCache } from "./facts-cache.ts";
import type { LayerFacts } from "./facts.ts";
import { fileFindings, systemFolder } from "./file-rules.ts";
import { expectedCode, isOf } from "./identity.ts";
import type { ImageFacts } from "./image-facts.ts";
import { imageFacts, layerPlaces } from "./image-facts.ts";
import { readLayer } from "./read-layer.ts";

/** What the gate needs besides the image. */
export interface GateOptions {
  /** Share one between all images of a process: then a layer of several platforms is read once. */
  readonly facts: FactsCache;
  /** Files that are meant to be foreign. */
  readonly allow: readonly AllowedPath[];
  readonly signal?: AbortSignal;
  /** Called while layers are read. */
  readonly onProgress?: (progress: LayerProgress) => void;
}

/** How far one layer is. */
export interface LayerProgress {
  readonly digest: Digest;
  /** Compressed size in bytes. */
  readonly size: number;
  /** Uncompressed bytes read so far. */
  readonly unpacked: number;
}

/** What was looked at. */
export interface Coverage {
  readonly layers: number;
  /** Layers whose facts were known already. */
  readonly cachedLayers: number;
  /** Layers that could not be examined; with any of them the verdict is never `pass`. */
  readonly unreadLayers: number;
  /** Compressed bytes of the examined layers. */
  readonly bytes: number;
  /** Regular files in the merged file system. */
  readonly files: number;
  /** ELF files among them. */
  readonly elf: number;
}

/** The verdict about one image of one platform, with all that it rests on. */
export interface ImageProof {
  readonly platform: Platform;
  readonly digest: Digest;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly coverage: Coverage;
  /** Machine code of the image, for {@link compareAcrossPlatforms}. */
  readonly code: readonly CodeFile[];
  /** The exceptions of {@link GateOptions.allow} that had an effect. */
  readonly allowed: readonly AllowedPath[];
}

/** One layer after the attempt to read it. */
interface ReadResult {
  readonly facts?: LayerFacts;
  readonly cached: boolean;
  readonly finding?: Finding;
}

/**
 * Proves that an image is what its platform says: compares the platform with the config, reads the layers (those that were read before only from the cache), merges
 * them, and judges what a container starts with and all machine code in it. `fail` when anything is an error; `undecided` when evidence is
 * missing (a layer that the store does not have, a foreign one, one beyond the limits); else `pass`.
 *
 * @throws ArchwayError of the store when it cannot be reached or gives content with a wrong digest: an outage is no verdict.
 */
export async function verifyImage(
  store: ImageStore,
  descriptor: Descriptor,
  declared: Platform,
  options: GateOptions,
): Promise<ImageProof> {
  const access = options.signal === undefined ? {} : { signal: options.signal };
  const document = await readDocument(store, descriptor, access);
  if (document.kind !== "manifest" || !isRunnable(document)) {
    const kind = document.kind === "manifest" ? "no image that can run" : "an index: its images are proven one by one";
    return unread(descriptor, declared, "not-an-image", `${descriptor.digest} is ${kind}.`);
  }
  const config = await readConfig(store, document, access);
  const expected = expectedCode(declared);
  if (expected === undefined) {
    const message = `The machine code of ${formatPlatform(declared)} is not known here, so nothing is proven.`;
    return unread(descriptor, declared, "platform-not-examined", message);
  }
  const read = await readLayers(store, document, config, declared, options);
  const image = imageFacts(
    expected,
    config,
    document.layers,
    read.map(({ facts }) => facts),
  );
  const structure = [
    ...structureFindings(document, config, declared, read),
    ...read.flatMap(({ finding }) => finding ?? []),
  ];
  // With a layer missing, "not in the image" cannot be told; wrong machine code that is there stays wrong.
  const complete = read.every(({ facts }) => facts !== undefined);
  const { findings, used } = applyAllowed([...structure, ...contentFindings(image, complete)], options.allow);
  const verdict = reaches(findings, "error") ? "fail" : complete ? "pass" : "undecided";
  const { coverage, code } = survey(image, document.layers, read);
  return { platform: declared, digest: descriptor.digest, verdict, findings, coverage, code, allowed: used };
}

/** Reads all layers, the largest first. */
async function readLayers(
  store: ImageStore,
  manifest: ImageManifest,
  config: ImageConfig,
  declared: Platform,
  options: GateOptions,
): Promise<ReadResult[]> {
  const places = layerPlaces(manifest.layers, config);
  const order = manifest.layers.map((layer, index) => ({ layer, index })).sort((a, b) => b.layer.size - a.layer.size);
  const results = new Map<number, ReadResult>();
  await Promise.all(
    order.map(async ({ layer, index }) => {
      const refuse = (severity: Severity, rule: string, why: string): ReadResult => {
        const place = places[index];
        const message = `Layer ${index} (${layer.digest}, ${layer.size} bytes) ${why}`;
        const finding = { rule, severity, message, platforms: [declared], path: "/", related: [] };
        return { cached: false, finding: place === undefined ? finding : { ...finding, layer: place } };
      };
      results.set(index, await readOne(store, layer, options, refuse));
    }),
  );
  return manifest.layers.map((_, index) => results.get(index) ?? { cached: false });
}

async function readOne(
  store: ImageStore,
  layer: Descriptor,
  options: GateOptions,
  refuse: (severity: Severity, rule: string, why: string) => ReadResult,
): Promise<ReadResult> {
  const { signal, onProgress } = options;
  const access = signal === undefined ? {} : { signal };
  if (isForeignLayerType(layer.mediaType) && !(await store.has(layer.digest, "blob", access))) {
    return refuse(
      "warning",
      "layer-unread",
      "is a foreign one that the registry does not hold: what is in it is not proven.",
    );
  }
  const onBytes = (unpacked: number) => onProgress?.({ digest: layer.digest, size: layer.size, unpacked });
  try {
    return await options.facts.facts(
      layer.digest,
      () => readLayer(store.fetch(layer, access), layer, { ...access, onBytes }),
      signal,
    );
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    switch (error.code) {
      case "NOT_FOUND":
        return refuse("warning", "layer-unread", `is not in ${store.name}: what is in it is not proven.`);
      case "LAYER_UNSUPPORTED":
        return refuse("warning", "layer-unread", `was not examined: ${error.message}.`);
      case "LAYER_CORRUPT":
        return refuse("error", "layer-corrupt", `cannot be used: ${error.message}.`);
      default:
        throw error;
    }
  }
}

/** Whether manifest, config and layers agree. */
function structureFindings(
  manifest: ImageManifest,
  config: ImageConfig,
  declared: Platform,
  read: readonly ReadResult[],
): Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Severity, rule: string, message: string) =>
    findings.push({ rule, severity, message, platforms: [declared], path: "/", related: [] });
  if (!samePlatform(declared, config.platform)) {
    const { os, architecture } = config.platform;
    const onlyVariant = os === declared.os && architecture === declared.architecture;
    const names = `${formatPlatform(declared)}, but its config says ${formatPlatform(config.platform)}`;
    findings.push({
      rule: "config-platform-mismatch",
      severity: onlyVariant ? "warning" : "error",
      message: `The image is declared ${names}${onlyVariant ? " (only the variant differs)" : ""}.`,
      platforms: [declared],
      path: "/",
      related: [],
      cause: {
        code: "config-platform-mismatch",
        text: "It was joined under a platform that it was not built for, or the engine wrote its own platform into the config.",
      },
      fix: {
        title: `Build the image with --platform ${formatPlatform(declared)}, or join it as ${formatPlatform(config.platform)}.`,
      },
    });
  }
  const { diffIds } = config;
  if (diffIds.length !== manifest.layers.length) {
    add(
      "error",
      "layers-mismatch",
      `The manifest lists ${manifest.layers.length} layers, and the config ${diffIds.length}: engines refuse the image.`,
    );
    return findings;
  }
  read.forEach(({ facts }, index) => {
    const diffId = diffIds[index];
    if (facts === undefined || diffId === undefined || !diffId.startsWith("sha256:") || facts.diffId === diffId) return;
    add(
      "error",
      "layers-mismatch",
      `Layer ${index} (${facts.digest}) unpacks to ${facts.diffId}, but the config says ${diffId}: engines refuse the image.`,
    );
  });
  return findings;
}

/** Rules that only mean something when every layer is known. */
const needsAllLayers = /-missing$/;

function contentFindings(image: ImageFacts, complete: boolean): Finding[] {
  const chain = startChain(image.view, image.config, image.expected);
  const ofChain = chainFindings(image, chain);
  const reported = new Set(ofChain.filter(({ rule }) => rule.endsWith("-wrong-architecture")).map(({ path }) => path));
  const ofLinks = image.view.danglingLinks.map((link): Finding => {
    const layer = image.places[link.layer];
    return {
      rule: "hard-link-missing",
      severity: "warning",
      message: `${link.path} is a hard link to ${link.target}, which is in no layer: engines refuse to unpack it.`,
      platforms: [image.expected.platform],
      path: link.path,
      related: [],
      ...(layer === undefined ? {} : { layer }),
    };
  });
  const ofFiles = fileFindings(image, reported);
  const findings = [...sharingCause(ofChain, ofFiles), ...ofFiles, ...ofLinks];
  return complete ? findings : findings.filter(({ rule }) => !needsAllLayers.test(rule));
}

/** A wrong base is the cause of every wrong file in the system's folders, whatever instruction of the base made it. */
function sharingCause(ofChain: readonly Finding[], ofFiles: readonly Finding[]): Finding[] {
  const userland = ofFiles.find(({ rule }) => rule === "userland-wrong-architecture");
  const { cause, fix } = userland ?? {};
  return ofChain.map((finding) => {
    const isOfBase = finding.rule.endsWith("-wrong-architecture") && systemFolder.test(finding.path);
    return isOfBase && cause !== undefined && fix !== undefined ? { ...finding, cause, fix } : finding;
  });
}

function survey(
  image: ImageFacts,
  layers: readonly Descriptor[],
  read: readonly ReadResult[],
): Pick<ImageProof, "coverage" | "code"> {
  const code: CodeFile[] = [];
  let files = 0;
  for (const { path, file } of image.view.files()) {
    files++;
    const { elf, fingerprint } = file.entry;
    if (elf === undefined || fingerprint === undefined) continue;
    code.push({ path, fingerprint, native: isOf(elf, image.expected.architecture) });
  }
  const examined = layers.filter((_, index) => read[index]?.facts !== undefined);
  const coverage = {
    layers: layers.length,
    cachedLayers: read.filter(({ cached }) => cached).length,
    unreadLayers: layers.length - examined.length,
    bytes: examined.reduce((sum, { size }) => sum + size, 0),
    files,
    elf: code.length,
  };
  return { coverage, code };
}

/** The proof of something that was not examined at all. */
function unread(descriptor: Descriptor, platform: Platform, rule: string, message: string): ImageProof {
  const finding: Finding = { rule, severity: "warning", message, platforms: [platform], path: "/", related: [] };
  return {
    platform,
    digest: descriptor.digest,
    verdict: "undecided",
    findings: [finding],
    coverage: { layers: 0, cachedLayers: 0, unreadLayers: 0, bytes: 0, files: 0, elf: 0 },
    code: [],
    allowed: [],
  };
}
