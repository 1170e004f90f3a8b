import { parsePlatform, type Platform } from "../../platform/platform.ts";

/** Architectures in the platform tags of wheels (packaging.python.org, "Platform compatibility tags"). */
const wheelArchitectures: Readonly<Record<string, string>> = {
  x86_64: "linux/amd64",
  amd64: "linux/amd64",
  i686: "linux/386",
  aarch64: "linux/arm64",
  armv7l: "linux/arm/v7",
  armv6l: "linux/arm/v6",
  ppc64le: "linux/ppc64le",
  s390x: "linux/s390x",
  riscv64: "linux/riscv64",
};

/**
 * The Linux platforms that the files of a release on a Python index are ready for: all when a wheel is of no platform; none when there are only sources (or wheels of
 * other systems), which every platform builds alike.
 */
export function wheelPlatforms(names: readonly string[]): readonly Platform[] | "all" {
  const tags = names.filter((name) => name.endsWith(".whl")).map((name) => name.slice(0, -4).split("-").at(-1) ?? "");
  if (tags.some((tag) => tag.split(".").includes("any"))) return "all";
  const found = new Set<string>();
  for (const tag of tags.flatMap((tag) => tag.split("."))) {
    const architecture = /^(?:manylinux\w*?|musllinux\w*?|linux)_((?:x86_64|[a-z0-9]+))$/.exec(tag)?.[1];
    const platform = architecture === undefined ? undefined : wheelArchitectures[architecture];
    if (platform !== undefined) found.add(platform);
  }
  return [...found].toSorted().map((text) => parsePlatform(text));
}
