import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import type { PlannedJob } from "../pipeline/job-spec.ts";
import { withoutNeeds } from "../pipeline/left-out.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import { selectJobs } from "../run/select-jobs.ts";
import { listOf, optionError } from "./parse-option.ts";
import type { RunOptions } from "./run-options.ts";

/**
 * The jobs that a run is asked for. What the command line names and no job has is an error: a slip there would be a run without it.
 *
 * @throws ArchwayError kind `input`: `JOB_UNKNOWN`, `PLATFORM_UNKNOWN`, `OPTION_INVALID`
 */
export function selectForRun(
  jobs: readonly PlannedJob[],
  names: readonly string[],
  { platforms, approved, only }: Pick<RunOptions, "platforms" | "approved" | "only">,
): readonly PlannedJob[] {
  requirePlatforms(jobs, platforms);
  requireApprovals(jobs, approved);
  const selected = selectJobs(jobs, names, platforms, unknownJob);
  if (selected.length === 0) {
    const named = jobs.filter(({ id, name }) => names.includes(name) || names.includes(id));
    throw unknownPlatform(`${listOf(names)} does not run on ${listOf(platforms.map(formatPlatform))}.`, named);
  }
  return only ? withoutNeeds(selected, names) : selected;
}

function requirePlatforms(jobs: readonly PlannedJob[], platforms: RunOptions["platforms"]): void {
  for (const wanted of platforms) {
    if (jobs.some(({ platform }) => platform !== undefined && samePlatform(platform, wanted))) continue;
    throw unknownPlatform(`No job of the pipeline runs on ${formatPlatform(wanted)}.`, jobs);
  }
}

function requireApprovals(jobs: readonly PlannedJob[], approved: readonly string[]): void {
  const approvals = jobs.filter(({ work }) => work.kind === "approval").map(({ name }) => name);
  for (const name of approved) {
    const job = jobs.find((one) => one.name === name || one.id === name);
    if (job === undefined && approvals.length > 0) throw unknownJob(name, approvals);
    if (job?.work.kind === "approval") continue;
    const hint = approvals.length === 0 ? "The pipeline has no approvals." : `Approvals: ${approvals.join(", ")}.`;
    const what = job === undefined ? "there is no such job." : "this job waits for nobody.";
    throw optionError("--approve", name, what, hint);
  }
}

function unknownPlatform(message: string, jobs: readonly PlannedJob[]): ArchwayError {
  const planned = new Set(jobs.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)])));
  const hint = planned.size === 0 ? "The jobs name no platforms." : `Platforms: ${[...planned].join(", ")}.`;
  return new ArchwayError({ code: "PLATFORM_UNKNOWN", kind: "input", message, hint });
}

function unknownJob(name: string, known: readonly string[]): ArchwayError {
  const guess = nearestName(name, known);
  return new ArchwayError({
    code: "JOB_UNKNOWN",
    kind: "input",
    message: `The pipeline has no job "${name}".`,
    hint: guess ? `Did you mean "${guess}"?` : `Jobs: ${known.join(", ")}.`,
  });
}
