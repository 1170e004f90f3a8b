import type { Finding, Verdict } from "../finding/finding.ts";
import type { Platform } from "../platform/platform.ts";
import { formatPlatform } from "../platform/platform.ts";
import { toFindingJson } from "../report/findings.ts";
import type { AllowedPath } from "../verify/rules/allow.ts";
import type { Floor } from "../verify/chain/floor.ts";
import type { RunOutcome } from "../verify/rules/run-findings.ts";
import type { ImageReport, PlatformReport } from "../verify/verify.ts";

/** The result about one platform of an image. */
export interface VerifiedPlatform extends PlatformReport {
  /** What came of running it, when that was asked for. */
  readonly run?: RunOutcome;
}

/** The result about one image; `digest` is empty for one that could not be resolved or read. */
export interface VerifiedImage extends Omit<ImageReport, "digest" | "mediaType" | "platforms"> {
  readonly digest: string;
  readonly mediaType: string;
  readonly platforms: readonly VerifiedPlatform[];
}

/** Everything that one `archway verify` found. */
export interface VerifyResult {
  readonly images: readonly VerifiedImage[];
  /** Exceptions of command line and configuration that no finding needed. */
  readonly unusedAllow: readonly AllowedPath[];
}

/** The result as JSON (schemas/verify.schema.json). */
export function verifyJson({ images, unusedAllow }: VerifyResult): object {
  return {
    version: 1,
    images: images.map(({ reference, digest, mediaType, verdict, findings, platforms }) => ({
      reference,
      ...(digest === "" ? {} : { digest, mediaType }),
      verdict,
      findings: findings.map(toFindingJson),
      platforms: platforms.map(platformJson),
    })),
    unusedAllow,
  };
}

function platformJson(report: VerifiedPlatform): object {
  const { platform, digest, verdict, findings, size, coverage, layers, floor, run } = report;
  return {
    platform: formatPlatform(platform),
    digest,
    verdict,
    findings: findings.map(toFindingJson),
    size,
    unpackedSize: layers.reduce((sum, layer) => sum + (layer.unpackedSize ?? 0), 0),
    coverage,
    ...(floor === undefined ? {} : { floor: floorJson(floor) }),
    layers,
    ...(run === undefined ? {} : { run: runJson(run) }),
  };
}

function runJson({
  host,
  execution,
  emulator,
  command,
  result,
  exitCode,
  seconds,
  output,
  reason,
}: RunOutcome): object {
  return { host: formatPlatform(host), execution, emulator, command, result, exitCode, seconds, output, reason };
}

function floorJson({ platform, because, hosts }: Floor): object {
  return {
    platform: formatPlatform(platform),
    ...(because === undefined ? {} : { because: `${because.path} needs ${because.words}` }),
    hosts: hosts.map(formatPlatform),
  };
}

/** The words about which machines run an image: `linux/arm/v6 and up, linux/arm64 with a 32-bit mode`. */
export function floorWords({ platform, hosts }: Floor): string {
  const own = formatPlatform(platform);
  const hasLevels = platform.architecture === "amd64" || platform.architecture === "arm";
  const others = new Set(
    hosts.map(({ architecture }) => architecture).filter((name) => name !== platform.architecture),
  );
  const words = [hasLevels ? `${own} and up` : own];
  if (others.has("arm64")) words.push("linux/arm64 with a 32-bit mode");
  if (others.has("amd64")) words.push("linux/amd64");
  return words.join(", ");
}

/** All findings of an image, those about the index first. */
export function findingsOf(image: Pick<VerifiedImage, "findings" | "platforms">): Finding[] {
  return [...image.findings, ...image.platforms.flatMap(({ findings }) => findings)];
}

/** The verdict about several images: a bad one beats one that could not be decided. */
export function verdictOfAll(images: readonly { readonly verdict: Verdict }[]): Verdict {
  if (images.some(({ verdict }) => verdict === "fail")) return "fail";
  return images.some(({ verdict }) => verdict === "undecided") ? "undecided" : "pass";
}

/** What is proven of an image: `proving linux/amd64, linux/arm64`, or that nothing can be, and which platforms it has instead. */
export function proofWords(chosen: readonly Platform[], listed: readonly Platform[]): string {
  const names = (platforms: readonly Platform[]) => platforms.map(formatPlatform).join(", ");
  if (chosen.length > 0) return `proving ${names(chosen)}`;
  if (listed.length === 0) return "it has no image that can run";
  return `none of the platforms that were asked for; it has ${names(listed)}`;
}
