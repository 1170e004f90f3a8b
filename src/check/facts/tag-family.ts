/** A tag as the kind of tag that it is, and its numbers: `1.9.1-alpine3.6` is of the family `#-alpine#` with 1.9.1 and 3.6. */
export interface NumberedTag {
  /** The tag with `#` in the place of each version. */
  readonly family: string;
  readonly numbers: readonly (readonly number[])[];
}

/** Takes the numbers out of a tag. */
export function numberedTag(tag: string): NumberedTag {
  const numbers: number[][] = [];
  const family = tag.replaceAll(/\d+(?:\.\d+)*/g, (version) => {
    numbers.push(version.split(".").map(Number));
    return "#";
  });
  return { family, numbers };
}

/** Puts the numbers back. */
export function tagOf({ family, numbers }: NumberedTag): string {
  let next = 0;
  return family.replaceAll("#", () => numbers[next++]?.join(".") ?? "");
}

/** Orders the numbers of two tags of a family; `3.6` comes before `3.6.0`. */
export function compareNumbers(a: NumberedTag["numbers"], b: NumberedTag["numbers"]): number {
  for (let group = 0; group < Math.max(a.length, b.length); group++) {
    const [left = [], right = []] = [a[group], b[group]];
    for (let index = 0; index < Math.max(left.length, right.length); index++) {
      const difference = (left[index] ?? -1) - (right[index] ?? -1);
      if (difference !== 0) return difference;
    }
  }
  return 0;
}
