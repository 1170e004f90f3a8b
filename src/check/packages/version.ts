/** The newest version that a constraint lets in: itself (`inclusive`), or everything below it. */
export interface Bound {
  readonly version: string;
  readonly inclusive: boolean;
}

/** Words that make a version older than the same one without them (PEP 440, Maven, SemVer). */
const before = /^(?:a|b|c|rc|alpha|beta|pre|preview|dev|snapshot|m|cr)\d*$/;

/** Longest version that is compared, in characters: longer ones are no versions. */
const maxLength = 128;

/**
 * Compares two versions by their numbers, below zero when `a` is older. Understands what PEP 440, SemVer and Maven have in common: numbers between dots, then
 * words, of which those for pre-releases come before the release and all others after it. Epochs and build metadata count for nothing.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x, y] = [rank(left[index]), rank(right[index])];
    if (x !== y) return x - y;
  }
  return 0;
}

function partsOf(version: string): string[] {
  const plain = version
    .slice(0, maxLength)
    .toLowerCase()
    .trim()
    .replace(/^v(?=\d)/, "")
    .replace(/^\d+!/, "")
    .replace(/\+.*$/, "");
  return plain.match(/\d+|[a-z]+\d*/g) ?? [];
}

/** A missing part is the release itself: 1.0rc1 is older than 1.0, which is as old as 1.0.0. */
function rank(part: string | undefined): number {
  if (part === undefined || part === "final" || part === "ga" || part === "release") return 0;
  if (/^\d+$/.test(part)) return Number(part);
  return before.test(part) ? -1 : 0.5;
}

/** True when everything that a bound lets in is older than a version. */
export function isOlder(bound: Bound, version: string): boolean {
  const difference = compareVersions(bound.version, version);
  return bound.inclusive ? difference < 0 : difference <= 0;
}

/** The lower of two bounds. */
export function lowerBound(a: Bound | undefined, b: Bound | undefined): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const difference = compareVersions(a.version, b.version);
  if (difference !== 0) return difference < 0 ? a : b;
  return a.inclusive ? b : a;
}

/** A version with the number at an index raised by one and all behind it cut off: of 1.2.3 at 1 it is 1.3. */
export function raised(version: string, index: number): string {
  const numbers = version
    .replace(/^v/, "")
    .split(/[.+-]/)
    .slice(0, index + 1)
    .map((part) => Number.parseInt(part, 10) || 0);
  while (numbers.length <= index) numbers.push(0);
  numbers[index] = (numbers[index] ?? 0) + 1;
  return numbers.join(".");
}
