import type { Value } from "./expression.ts";

/** Comparisons of expressions. */
export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/**
 * Compares two values. They are equal when they are written alike: `3.1` is not `3.10`. Which comes first is told by their numbers where both are versions (1.9 before
 * 1.10, a pre-release before its release), else by their characters.
 */
export function compare(operator: Comparison, left: Value, right: Value): boolean {
  const [a, b] = [String(left), String(right)];
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return order(a, b) < 0;
    case "<=":
      return order(a, b) <= 0;
    case ">":
      return order(a, b) > 0;
    case ">=":
      return order(a, b) >= 0;
  }
}

/** What looks like a version: `7`, `1.26`, `v1.2.3-rc.1`, `3.14rc2`, `1.2.3+build`. */
interface Version {
  readonly numbers: readonly number[];
  /** Empty for a release. */
  readonly prerelease: string;
}

function readVersion(text: string): Version | undefined {
  const read = /^v?(\d{1,15}(?:\.\d{1,15})*)(?:-([\w.-]+)|([A-Za-z][\w.-]*))?(?:\+[\w.-]+)?$/.exec(text);
  if (read === null) return undefined;
  const [, numbers = "", behindDash, behindNumber = ""] = read;
  return { numbers: numbers.split(".").map(Number), prerelease: behindDash ?? behindNumber };
}

/** Below 0 when the first comes before the second. */
function order(a: string, b: string): number {
  const [one, other] = [readVersion(a), readVersion(b)];
  if (one === undefined || other === undefined) return a < b ? -1 : Number(a > b);
  const length = Math.max(one.numbers.length, other.numbers.length);
  for (let index = 0; index < length; index++) {
    const difference = (one.numbers[index] ?? 0) - (other.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (one.prerelease === "" || other.prerelease === "")
    return Number(one.prerelease === "") - Number(other.prerelease === "");
  // rc.2 is before rc.10, and so is rc2 before rc10.
  return one.prerelease.localeCompare(other.prerelease, "en", { numeric: true });
}
