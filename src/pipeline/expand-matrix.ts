import type { JobContent } from "../config/pipeline/job.ts";

/** Values of the axes of one job. */
export type Combination = Readonly<Record<string, string>>;

/**
 * The combinations of a matrix: every value of each axis with every of the others, without those that `exclude` names (all of its axes fit). An `include` adds its
 * further axes to the combinations that it fits, and is one of its own when it fits none.
 */
export function expandMatrix(matrix: JobContent["matrix"]): readonly Combination[] {
  if (matrix === undefined) return [{}];
  const { include, exclude, ...axes } = matrix;
  let combinations: readonly Combination[] = Object.keys(axes).length === 0 ? [] : [{}];
  for (const [axis, values] of Object.entries(axes)) {
    combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [axis]: value })));
  }
  combinations = combinations.filter((one) => !exclude.some((out) => fits(out, one)));
  for (const more of include) {
    const shared = Object.fromEntries(Object.entries(more).filter(([axis]) => Object.hasOwn(axes, axis)));
    const isExtension = Object.keys(shared).length < Object.keys(more).length;
    if (isExtension && combinations.some((one) => fits(shared, one))) {
      combinations = combinations.map((one) => (fits(shared, one) ? { ...one, ...more } : one));
    } else if (!combinations.some((one) => fits(more, one))) combinations = [...combinations, more];
  }
  return combinations;
}

/** Combinations that a matrix has before `exclude` takes any out. */
export function matrixSize(matrix: JobContent["matrix"]): number {
  const { include: _, exclude: __, ...axes } = matrix ?? { include: [], exclude: [] };
  return Object.values(axes).reduce((size, values) => size * values.length, 1);
}

function fits(part: Combination, whole: Combination): boolean {
  return Object.entries(part).every(([axis, value]) => whole[axis] === value);
}
