/**
 * Orders two versions by their leading numbers (`v1.39.3`, `0.33.0-rc1`, `26.1.5+dfsg1`): negative when `a` is older, 0 when neither is. A
 * missing number counts as 0, and so does all of a version that is unknown.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbers(version: string): number[] {
  const match = /^v?(\d+(?:\.\d+)*)/.exec(version);
  return match?.[1]?.split(".").map(Number) ?? [];
}
