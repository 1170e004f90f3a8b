import { samePlatform, type Platform } from "../../../platform/platform.ts";
import type { Facts } from "../../facts/facts.ts";
import type { Dependency } from "../../packages/dependency.ts";
import { lacksBinary, minimumVersion, type MinimumVersion } from "../../packages/minimum-versions.ts";
import { hasWheel, type Libc } from "../../packages/wheel.ts";

/** A dependency that has no binary for some of the platforms it is installed on. */
export interface Lacking {
  readonly dependency: Dependency;
  readonly platforms: readonly Platform[];
  /** What the built-in table knows of the package. */
  readonly entry?: MinimumVersion;
  /** How it is known: the facts, the files in a lock, the table. */
  readonly evidence: "facts" | "files" | "table";
}

/**
 * Whether a dependency lacks binaries. Asked in the order of certainty: facts of its exact version, the names of files in a lock, the built-in
 * table. A package that has a binary for none of the platforms lacks nothing here: it is compiled everywhere.
 */
export function lacking(dependency: Dependency, facts: Facts, libc: Libc = "unknown"): Lacking | undefined {
  const { ecosystem, name, bound, platforms, files } = dependency;
  const entry = minimumVersion(ecosystem, name);
  const known = entry === undefined ? {} : { entry };
  const fact =
    bound?.inclusive === true && isAsked(dependency)
      ? facts.package(`${ecosystem}:${name}@${bound.version}`)
      : undefined;
  if (fact !== undefined && fact !== null) {
    const ready = fact.platforms;
    if (ready === "all" || ready.length === 0) return undefined;
    const without = platforms.filter((platform) => !ready.some((other) => samePlatform(other, platform)));
    return without.length === 0 ? undefined : { dependency, platforms: without, evidence: "facts", ...known };
  }
  if (files !== undefined) {
    const ready = platforms.map((platform) => hasWheel(files, platform, libc));
    const without = platforms.filter((_, index) => ready[index] === false);
    return without.length === 0 || !ready.includes(true)
      ? undefined
      : { dependency, platforms: without, evidence: "files", ...known };
  }
  const without = platforms.filter((platform) => lacksBinary(dependency, platform) !== undefined);
  return without.length === 0 || entry === undefined
    ? undefined
    : { dependency, platforms: without, evidence: "table", entry };
}

/** Facts are asked for what may be native: all that PyPI serves as wheels, and the packages of npm and Maven that the table has. */
function isAsked({ ecosystem, name }: Dependency): boolean {
  return ecosystem === "pypi" || minimumVersion(ecosystem, name) !== undefined;
}

/** What to do about it, in a sentence. */
export function adviceFor({ dependency, entry }: Lacking): string {
  if (entry?.instead !== undefined) return entry.instead;
  if (entry === undefined) return `Take a version of ${dependency.name} that has a binary for the platform.`;
  return entry.since === "never"
    ? `Take another package than ${dependency.name}, or build it from source.`
    : `Take ${dependency.name} ${entry.since} or later.`;
}

/** `lz4 2.0.0`, `lz4 (<3)`, `lz4`. */
export function nameOf({ name, bound, constraint }: Dependency): string {
  if (bound?.inclusive === true) return `${name} ${bound.version}`;
  return constraint === "" || constraint === "*" ? name : `${name} (${constraint})`;
}
