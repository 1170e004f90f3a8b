import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import {
  architectureNames,
  isArchitecture,
  isOs,
  normalizeArchitecture,
  normalizeOs,
  suggestPlatforms,
  variantsOf,
} from "./spelling.ts";

/**
 * What runs where: `os/architecture[/variant]` in OCI's (Go's) names, normalised: `linux/arm64` never carries `v8`,
 * `linux/amd64` never `v1`, 32-bit ARM always carries its variant.
 */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** A platform as a document or a person writes it, before it is normalised. */
interface WrittenPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/**
 * The normal form of a platform found in a document (image index, config, an engine's answer): the spellings that containerd/platforms
 * knows become one (`aarch64`, `arm64/v8`, `armhf`, `x86_64`, `amd64/v1`, `i386`, `macos`), case is dropped. What is
 * unknown stays as it is: documents come from strangers, and `unknown/unknown` is legal in them. Never throws.
 */
export function normalizePlatform(written: WrittenPlatform): Platform {
  const [architecture, variant] = normalizeArchitecture(
    written.architecture.toLowerCase(),
    (written.variant ?? "").toLowerCase(),
  );
  return {
    os: normalizeOs(written.os.toLowerCase()),
    architecture,
    ...(variant === "" ? {} : { variant }),
  };
}

/** `os/architecture[/variant]`; an empty part reads `unknown`. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normalizePlatform(platform);
  return [os || "unknown", architecture || "unknown", ...(variant === undefined ? [] : [variant])].join("/");
}

/**
 * Identity: both name the same platform. It is the question of indexes, joins, gates, caches and placement; what else a host
 * may run is {@link canRun}'s.
 */
export function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(a) === formatPlatform(b);
}

/**
 * Compatibility: what a host's instruction set lets it pull and run, best first, as containerd's `platforms.Only` orders it: the
 * platform itself, lower levels of it, then the 32-bit relative (386 under amd64; arm/v8 down to v5 under arm64). It is
 * optimistic: many arm64 chips have no 32-bit mode. What this machine really runs is `HostReport.native` (`host.ts`).
 */
export function compatiblePlatforms(host: Platform): Platform[] {
  const self = normalizePlatform(host);
  const of = (architecture: string, variant: string) => normalizePlatform({ os: self.os, architecture, variant });
  const arm = (from: number) => countDown(from, 5).map((version) => of("arm", `v${version}`));
  const armv8 = (from: number) => countDown(from, 0).map((minor) => of("arm64", `v8.${minor}`));
  const [major, minor] = versionOf(self.variant);
  switch (self.architecture) {
    case "amd64":
      return [self, ...countDown(major - 1, 1).map((level) => of("amd64", `v${level}`)), of("386", "")];
    case "arm":
      return [self, ...arm(major - 1)];
    case "arm64":
      if (self.variant === undefined) return [self, ...arm(8)];
      if (major === 8) return [self, ...armv8(minor - 1), ...arm(8)];
      // Armv9.x takes in Armv8.(x+5), and Armv8 ends with 8.9.
      if (major === 9) {
        const armv9 = countDown(minor - 1, 0).map((version) => of("arm64", `v9.${version}`));
        return [self, ...armv9, ...armv8(Math.min(minor + 5, 9)), ...arm(8)];
      }
      return [self];
    default:
      return [self];
  }
}

/** Whether an image of `image` may run on `host` without emulation, by {@link compatiblePlatforms}. */
export function canRun(host: Platform, image: Platform): boolean {
  return compatiblePlatforms(host).some((platform) => samePlatform(platform, image));
}

/**
 * Reads a platform as a person writes it: `os/architecture[/variant]`, in any spelling that {@link normalizePlatform} knows. A
 * bare architecture means Linux, as images do. A bare operating system and the word `local` take the rest from `local`, this
 * machine's platform; without it they are refused, because nothing defaults a platform silently.
 *
 * @throws ArchwayError `UNKNOWN_PLATFORM` (kind `input`) with the nearest valid name.
 */
export function parsePlatform(text: string, local?: Platform): Platform {
  const given = text.trim().toLowerCase();
  if (given === "") throw unknownPlatform(text, "it is empty");
  if (given.length > 100) throw unknownPlatform(`${text.trim().slice(0, 40)}…`, "it is too long");
  if (given.includes(",")) throw unknownPlatform(text, "it is a list, and one platform is expected here");
  if (given.includes("(")) throw unknownPlatform(text, "a version of the operating system cannot be chosen");
  if (given === "local") {
    if (local === undefined) throw unknownPlatform(text, '"local" has no meaning here');
    return normalizePlatform(local);
  }
  const parts = given.split("/");
  if (parts.length > 3 || parts.includes("")) {
    throw unknownPlatform(text, "it is not of the form os/architecture[/variant]", suggestPlatforms(given));
  }
  const [first = "", second, third] = parts;
  // `arm64/v8` is an architecture with its variant, `arm64/linux` the wrong way round.
  const bare = third === undefined && isArchitecture(first) && !(second !== undefined && isOs(second));
  if (bare) return checked(text, { os: "linux", architecture: first, variant: second });
  if (second !== undefined) return checked(text, { os: first, architecture: second, variant: third });
  if (!isOs(first)) return checked(text, { os: "linux", architecture: first });
  if (local === undefined) {
    const os = normalizeOs(first);
    throw unknownPlatform(text, "it names no architecture", [`${os}/amd64`, `${os}/arm64`]);
  }
  return normalizePlatform({ ...local, os: first });
}

/**
 * Reads a list as `--platform` takes it: platforms separated by commas, in their order; one that is named twice counts once.
 *
 * @throws ArchwayError `UNKNOWN_PLATFORM` as {@link parsePlatform} does, for an empty entry too.
 */
export function parsePlatformList(text: string, local?: Platform): Platform[] {
  const platforms = text.split(",").map((entry) => parsePlatform(entry, local));
  return platforms.filter((platform, index) => platforms.findIndex((other) => samePlatform(other, platform)) === index);
}

/** Normalises what a person wrote; refuses names that do not exist, and variants that the architecture does not have. */
function checked(text: string, written: WrittenPlatform): Platform {
  const platform = normalizePlatform(written);
  const { os, architecture } = platform;
  if (!isOs(os)) {
    throw unknownPlatform(text, `no operating system is called "${written.os}"`, suggestPlatforms(text));
  }
  if (!isArchitecture(architecture)) {
    const kind = text.includes("/") ? "architecture" : "operating system or architecture";
    throw unknownPlatform(text, `no ${kind} is called "${written.architecture}"`, suggestPlatforms(text));
  }
  if (written.variant === undefined) return platform;
  // Names that imply a variant (armhf, i386) override a written one when they are normalised: `armhf/v6` contradicts itself.
  const plain = normalizePlatform({ os, architecture, variant: written.variant });
  const known = variantsOf(architecture);
  if (samePlatform(plain, platform) && (plain.variant === undefined || known.includes(plain.variant))) return platform;
  throw unknownPlatform(
    text,
    `"${written.architecture}" has no variant "${written.variant}"`,
    nearVariants(os, architecture, plain.variant ?? ""),
  );
}

/** The valid platforms nearest to an architecture with a variant that it does not have. */
function nearVariants(os: string, architecture: string, variant: string): string[] {
  // The variants of 32-bit and 64-bit ARM are mixed up most.
  if (architecture === "arm64" && variantsOf("arm").includes(variant)) return [`${os}/arm/${variant}`, `${os}/arm64`];
  if (architecture === "arm" && variant.startsWith("v9")) return [`${os}/arm64/v9`, `${os}/arm/v8`];
  const near = architecture === "amd64" ? undefined : nearestName(variant, variantsOf(architecture));
  return [near === undefined ? formatPlatform({ os, architecture }) : `${os}/${architecture}/${near}`];
}

function unknownPlatform(text: string, why: string, suggestions: readonly string[] = []): ArchwayError {
  return new ArchwayError({
    code: "UNKNOWN_PLATFORM",
    kind: "input",
    message: `Unknown platform "${text}": ${why}${suggestions.length > 0 ? `; did you mean ${suggestions.join(" or ")}?` : ""}`,
    hint:
      "Write os/architecture[/variant], for example linux/amd64, linux/arm64 or linux/arm/v7; " +
      `the architectures are ${architectureNames().join(", ")}.`,
  });
}

/** Major and minor of `v9.2`; zeros for no variant or one that is no version. */
function versionOf(variant: string | undefined): readonly [major: number, minor: number] {
  const match = /^v(\d{1,2})(?:\.(\d{1,2}))?$/.exec(variant ?? "");
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
}

/** `from`, `from - 1`, … down to `to`; empty when `from` is below `to`. */
function countDown(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => from - index);
}
