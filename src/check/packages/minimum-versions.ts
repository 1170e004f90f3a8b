import type { Platform } from "../../platform/platform.ts";
import type { Dependency, Ecosystem } from "./dependency.ts";
import { minimumJvm } from "./minimum-jvm.ts";
import { minimumNode } from "./minimum-node.ts";
import { minimumPython } from "./minimum-python.ts";
import { isOlder } from "./version.ts";

/** Where an entry comes from, and the day that the source is of. */
export interface Source {
  readonly url: string;
  /** YYYY-MM-DD. */
  readonly date: string;
}

/** What a package without a binary for linux/arm64 needs instead. */
export interface FromSource {
  /** The compilers; none when there is no source to compile (it then cannot be installed). */
  readonly compilers: readonly ("c" | "c++" | "rust" | "fortran" | "cmake")[];
  /** Debian's packages with the headers that it needs besides the language's own. */
  readonly headers: readonly string[];
}

/** From which version on a package has a binary for linux/arm64. */
export interface MinimumVersion {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  /** The first version with one, as far as the source says; `never` when no version has one. */
  readonly since: string;
  readonly source: Source;
  readonly build?: FromSource;
  /** What breaks, in a sentence, where the usual words do not fit. */
  readonly effect?: string;
  /** What to use instead, in a sentence without the version. */
  readonly instead?: string;
  /** True when its absence costs speed or colours alone. */
  readonly isHarmless?: boolean;
}

/** Marks packages that no version of has a binary. */
export const never = "never";

const byName: ReadonlyMap<string, MinimumVersion> = new Map(
  [...minimumPython, ...minimumNode, ...minimumJvm].map((entry) => [`${entry.ecosystem}:${entry.name}`, entry]),
);

/** What the built-in table says of a package. */
export function minimumVersion(ecosystem: Ecosystem, name: string): MinimumVersion | undefined {
  return byName.get(`${ecosystem}:${name}`);
}

/**
 * The table's entry when every version that a dependency may be lacks a binary for a platform. The table knows linux/arm64 alone; undefined for
 * other platforms, for packages that it does not have, and for constraints that let a newer version in.
 */
export function lacksBinary(
  { ecosystem, name, bound }: Pick<Dependency, "ecosystem" | "name" | "bound">,
  platform: Platform,
): MinimumVersion | undefined {
  if (platform.os !== "linux" || platform.architecture !== "arm64") return undefined;
  const entry = minimumVersion(ecosystem, name);
  if (entry === undefined) return undefined;
  if (entry.since === never) return entry;
  return bound !== undefined && isOlder(bound, entry.since) ? entry : undefined;
}

/** The names that the table has in an ecosystem, without Maven's groups: what a file has to mention to be worth reading. */
export function namesInTable(ecosystem: Ecosystem): string[] {
  return [...byName.values()]
    .filter((entry) => entry.ecosystem === ecosystem)
    .map(({ name }) => name.slice(name.indexOf(":") + 1));
}

/** All entries, for the tests of the table. */
export function allMinimumVersions(): readonly MinimumVersion[] {
  return [...byName.values()];
}
