import { z } from "zod";
import { formatPlatform, parsePlatform, type Platform } from "../../platform/platform.ts";
import { platform, readWith } from "../values.ts";
import { plainName } from "./values.ts";

/** Values of some axes; a platform in its usual spelling. */
export type Combination = Readonly<Record<string, string>>;

const axisValue = z
  .union([z.string(), z.int(), z.boolean()], { error: "must be a text" })
  .transform(String)
  .pipe(
    z
      .string()
      .min(1)
      .max(200)
      .refine((value) => value.isWellFormed() && !/\p{Cc}/u.test(value), "must have no control characters"),
  );

const combination = z.record(plainName, axisValue).transform((values, context): Combination => {
  const { platform: written, ...rest } = values;
  if (written === undefined) return rest;
  const read = readWith(parsePlatform)(written, {
    ...context,
    addIssue: (issue) => context.addIssue(typeof issue === "string" ? issue : { ...issue, path: ["platform"] }),
  });
  return context.issues.length > 0 ? rest : { ...rest, platform: formatPlatform(read) };
});

const combinations = z.array(combination, {
  error: 'must be a list of combinations, for example [{ go: "1.26" }]',
});

function reportTwice(values: readonly string[], message: (value: string) => string, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  values.forEach((value, index) => {
    if (seen.has(value)) context.addIssue({ code: "custom", path: [index], message: message(value), continue: false });
    seen.add(value);
  });
}

/** Platforms, none of them twice. */
export const platformList = z.array(platform).superRefine((list, context) => {
  reportTwice(list.map(formatPlatform), (name) => `${name} is listed twice`, context);
});

/** The platforms of a job. */
export const jobPlatforms = z.union([z.literal("all"), platform.transform((one) => [one]), platformList.min(1)], {
  error: 'must be "all", a platform, or a list of platforms',
});

/** Axes of a matrix, which are all in the ids of its jobs. */
const maxAxes = 50;

const axis = z
  .array(axisValue)
  .min(1)
  .superRefine((values, context) => {
    reportTwice(values, (value) => `"${value}" is listed twice`, context);
  });

/** `matrix:`: a job for each combination of the values of its axes, of which the platform may be one. */
export const matrix = z
  .object(
    {
      platform: jobPlatforms.exactOptional().describe("the platforms of the job, as platforms beside the matrix"),
      include: combinations.default([]).describe("combinations that are added, or values added to those that fit"),
      exclude: combinations.default([]).describe("combinations that are taken out; an axis that is left out fits"),
    },
    { error: 'must be a mapping of axes to lists of values, for example { go: ["1.25", "1.26"] }' },
  )
  .catchall(axis)
  .refine((axes) => Object.keys(axes).length <= maxAxes, `must have at most ${maxAxes} axes`)
  .transform(({ platform: platforms, include, exclude, ...axes }) => ({
    axes: axes as Readonly<Record<string, readonly string[]>>,
    include: include as readonly Combination[],
    exclude: exclude as readonly Combination[],
    ...(platforms === undefined ? {} : { platforms }),
  }));

export type MatrixContent = z.output<typeof matrix>;

interface PlatformContent {
  readonly platforms?: "all" | readonly Platform[];
  readonly matrix?: MatrixContent;
}

/** The platforms that a job names, beside its matrix or in it. */
export function platformsOf({ platforms, matrix: { platforms: axis } = none }: PlatformContent) {
  return platforms ?? axis;
}

/** Whether the jobs that a job becomes have platforms of their own. */
export function runsOnPlatforms(job: PlatformContent): boolean {
  return platformsOf(job) !== undefined || (job.matrix?.include ?? []).some((one) => one["platform"] !== undefined);
}

/** Names of a job's axes, also those that only `include` has; the platform is not among them. */
export function axesOf({ matrix: { axes, include } = none }: PlatformContent): readonly string[] {
  const names = new Set([...Object.keys(axes), ...include.flatMap((one) => Object.keys(one))]);
  names.delete("platform");
  return [...names];
}

const none: MatrixContent = { axes: {}, include: [], exclude: [] };
