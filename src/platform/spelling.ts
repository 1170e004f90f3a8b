import { nearestName } from "../error/nearest.ts";
import { architectures } from "./architecture.ts";

/** Operating systems (Go's names) that a person may name a platform of. */
const operatingSystems = [
  "linux",
  "windows",
  "darwin",
  "freebsd",
  "netbsd",
  "openbsd",
  "solaris",
  "illumos",
  "aix",
  "android",
];

/** Variants of the OCI image-spec and of containerd's table, in normal form; an architecture that is not here has none. */
const variants: ReadonlyMap<string, readonly string[]> = new Map([
  ["amd64", ["v2", "v3", "v4"]],
  ["arm", ["v5", "v6", "v7", "v8"]],
  ["arm64", "v8.1 v8.2 v8.3 v8.4 v8.5 v8.6 v8.7 v8.8 v8.9 v9 v9.1 v9.2 v9.3 v9.4 v9.5 v9.6 v9.7".split(" ")],
  ["ppc64le", ["power8", "power9", "power10", "power11"]],
  ["riscv64", ["rva20u64", "rva22u64", "rva23u64"]],
]);

/** Other spellings of architectures that are understood, besides those that {@link normalizeArchitecture} takes apart. */
const aliases = ["i386", "x86_64", "aarch64", "armhf", "armel", "armv6l", "armv7l", "armv8l", "loongarch64"];

/** Names that people try, and that in OCI's words mean nothing or two things → what they may have meant. */
const meant: ReadonlyMap<string, readonly string[]> = new Map([
  ["x64", ["amd64"]],
  ["x86", ["386", "amd64"]],
  ["arm32", ["arm/v7"]],
  ["arm32v5", ["arm/v5"]],
  ["arm32v6", ["arm/v6"]],
  ["arm32v7", ["arm/v7"]],
  ["arm64v8", ["arm64"]],
  ["armv8", ["arm64", "arm/v8"]],
  ["armv9", ["arm64/v9"]],
  ["ppc64el", ["ppc64le"]],
  ["powerpc64le", ["ppc64le"]],
  ["mipsel", ["mipsle"]],
  ["mips64el", ["mips64le"]],
]);

/** The architectures that Archway knows images of, in normal form. */
export function architectureNames(): string[] {
  return [...new Set(architectures.map((row) => row.name))];
}

/** Whether Archway knows images of this architecture, in any spelling, in lower case. */
export function isArchitecture(name: string): boolean {
  const [normal] = normalizeArchitecture(name, "");
  return architectureNames().includes(normal);
}

/** Whether a name, in lower case, is an operating system's. */
export function isOs(name: string): boolean {
  return operatingSystems.includes(normalizeOs(name));
}

/** The variants that an architecture (normal form) may carry beside its default. */
export function variantsOf(architecture: string): readonly string[] {
  return variants.get(architecture) ?? [];
}

/** The normal form of an operating system's name, given in lower case. */
export function normalizeOs(os: string): string {
  return os === "macos" ? "darwin" : os;
}

/**
 * containerd's table (platforms/database.go) and the machine names of `uname -m`: the normal form of an architecture and its variant
 * (`""`: none), both given in lower case. What is unknown stays as it is.
 */
export function normalizeArchitecture(
  architecture: string,
  variant: string,
): readonly [architecture: string, variant: string] {
  switch (architecture) {
    case "i386":
    case "i486":
    case "i586":
    case "i686":
      return ["386", ""];
    case "x86_64":
    case "x86-64":
    case "amd64": {
      const level = withV(variant);
      return ["amd64", level === "v1" ? "" : level];
    }
    case "aarch64":
    case "arm64": {
      const version = withV(variant).replace(/^(v\d+)\.0$/, "$1");
      return ["arm64", version === "v8" ? "" : version];
    }
    case "armhf":
      return ["arm", "v7"];
    case "armel":
      return ["arm", "v6"];
    case "arm":
      return ["arm", variant === "" ? "v7" : withV(variant)];
    case "loongarch64":
      return ["loong64", variant];
    default: {
      const version = /^armv([5-8])(?:l|tel|tejl)?$/.exec(architecture)?.[1];
      // "armv8" is said of arm64 as often as of 32-bit ARM; "armv8l" is what the kernel tells a 32-bit process.
      if (version !== undefined && architecture !== "armv8") return ["arm", `v${version}`];
      return [architecture, variant];
    }
  }
}

/** Valid platforms (`os/architecture[/variant]`) that somebody who wrote `given` may have meant, the likeliest first. */
export function suggestPlatforms(given: string): string[] {
  const parts = given
    .toLowerCase()
    .split(/[/\-:\s]+/)
    .filter((part) => part !== "");
  const os = parts.find(isOs);
  const rest = parts.filter((part) => part !== os);
  const word = rest.find((part) => nearestArchitectures(part).length > 0);
  if (word === undefined) return [];
  const before = rest.slice(0, rest.indexOf(word)).at(-1);
  const system = os ?? (before === undefined ? undefined : nearestName(before, operatingSystems)) ?? "linux";
  const after = rest.slice(rest.indexOf(word) + 1).at(0) ?? "";
  return nearestArchitectures(word).map((name) => {
    const [architecture = "", own = ""] = name.split("/");
    const written = normalizeArchitecture(architecture, own || after);
    const [normal, variant] = variantsOf(written[0]).includes(written[1])
      ? written
      : normalizeArchitecture(architecture, own);
    return [normalizeOs(system), normal, ...(variant === "" ? [] : [variant])].join("/");
  });
}

/** The architectures (`name[/variant]`) that a word means or is nearest to; empty when it resembles none. */
function nearestArchitectures(word: string): readonly string[] {
  if (isArchitecture(word)) return [word];
  const name = nearestName(word, [...architectureNames(), ...aliases, ...meant.keys()]);
  return name === undefined ? [] : (meant.get(name) ?? [name]);
}

/** `7` and `v7` are one variant; names such as `power9` or `rva22u64` stay. */
function withV(variant: string): string {
  return /^\d/.test(variant) ? `v${variant}` : variant;
}
