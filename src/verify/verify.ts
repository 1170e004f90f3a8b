import { ArchwayError } from "../error/error.ts";
import type { Finding, Severity, Verdict } from "../finding/finding.ts";
import { heaviestFirst } from "../finding/finding.ts";
import { readConfig } from "../image/children.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { isRunnable } from "../oci/manifest.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import type { Platform } from "../platform/platform.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { ImageStore } from "../store/store.ts";
import { compareAcrossPlatforms, layerRule, withTwins } from "./rules/compare.ts";
import { isEvidence } from "./rules/evidence.ts";
import type { GateOptions, ImageProof } from "./gate.ts";
import { unread, verifyImage } from "./gate.ts";
import type { TreeEntry } from "./image-tree.ts";
import { readImageTree } from "./image-tree.ts";
import { missingPrograms } from "./rules/missing-programs.ts";
import { readTwice } from "./read-twice.ts";
import { aboutIndex, entryFindings, indexFindings } from "./rules/index-rules.ts";
import { oddSizes } from "./rules/sizes.ts";

/** What is asked of an image. */
export interface VerifyOptions extends GateOptions {
  /** Only these platforms are proven; all when empty. One that is not there is an error. */
  readonly platforms: readonly Platform[];
  /** Platforms that must be there. */
  readonly required: readonly Platform[];
  /** Called when the platforms of an image are known, before their layers are read: with those to be proven, and with all. */
  readonly onPlatforms?: (chosen: readonly Platform[], listed: readonly Platform[]) => void;
}

/** The proof of one platform of an image. */
export interface PlatformReport extends ImageProof {
  /** Compressed bytes of all layers; 0 when the manifest could not be read. */
  readonly size: number;
}

/** The verdict about one image with all its platforms. */
export interface ImageReport {
  /** As the user named it. */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly verdict: Verdict;
  /** About the index, or about what only shows between its platforms. */
  readonly findings: readonly Finding[];
  /** In the order of the index. */
  readonly platforms: readonly PlatformReport[];
}

/** One image to prove: where it is listed, and for which platform. */
interface Subject {
  readonly descriptor: Descriptor;
  readonly platform: Platform;
  /** What is known of it before its layers are read. */
  readonly findings: readonly Finding[];
  readonly manifest?: ImageManifest;
}

/**
 * Proves an image: its index, every platform in it, and what only shows between the platforms.
 *
 * What is wrong with a part is a finding of that part, also an outage: then the verdict is `undecided` unless another part is wrong. An image whose
 * root cannot be read at all is the store's error.
 */
export async function verifyReference(
  store: ImageStore,
  reference: string,
  name: string,
  options: VerifyOptions,
): Promise<ImageReport> {
  const access = options.signal === undefined ? {} : { signal: options.signal };
  const root = await store.resolve(reference, access);
  const tree = await readImageTree(store, root, access);
  const listed =
    tree.root.kind === "manifest"
      ? await single(store, tree.root, access)
      : (await Promise.all(tree.entries.map((entry) => subjectOf(store, entry, access)))).flat();
  const chosen = listed.filter(
    ({ platform }) => options.platforms.length === 0 || options.platforms.some((one) => samePlatform(one, platform)),
  );
  options.onPlatforms?.(
    chosen.map(({ platform }) => platform),
    listed.map(({ platform }) => platform),
  );
  const proofs = await Promise.all(chosen.map((subject) => prove(store, subject, options)));
  const between = compareAcrossPlatforms(proofs);
  const ofFiles = between.filter(({ rule }) => rule !== layerRule);
  const platforms = withTwins(proofs, ofFiles);
  const findings = heaviestFirst([
    ...indexFindings(tree),
    ...missingPlatforms(listed, [...options.platforms, ...options.required]),
    ...(listed.length === 0 ? [noImage(root.digest)] : []),
    ...between.filter(({ rule }) => rule === layerRule),
    ...missingPrograms(platforms.filter(({ verdict }) => verdict !== "undecided")),
    ...oddSizes(platforms.filter(({ size }) => size > 0)),
  ]);
  const { mediaType } = tree.root;
  return {
    reference: name,
    digest: root.digest,
    mediaType,
    verdict: verdictOf(findings, platforms),
    findings,
    platforms,
  };
}

/** A bad part beats one that could not be decided. */
function verdictOf(findings: readonly Finding[], platforms: readonly ImageProof[]): Verdict {
  const verdicts = platforms.map(({ verdict }) => verdict);
  if (verdicts.includes("fail") || findings.some(({ severity }) => severity === "error")) return "fail";
  return verdicts.includes("undecided") || findings.some(isEvidence) ? "undecided" : "pass";
}

async function single(
  store: ImageStore,
  manifest: ImageManifest,
  access: { signal?: AbortSignal },
): Promise<readonly Subject[]> {
  if (!isRunnable(manifest)) return [];
  const { digest, mediaType, bytes } = manifest;
  const { platform, findings, known } = await platformOf(store, manifest, access);
  const descriptor: Descriptor = { digest, mediaType, size: bytes.length, platform };
  return [{ descriptor, platform, findings, ...(known ? { manifest } : {}) }];
}

/** The platform that a config names; a config that cannot be read leaves this image undecided, and the others to be proven. */
async function platformOf(
  store: ImageStore,
  manifest: ImageManifest,
  access: { signal?: AbortSignal },
): Promise<{ readonly platform: Platform; readonly findings: readonly Finding[]; readonly known: boolean }> {
  try {
    const { platform } = await readTwice(() => readConfig(store, manifest, access));
    return { platform, findings: [], known: true };
  } catch (error) {
    return { platform: unknownPlatform, findings: [unreadFinding(error, unknownPlatform)], known: false };
  }
}

/** The image of an entry; nothing for attestations, artifacts and nested indexes, whose own entries follow. */
async function subjectOf(
  store: ImageStore,
  entry: TreeEntry,
  access: { signal?: AbortSignal },
): Promise<readonly Subject[]> {
  if (entry.role !== "image") return [];
  const { descriptor, found } = entry;
  const findings = entryFindings(entry);
  const manifest = found.state === "present" && found.document?.kind === "manifest" ? found.document : undefined;
  if (manifest === undefined) return [{ descriptor, platform: descriptor.platform ?? unknownPlatform, findings }];
  if (!isRunnable(manifest)) return [];
  if (descriptor.platform !== undefined) return [{ descriptor, platform: descriptor.platform, findings, manifest }];
  // The specification lets an index leave the platform out; then the config's word is all there is.
  const { platform, findings: unread, known } = await platformOf(store, manifest, access);
  if (!known) return [{ descriptor, platform, findings: [...findings, ...unread] }];
  const message = `The index does not say which platform ${descriptor.digest} is for (its config says ${formatPlatform(platform)}): engines choose by the index.`;
  const undeclared = aboutIndex("platform-undeclared", "warning", message, [platform]);
  return [{ descriptor, platform, findings: [...findings, undeclared], manifest }];
}

const unknownPlatform: Platform = { os: "unknown", architecture: "unknown" };

async function prove(store: ImageStore, subject: Subject, options: VerifyOptions): Promise<PlatformReport> {
  const { descriptor, platform, findings, manifest } = subject;
  const size = manifest?.layers.reduce((sum, layer) => sum + layer.size, 0) ?? 0;
  const proof = manifest && (await proveLayers(store, descriptor, platform, options));
  const all = [...findings, ...(proof?.findings ?? [])];
  const failed = all.some(({ severity }) => severity === "error");
  return {
    ...(proof ?? unread(descriptor, platform, [])),
    size,
    findings: heaviestFirst(all),
    verdict: failed ? "fail" : (proof?.verdict ?? "undecided"),
  };
}

/** An outage while an image is read leaves it undecided; what the others are is still told. */
async function proveLayers(
  store: ImageStore,
  descriptor: Descriptor,
  platform: Platform,
  options: VerifyOptions,
): Promise<ImageProof> {
  try {
    return await readTwice(() => verifyImage(store, descriptor, platform, options));
  } catch (error) {
    options.signal?.throwIfAborted();
    const finding = unreadFinding(error, platform);
    return { ...unread(descriptor, platform, [finding]), verdict: isEvidence(finding) ? "undecided" : "fail" };
  }
}

/**
 * What it means that a part of an image could not be read: damaged content is a fault of the image, what is not there or cannot be reached is missing
 * evidence. Any other error is thrown on.
 */
function unreadFinding(error: unknown, platform: Platform): Finding {
  if (!(error instanceof ArchwayError) || error.kind === "interrupted" || error.kind === "input") throw error;
  const fix = error.hint === undefined ? {} : { fix: { title: error.hint } };
  const about = (rule: string, severity: Severity) => ({
    ...aboutIndex(rule, severity, `${error.message}.`, [platform]),
    ...fix,
  });
  if (error.code === "DIGEST_MISMATCH" || error.kind === "failed") return about("content-damaged", "error");
  return about(error.code === "NOT_FOUND" ? "content-missing" : "not-reached", "warning");
}

/** Platforms that were asked for and that the image does not list. */
function missingPlatforms(listed: readonly Subject[], wanted: readonly Platform[]): Finding[] {
  const unique = wanted.filter((one, index) => wanted.findIndex((other) => samePlatform(one, other)) === index);
  const names = listed.map(({ platform }) => formatPlatform(platform));
  return unique
    .filter((one) => !listed.some(({ platform }) => samePlatform(platform, one)))
    .map((one) => ({
      ...aboutIndex(
        "platform-missing",
        "error",
        `There is no image for ${formatPlatform(one)}; there ${names.length === 1 ? "is" : "are"} ${names.length === 0 ? "none at all" : names.join(", ")}.`,
        [one],
      ),
      fix: { title: `Build ${formatPlatform(one)} too, and join it with the others (\`archway image create\`).` },
    }));
}

function noImage(digest: Digest): Finding {
  return aboutIndex("no-image", "warning", `${digest} holds no image that can run: there is nothing to prove.`, []);
}
