import { ArchwayError } from "../error/error.ts";
import type { JobSpec, PlannedJob } from "../pipeline/job-spec.ts";
import { formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";

/** What this machine runs. */
export interface LocalMachine {
  /** Its own platform. */
  readonly platform: Platform;
  readonly native: readonly Platform[];
  readonly emulated: readonly Platform[];
}

/** Where and how a job runs. */
export interface Placement {
  readonly platform: Platform;
  readonly mode: "native" | "emulated";
  readonly reason: string;
}

type Placed = Pick<JobSpec, "id" | "platform" | "emulation">;

/**
 * Places a job on this machine: natively where it can, emulated where the job and the user allow it. A job without a platform runs on the first of the pipeline's that the
 * machine runs itself, else on the machine's own.
 *
 * @throws ArchwayError `PLATFORM_UNAVAILABLE` (kind `failed`) with what the machine runs.
 */
export function choosePlatform(
  job: Placed,
  machine: LocalMachine,
  { platforms, emulation }: { readonly platforms: readonly Platform[]; readonly emulation: boolean },
): Placement {
  const has = (list: readonly Platform[], platform: Platform) => list.some((one) => samePlatform(one, platform));
  if (job.platform === undefined) {
    const platform = platforms.find((one) => has(machine.native, one)) ?? machine.platform;
    return { platform, mode: "native", reason: "the job names no platform: the first that this machine runs itself" };
  }
  const { platform } = job;
  if (has(machine.native, platform)) return { platform, mode: "native", reason: "this machine runs it itself" };
  const isThere = has(machine.emulated, platform);
  if (isThere && emulation && job.emulation !== "never") {
    return { platform, mode: "emulated", reason: "no machine here runs it itself" };
  }
  const why = !isThere ? "" : emulation ? ", and the job forbids emulation" : ", and --no-emulation was given";
  const list = (names: readonly Platform[]) => names.map(formatPlatform).join(", ") || "nothing";
  throw new ArchwayError({
    code: "PLATFORM_UNAVAILABLE",
    kind: "failed",
    message: `Nothing here can run ${formatPlatform(platform)} for the job "${job.id}"${why}: this machine runs ${list(machine.native)} itself and emulates ${list(machine.emulated)}.`,
    hint: isThere
      ? "Allow emulation, or leave the platform out with --platform."
      : "Register an emulator (docs/emulation.md), or leave the platform out with --platform.",
  });
}

/** The jobs that the names ask for and what they need, of the wanted platforms; all jobs for no names. Throws `JOB_UNKNOWN` (kind `input`). */
export function selectJobs(
  jobs: readonly PlannedJob[],
  names: readonly string[],
  platforms: readonly Platform[],
  unknown: (name: string, known: readonly string[]) => ArchwayError,
): readonly PlannedJob[] {
  const known = [...new Set(jobs.flatMap(({ id, name }) => [name, id]))];
  for (const name of names) if (!known.includes(name)) throw unknown(name, known);
  const isWanted = ({ platform }: PlannedJob) =>
    platform === undefined || platforms.length === 0 || platforms.some((one) => samePlatform(one, platform));
  const chosen = new Set(
    jobs.filter((job) => (names.length === 0 || names.includes(job.name) || names.includes(job.id)) && isWanted(job)),
  );
  const byId = new Map(jobs.map((job) => [job.id, job]));
  for (const job of chosen) {
    for (const need of job.needs) {
      const other = byId.get(need);
      if (other !== undefined && isWanted(other)) chosen.add(other);
    }
  }
  const ids = new Set([...chosen].map(({ id }) => id));
  return jobs
    .filter((job) => chosen.has(job))
    .map((job) => ({ ...job, needs: job.needs.filter((need) => ids.has(need)) }));
}
