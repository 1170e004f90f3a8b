import { formatPlatform, type Platform } from "../../platform/platform.ts";
import { expandMatrix, matrixSize, matrixWork, maxCombinations, maxMatrixWork } from "./expand-matrix.ts";
import type { JobContent } from "./job.ts";
import { platformsOf } from "./matrix.ts";
import { onKey, type Path, type Report } from "./problem.ts";

/** Jobs that one run may have: more is a mistake in a matrix, and said so rather than cut. */
const maxJobs = 1000;

/** Values of all jobs of a run together, as the file has them; ten steps of each job are about a tenth. */
const maxValues = 2_000_000;

interface SizedContent {
  readonly platforms: readonly Platform[];
  readonly jobs: Readonly<Record<string, JobContent>>;
  readonly env: object;
  readonly on_failure: readonly object[];
}

/** Reports a pipeline that comes to more than a run may have. Returns false for one, which nothing else should be asked of then. */
export function checkSize(content: SizedContent, report: Report): boolean {
  const jobs = Object.entries(content.jobs);
  if (jobs.length > maxJobs) {
    report(
      ["jobs"],
      tooMany(jobs.length, ""),
      "Make one job with a matrix of jobs that differ in a few values.",
      onKey,
    );
    return false;
  }
  let work = 0;
  const shared = valuesIn(content.env) + valuesIn(content.on_failure);
  const sizes = jobs.map(([name, job]) => ({ name, job, count: 0, values: shared + valuesIn(job) }));
  for (const size of sizes) {
    const written = platformsOf(size.job);
    const names = (written === "all" ? content.platforms : written)?.map(formatPlatform);
    const { matrix } = size.job;
    const combinations = matrixSize(matrix, names);
    work += matrix === undefined ? 0 : matrixWork(matrix, names);
    const at = placeOf(size);
    if (combinations > maxCombinations) {
      report(
        at,
        `the matrix of "${size.name}" has ${combinations} combinations; a run has ${maxJobs} jobs at most`,
        advice,
        onKey,
      );
      return false;
    }
    if (work > maxMatrixWork) {
      report(at, "the matrix has too many combinations for so many entries of include and exclude", advice, onKey);
      return false;
    }
    size.count = expandMatrix(matrix, names).length;
  }
  const largest = (measure: (size: (typeof sizes)[number]) => number) =>
    sizes.reduce((most, size) => (measure(size) > measure(most) ? size : most));
  const count = sizes.reduce((sum, size) => sum + size.count, 0);
  if (count > maxJobs) {
    const most = largest((size) => size.count);
    report(placeOf(most), tooMany(count, `, ${most.count} of them of "${most.name}"`), advice, onKey);
    return false;
  }
  const values = sizes.reduce((sum, size) => sum + size.count * size.values, 0);
  if (values > maxValues) {
    const most = largest((size) => size.count * size.values);
    const what = `the ${count} jobs have ${values} steps, variables and other values together; ${maxValues} are allowed`;
    report(
      placeOf(most),
      what,
      "Take combinations out of a matrix, or put steps into scripts of the repository.",
      onKey,
    );
    return false;
  }
  return true;
}

const advice = "Take values out of its matrix, or exclude combinations.";

function tooMany(count: number, detail: string): string {
  return `the pipeline has ${count} jobs${detail}; a run has ${maxJobs} at most`;
}

/** Where the number of jobs that a job becomes is said. */
function placeOf({ name, job }: { readonly name: string; readonly job: JobContent }): Path {
  const at = ["jobs", name];
  if (job.matrix !== undefined) return [...at, "matrix"];
  return job.platforms === undefined ? at : [...at, "platforms"];
}

function valuesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  let count = 1;
  for (const inner of Object.values(value)) count += valuesIn(inner);
  return count;
}
