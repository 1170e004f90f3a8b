import type { JobGraph, PlannedJob } from "../pipeline/job-spec.ts";
import type { PlannedSchedule } from "../pipeline/show/describe-schedule.ts";
import { describeWork } from "../pipeline/show/describe-job.ts";
import { templateText } from "../pipeline/show/template-text.ts";
import { formatPlatform } from "../platform/platform.ts";

/** What an event comes to, as JSON (schema `pipeline-show.schema.json`). */
export function graphJson(
  graph: JobGraph,
  about: {
    readonly title: string;
    readonly refusal: string | undefined;
    readonly schedules: readonly PlannedSchedule[];
  },
): unknown {
  const { title, refusal, schedules } = about;
  return {
    version: 1,
    event: title,
    refused: refusal,
    jobs: graph.jobs.map((job) => jobJson(job, graph)),
    schedules: schedules.map(({ cron, timezone, next }) => ({
      cron,
      timezone,
      next: next === undefined ? undefined : new Date(next).toISOString(),
    })),
  };
}

function jobJson(job: PlannedJob, graph: JobGraph): unknown {
  const { id, name, work, platform, matrix, needs, when, condition, skip } = job;
  return {
    id,
    name,
    kind: work.kind,
    platform: platform === undefined ? undefined : formatPlatform(platform),
    platforms: work.kind === "build" ? work.platforms.map(formatPlatform) : undefined,
    matrix,
    needs,
    when,
    condition: condition === undefined ? undefined : templateText(condition),
    skipped: skip,
    does: describeWork(job, graph),
  };
}
