import type { Combination, MatrixContent } from "./matrix.ts";

/**
 * The combinations of a matrix: every value of each axis with every of the others, without those that `exclude` names (all of its axes fit). An `include` adds its
 * further axes to the combinations that it fits, and is one of its own when it fits none; one without a platform is one for each.
 *
 * @param platforms The axis `platform`, in usual spelling; absent: the job has none
 */
export function expandMatrix(
  matrix: MatrixContent | undefined,
  platforms: readonly string[] | undefined,
): readonly Combination[] {
  const { include, exclude } = matrix ?? { include: [], exclude: [] };
  const axes = axesOf(matrix, platforms);
  // What `include` names is all there is where no axis stands before it.
  const isListed =
    Object.keys(axes).length === 0
      ? include.length > 0
      : Object.keys(matrix?.axes ?? {}).length === 0 && include.some((one) => one["platform"] === undefined);
  let combinations: readonly Combination[] = isListed ? [] : [{}];
  for (const [axis, values] of Object.entries(isListed ? {} : axes)) {
    combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [axis]: value })));
  }
  combinations = combinations.filter((one) => !exclude.some((out) => fits(out, one)));
  for (const more of include.flatMap((one) => onPlatforms(one, platforms))) {
    const shared = Object.fromEntries(Object.entries(more).filter(([axis]) => Object.hasOwn(axes, axis)));
    const isExtension = !isListed && Object.keys(shared).length < Object.keys(more).length;
    if (isExtension && combinations.some((one) => fits(shared, one))) {
      combinations = combinations.map((one) => (fits(shared, one) ? { ...one, ...more } : one));
    } else if (!combinations.some((one) => fits(more, one))) combinations = [...combinations, more];
  }
  return combinations;
}

/** Combinations of one matrix that are looked at, of which `exclude` may leave a few: more would take all memory. */
export const maxCombinations = 100_000;

/** Combinations that a matrix has before `exclude` takes any out. */
export function matrixSize(matrix: MatrixContent | undefined, platforms: readonly string[] | undefined): number {
  return Object.values(axesOf(matrix, platforms)).reduce((size, values) => size * values.length, 1);
}

/** Combinations times the entries that each is compared with, of all matrices of a pipeline: more would take minutes. */
export const maxMatrixWork = 2_000_000;

/** How much there is to compare before the combinations of a matrix are known. */
export function matrixWork(matrix: MatrixContent, platforms: readonly string[] | undefined): number {
  const { axes, include, exclude } = matrix;
  const added = include.length * (platforms?.length ?? 1);
  const largest = Math.max(Object.keys(axes).length, 1);
  return (matrixSize(matrix, platforms) + added) * (largest + exclude.length + added);
}

/** All axes; the platform turns the fastest. */
function axesOf(
  matrix: MatrixContent | undefined,
  platforms: readonly string[] | undefined,
): Readonly<Record<string, readonly string[]>> {
  return { ...matrix?.axes, ...(platforms === undefined ? {} : { platform: platforms }) };
}

function onPlatforms(one: Combination, platforms: readonly string[] | undefined): readonly Combination[] {
  if (platforms === undefined || one["platform"] !== undefined) return [one];
  return platforms.map((platform) => ({ ...one, platform }));
}

function fits(part: Combination, whole: Combination): boolean {
  return Object.entries(part).every(([axis, value]) => whole[axis] === value);
}
