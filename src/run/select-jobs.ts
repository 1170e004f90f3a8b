import type { ArchwayError } from "../error/error.ts";
import type { PlannedJob } from "../pipeline/job-spec.ts";
import { samePlatform, type Platform } from "../platform/platform.ts";

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
