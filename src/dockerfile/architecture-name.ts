import { architectures } from "../platform/architecture.ts";
import type { Platform } from "../platform/platform.ts";

/** Spellings that the table of architectures does not have: of languages, vendors and Docker Hub's per-architecture images. */
const moreNames: Readonly<Record<string, string>> = {
  x64: "amd64",
  "x86-64": "amd64",
  linux64: "amd64",
  aarch_64: "arm64",
  arm64v8: "arm64",
  armv8: "arm64",
  arm: "arm",
  armv5: "arm",
  armv6: "arm",
  armv7: "arm",
  armv6hf: "arm",
  armv7hf: "arm",
  armv7a: "arm",
  armeabi: "arm",
  arm32: "arm",
  arm32v5: "arm",
  arm32v6: "arm",
  arm32v7: "arm",
  i386: "386",
  i486: "386",
  i586: "386",
  ia32: "386",
  powerpc64le: "ppc64le",
  riscv64gc: "riscv64",
};

const byName = new Map<string, string>(Object.entries(moreNames));
for (const { name, debian, alpine, machine, triplet, rust } of architectures) {
  const prefixes = [triplet, rust.gnu, rust.musl].map((triple) => triple?.split("-")[0]);
  for (const spelling of [name, debian, alpine, machine, ...prefixes]) {
    if (spelling !== undefined && !byName.has(spelling)) byName.set(spelling, name);
  }
}
// A bare number is a version far more often than an architecture; where it is one, a separator stands before it.
byName.delete("386");

const spellings = [...byName.keys()].sort((left, right) => right.length - left.length).map(escape);
const pattern = new RegExp(
  `(?<![A-Za-z0-9])(?:${spellings.join("|")})(?![A-Za-z0-9])|(?<=[-_/])386(?![A-Za-z0-9.])`,
  "gi",
);

function escape(text: string): string {
  // Alpine's name of 386 begins the name of amd64.
  return text === "x86" ? "x86(?![-_]64)" : text.replaceAll(/[^a-z0-9_]/g, "\\$&");
}

/** A name of an architecture in a text. */
interface NamedArchitecture {
  /** As written: `x86_64`. */
  readonly text: string;
  /** OCI's name; variants of 32-bit ARM are not told apart. */
  readonly architecture: string;
}

/** The names of architectures that stand in a text as words of their own: in `app_Linux_x86_64.tar.gz`, `gcc-aarch64-linux-gnu`, `amd64/alpine`. */
export function architecturesIn(text: string): NamedArchitecture[] {
  return [...text.matchAll(pattern)].map(([found]) => ({
    text: found,
    architecture: byName.get(found.toLowerCase()) ?? "386",
  }));
}

/** The first name of another architecture than the platform's in a text that does not name the platform's own too. */
export function foreignName(text: string, platform: Platform): string | undefined {
  const names = architecturesIn(text);
  if (names.some(({ architecture }) => architecture === platform.architecture)) return undefined;
  return names[0]?.text;
}
