import { ArchwayError } from "../../error/error.ts";
import { nearestName } from "../../error/nearest.ts";
import { formatPlatform, parsePlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import { expandMatrix } from "./expand-matrix.ts";
import type { JobContent } from "./job.ts";
import { platformsOf } from "./matrix.ts";
import { onKey, type Path, type Report } from "./problem.ts";

/** Reports what is wrong about the platforms of a job: said twice, or of a job that has none. */
export function checkPlatforms(job: JobContent, all: readonly Platform[], at: Path, report: Report): void {
  const { matrix } = job;
  const written = platformsOf(job);
  if (job.platforms !== undefined && matrix?.platforms !== undefined) {
    const hint = "Keep one of the two: they mean the same.";
    report([...at, "matrix", "platform"], "the platforms of the job are given twice", hint, onKey);
  }
  if (written === "all" && all.length === 0) {
    report(
      [...at, ...(job.platforms === undefined ? ["matrix", "platform"] : ["platforms"])],
      "all means the pipeline's platforms, and it has none",
      "Add platforms: [linux/amd64, linux/arm64] at the top.",
    );
  }
  const named = written === "all" ? all : (written ?? []);
  const names = written === undefined ? undefined : named.map(formatPlatform);
  if (matrix !== undefined && names?.length !== 0 && expandMatrix(matrix, names).length === 0)
    report([...at, "matrix"], "exclude takes out every combination, so that no job is left", undefined, onKey);
  checkMatrix(job, named, at, report);
  const included = (matrix?.include ?? []).flatMap(({ platform }) => (platform ? parsePlatform(platform) : []));
  checkOverrides(job, [...named, ...included], at, report);
}

/** Combinations that are added or taken out must be about axes and values that there are. */
function checkMatrix({ matrix }: JobContent, platforms: readonly Platform[], at: Path, report: Report): void {
  if (matrix === undefined) return;
  const { include, exclude } = matrix;
  const hasPlatform = (index: number) => include[index]?.["platform"] !== undefined;
  include.forEach((_, index) => {
    if (platforms.length > 0 || hasPlatform(index) || !include.some((_one, other) => hasPlatform(other))) return;
    report(
      [...at, "matrix", "include", index],
      "the combination has no platform, and others have one",
      "Give it a platform, or name those of the job as platforms.",
    );
  });
  const axes: Readonly<Record<string, readonly string[]>> = {
    ...matrix.axes,
    ...(platforms.length === 0 ? {} : { platform: platforms.map(formatPlatform) }),
  };
  exclude.forEach((combination, index) => {
    for (const [axis, value] of Object.entries(combination)) {
      const path = [...at, "matrix", "exclude", index, axis];
      const values = Object.hasOwn(axes, axis) ? axes[axis] : undefined;
      if (values === undefined) {
        const hint = () => {
          const guess = nearestName(axis, Object.keys(axes));
          return guess ? `Did you mean "${guess}"?` : `Axes: ${Object.keys(axes).join(", ") || "none"}.`;
        };
        report(path, `the matrix has no axis "${axis}"`, hint, onKey);
      } else if (!values.includes(value)) {
        const hint = () => {
          const guess = nearestName(value, values);
          return guess ? `Did you mean "${guess}"?` : `Values: ${values.join(", ")}.`;
        };
        report(path, `the axis ${axis} has no value "${value}", so nothing is taken out`, hint);
      }
    }
  });
}

function checkOverrides(job: JobContent, own: readonly Platform[], at: Path, report: Report): void {
  for (const key of Object.keys(job.overrides)) {
    const path = [...at, "overrides", key];
    try {
      const platform = parsePlatform(key);
      if (own.some((one) => samePlatform(one, platform))) continue;
      const hint = () => `It runs on: ${own.map(formatPlatform).join(", ") || "one platform, whichever is there"}.`;
      report(path, `the job does not run on ${key}`, hint, onKey);
    } catch (error) {
      if (!(error instanceof ArchwayError)) throw error;
      report(path, error.message, error.hint, onKey);
    }
  }
}
