/** A tag read as a version: the numbers, and what stands around them (`v1.2-slim` is `v`, `1.2`, `-slim`). */
interface VersionTag {
  readonly tag: string;
  readonly prefix: string;
  readonly numbers: readonly number[];
  readonly suffix: string;
}

function readVersion(tag: string): VersionTag | undefined {
  const match = /^([a-z]*-?)(\d{1,9}(?:\.\d{1,9})*)((?:[-_].*)?)$/i.exec(tag);
  if (!match) return undefined;
  const [, prefix = "", numbers = "", suffix = ""] = match;
  return { tag, prefix, suffix, numbers: numbers.split(".").map(Number) };
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Tags of the same kind as `tag` (same words around the version), newest first, those with as many parts as `tag` before others
 * of the same age: for `3.4` first `3.20`, `3.19`, then `3.20.1`. A tag that is no version, like `bookworm`, has no newer ones.
 */
export function newerTags(tag: string, tags: readonly string[]): readonly string[] {
  const own = readVersion(tag);
  if (!own) return [];
  return tags
    .map(readVersion)
    .filter((version) => version !== undefined)
    .filter(
      (version) =>
        version.prefix === own.prefix &&
        version.suffix === own.suffix &&
        compareNumbers(version.numbers, own.numbers) > 0 &&
        version.numbers.length === own.numbers.length,
    )
    .toSorted((a, b) => compareNumbers(b.numbers, a.numbers))
    .map((version) => version.tag);
}
