import { ArchwayError } from "../error/error.ts";
import type { Finding, Verdict } from "../finding/finding.ts";
import { reaches } from "../finding/finding.ts";
import { readConfig, readDocument } from "../image/children.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { isRunnable } from "../oci/manifest.ts";
import type { Platform } from "../platform/platform.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { ImageStore } from "../store/store.ts";
import type { AllowedPath } from "./rules/allow.ts";
import { applyAllowed } from "./rules/allow.ts";
import type { CodeFile } from "./rules/compare.ts";
import { contentFindings } from "./rules/content-rules.ts";
import { startChain } from "./chain/chain.ts";
import { floorOf } from "./chain/floor.ts";
import type { Floor } from "./chain/floor.ts";
import { layerReport } from "./layer/layer-report.ts";
import type { LayerReport } from "./layer/layer-report.ts";
import { expectedCode, isOf } from "./program/identity.ts";
import type { ImageFacts } from "./view/image-facts.ts";
import { imageFacts } from "./view/image-facts.ts";
import type { LayerOptions, ReadResult } from "./layer/image-layers.ts";
import { readLayers } from "./layer/image-layers.ts";
import { withOwners } from "./packages/owner.ts";
import { packageDatabases } from "./packages/package-databases.ts";
import { packageFindings } from "./rules/package-rules.ts";
import { structureFindings } from "./rules/structure-rules.ts";

/** What the gate needs besides the image. */
export interface GateOptions extends LayerOptions {
  /** Files that are meant to be foreign. */
  readonly allow: readonly AllowedPath[];
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
  /** Lowest first; empty for an image that was not examined. */
  readonly layers: readonly LayerReport[];
  /** Absent for an image that was not examined. */
  readonly floor?: Floor;
  /** Machine code of the image, for {@link compareAcrossPlatforms}. */
  readonly code: readonly CodeFile[];
  /** The exceptions of {@link GateOptions.allow} that had an effect. */
  readonly allowed: readonly AllowedPath[];
}

/**
 * Proves that an image is what its platform says: compares the platform with the config, reads the layers (those that were
 * read before only from the cache), merges them, and judges what a container starts with and all machine code in it. `fail`
 * when anything is an error; `undecided` when evidence is missing (a layer that the store does not have, a foreign one, one
 * beyond the limits); else `pass`.
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
    return unread(descriptor, declared, [notExamined(declared, "not-an-image", `${descriptor.digest} is ${kind}.`)]);
  }
  const config = await readConfig(store, document, access);
  const expected = expectedCode(declared);
  if (expected === undefined) {
    const message = `The machine code of ${formatPlatform(declared)} is not known here, so nothing is proven.`;
    return unread(descriptor, declared, [notExamined(declared, "platform-not-examined", message)]);
  }
  const read = await readLayers(store, document, config, declared, options);
  const facts = read.map((layer) => layer.facts);
  const structure = [
    ...structureFindings(document, config, declared, facts),
    ...read.flatMap(({ finding }) => finding ?? []),
  ];
  try {
    const image = imageFacts(expected, config, document.layers, facts);
    return judged(descriptor, image, document.layers, read, structure, options.allow);
  } catch (error) {
    if (!(error instanceof ArchwayError) || error.code !== "LAYER_UNSUPPORTED") throw error;
    const unmerged = notExamined(declared, "layers-not-examined", `The layers were not merged: ${error.message}.`);
    const verdict = reaches(structure, "error") ? "fail" : "undecided";
    return { ...unread(descriptor, declared, [...structure, unmerged]), verdict };
  }
}

/** Judges an image whose layers were merged. */
function judged(
  descriptor: Descriptor,
  image: ImageFacts,
  layers: readonly Descriptor[],
  read: readonly ReadResult[],
  structure: readonly Finding[],
  allow: readonly AllowedPath[],
): ImageProof {
  // With a layer missing, "not in the image" cannot be told; wrong machine code that is there stays wrong.
  const complete = read.every(({ facts }) => facts !== undefined);
  const { coverage, code } = survey(image, layers, read);
  const chain = startChain(image.view, image.config, image.expected);
  const packages = packageDatabases(image.view);
  const ofContent = [...contentFindings(image, chain, complete, coverage.elf), ...packageFindings(image, packages)];
  const found = [...structure, ...withOwners(ofContent, image, packages)].map(onOneLine);
  const { findings, used } = applyAllowed(found, allow);
  const verdict = reaches(findings, "error") ? "fail" : complete ? "pass" : "undecided";
  return {
    platform: image.expected.platform,
    digest: descriptor.digest,
    verdict,
    findings,
    coverage,
    layers: image.places.map((place, index) => layerReport(place, read[index]?.facts)),
    floor: floorOf(image.expected, chain),
    code,
    allowed: used,
  };
}

/** Names of files come from strangers: a line break in one must not begin a line of ours. */
function onOneLine(finding: Finding): Finding {
  return { ...finding, message: finding.message.replaceAll(/\p{Cc}/gu, "\uFFFD") };
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
    const layer = layers[file.layer]?.digest;
    code.push({
      path,
      fingerprint,
      native: isOf(elf, image.expected.architecture),
      ...(layer === undefined ? {} : { layer }),
    });
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
export function unread(descriptor: Descriptor, platform: Platform, findings: readonly Finding[]): ImageProof {
  return {
    platform,
    digest: descriptor.digest,
    verdict: "undecided",
    findings,
    coverage: { layers: 0, cachedLayers: 0, unreadLayers: 0, bytes: 0, files: 0, elf: 0 },
    layers: [],
    code: [],
    allowed: [],
  };
}

/** Says which evidence is missing. */
function notExamined(platform: Platform, rule: string, message: string): Finding {
  return { rule, severity: "warning", message, platforms: [platform], path: "/", related: [] };
}
