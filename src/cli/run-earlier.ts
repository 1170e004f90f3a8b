import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ArchwayError } from "../error/error.ts";
import type { ImageProjection } from "../event/project-run.ts";
import { artifactFolder } from "../job/volumizer/artifacts.ts";
import { hasResults } from "../job/volumizer/run-results.ts";
import type { JobOutputs, PlannedJob } from "../pipeline/job-spec.ts";
import { leftOut } from "../pipeline/left-out.ts";

/** File with the summary of a run in its folder. */
export const summaryFile = "summary.json";

/** What a run with `--only` takes from earlier ones. */
export interface Earlier {
  /** Of jobs that do not run, by name. */
  readonly outputs: ReadonlyMap<string, JobOutputs>;
  readonly images: readonly ImageProjection[];
  /** Runs that something is taken from. */
  readonly runs: readonly string[];
  /** What is taken from where, for people. */
  readonly notes: readonly string[];
  /** Puts the artifacts where the jobs of this run look for them. */
  readonly placeArtifacts: (run: string) => Promise<void>;
}

interface EndedRun {
  readonly run: string;
  readonly succeeded: ReadonlySet<string>;
  readonly images: readonly ImageProjection[];
}

/**
 * Finds what jobs take from others that do not run now: in the newest run of the same pipeline in which those succeeded.
 *
 * @param state folder of all runs
 * @param about.pipeline what names the pipeline among all runs
 * @param about.command what a person types to run all of it
 * @throws ArchwayError `EARLIER_MISSING` (kind `input`) when no run that is kept has it
 */
export async function findEarlier(
  state: string,
  { pipeline, command }: { readonly pipeline: string; readonly command: string },
  jobs: readonly PlannedJob[],
): Promise<Earlier> {
  const missing = (job: string, what: string) => earlierMissing(what, { job, command });
  const { artifacts, images: named } = leftOut(jobs);
  const runs = artifacts.length + named.length === 0 ? [] : await endedRuns(state, pipeline);
  const moves = artifacts.map(({ job, artifact, by }) => {
    const from = runs.find(({ succeeded }) => succeeded.has(job));
    if (from === undefined) throw missing(by, `the artifact "${artifact}" of "${job}"`);
    return { from: from.run, job, artifact };
  });
  const images = named.map(({ name, by }) => {
    const image = runs.flatMap(({ run, images: made, succeeded }) =>
      made.filter(({ job }) => succeeded.has(job) && isOf(job, name)).map((of) => ({ run, of })),
    )[0];
    if (image === undefined) throw missing(by, `the image of "${name}"`);
    return { name, image: image.of, run: image.run };
  });
  return {
    outputs: new Map(
      images.map(({ name, image: { reference, digest } }) => [name, { status: "succeeded", reference, digest }]),
    ),
    images: images.map(({ image }) => image),
    runs: [...new Set([...moves.map(({ from }) => from), ...images.map(({ run }) => run)])],
    notes: [
      ...moves.map(({ from, job, artifact }) => `The artifact "${artifact}" of "${job}" is that of run ${from}.`),
      ...images.map(({ name, run }) => `The image of "${name}" is that of run ${run}.`),
    ],
    placeArtifacts: async (run) => {
      for (const { from, job, artifact } of moves) {
        const [source, target] = [from, run].map((one) =>
          artifactFolder(join(state, "runs", one, "artifacts"), job, artifact),
        );
        if (source === undefined || target === undefined) continue;
        // An artifact that the job did not have to make may be missing.
        await cp(source, target, { recursive: true, verbatimSymlinks: true }).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "ENOENT") throw error;
        });
      }
    },
  };
}

/** Whether a job is one of a name: `image`, `image[go=1.26]`, `image@linux/arm64`. */
function isOf(job: string, name: string): boolean {
  return job === name || job.startsWith(`${name}[`) || job.startsWith(`${name}@`);
}

/** The runs of a pipeline that came to their end, the newest first. */
async function endedRuns(state: string, pipeline: string): Promise<readonly EndedRun[]> {
  const names = (await readdir(join(state, "runs")).catch(() => [])).toSorted((a, b) => (a < b ? 1 : -1));
  const runs: EndedRun[] = [];
  for (const run of names) {
    const folder = join(state, "runs", run);
    const read = hasResults(folder) ? await readSummary(join(folder, summaryFile)) : undefined;
    if (read?.pipeline !== pipeline) continue;
    const succeeded = read.jobs.flatMap(({ job, state: ended }) => (ended === "succeeded" ? [job] : []));
    runs.push({ run, succeeded: new Set(succeeded), images: read.images });
  }
  return runs;
}

/** A summary; undefined for a run that was killed, or one of another version. */
async function readSummary(file: string) {
  // Making the schema takes longer than all else here, and most runs read none.
  const { runSchema } = await import("./schemas/run.ts");
  try {
    return runSchema.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

function earlierMissing(
  what: string,
  { job, command }: { readonly job: string; readonly command: string },
): ArchwayError {
  return new ArchwayError({
    code: "EARLIER_MISSING",
    kind: "input",
    message: `"${job}" needs ${what}, and no earlier run of this pipeline that is kept has it.`,
    hint: `Run it once with what it needs: ${command} ${job}`,
  });
}
