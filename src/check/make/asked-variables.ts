import { architectures, findArchitecture } from "../../platform/architecture.ts";
import type { Platform } from "../../platform/platform.ts";

/** Names of variables that hold one architecture (`ARCH`, `GOARCH`, `BUILD_ARCH`, `TARGET_PLATFORM`), and no list of them. */
const singular =
  /(?:^|_)(?:GO|TARGET|BUILD|HOST|DOCKER|IMAGE|OS|BIN|CPU|GOLANG|LINUX)?_?(?:ARCH|ARCHITECTURE|PLATFORM|MACHINE|CPU)$/i;

/** The spellings of an architecture that a default can have, by the way it is spelled. */
const spellings = ["name", "machine", "debian", "alpine", "rpm"] as const;

/** Other spellings of the two architectures that have many. */
const pairs: readonly (readonly [string, string])[] = [
  ["x64", "arm64"],
  ["64", "arm64"],
];

/** True for a variable whose name says that it holds one architecture or platform. */
export function holdsArchitecture(name: string): boolean {
  return singular.test(name);
}

/**
 * A text that is the name of an architecture alone, or of an operating system and an architecture (`amd64`, `linux-amd64`, `linux/amd64`), with
 * the architecture replaced in the same spelling. Undefined for any other text, and when the architecture has no such spelling.
 */
export function inSpellingOf(text: string, platform: Platform): string | undefined {
  const match = /^((?:linux|Linux)[-_/])?([A-Za-z0-9_]+)$/.exec(text);
  if (match === null) return undefined;
  const [, system = "", name = ""] = match;
  const wanted = findArchitecture(platform);
  for (const spelling of spellings) {
    if (!architectures.some((row) => row[spelling] === name && (row.variant === undefined || spelling !== "name")))
      continue;
    const other = wanted?.[spelling];
    if (other !== undefined) return `${system}${other}`;
  }
  const pair = pairs.find(([left]) => left === name && name !== "64");
  if (pair === undefined) return undefined;
  const own = platform.architecture === "amd64" ? pair[0] : platform.architecture === "arm64" ? pair[1] : undefined;
  return own === undefined ? undefined : `${system}${own}`;
}

/** The architecture (OCI's name) that a text names alone, or behind an operating system. */
export function architectureNamed(text: string): string | undefined {
  const name = /^(?:(?:linux|Linux)[-_/])?([A-Za-z0-9_]+)$/.exec(text)?.[1];
  return architectures.find((row) => spellings.some((spelling) => row[spelling] === name))?.name;
}
