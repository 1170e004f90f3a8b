import type { JobGraph, PlannedJob } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";

/** The jobs of a run as lines: what each does, where it runs, what it waits for. */
export function formatGraph({ jobs }: JobGraph): readonly string[] {
  const width = Math.max(...jobs.map(({ id }) => id.length));
  return jobs.map((job) => {
    const parts = [
      describeWork(job),
      ...(job.needs.length === 0 ? [] : [`after ${job.needs.join(", ")}`]),
      ...(job.when === "success" ? [] : [`when ${job.when}`]),
    ];
    const skip = job.skip === undefined ? "" : ` — not run: ${job.skip}`;
    return `${job.id.padEnd(width)}  ${parts.join("; ")}${skip}`;
  });
}

function describeWork({ work }: PlannedJob): string {
  switch (work.kind) {
    case "steps":
      return `${work.steps.length} step${work.steps.length === 1 ? "" : "s"}`;
    case "build":
      return `build for ${work.platforms.map(formatPlatform).join(", ") || "this machine's platform"}`;
    case "image":
      return `image ${work.action}`;
    default:
      return work.kind;
  }
}

/** The jobs of a run as a Mermaid flow chart. */
export function formatMermaid({ jobs }: JobGraph): readonly string[] {
  const names = new Map(jobs.map(({ id }, index) => [id, `j${index}`]));
  return [
    "flowchart LR",
    ...jobs.map(({ id, work }) => `  ${names.get(id)}["${id.replaceAll('"', "'")}<br/>${work.kind}"]`),
    ...jobs.flatMap(({ id, needs }) => needs.map((need) => `  ${names.get(need)} --> ${names.get(id)}`)),
  ];
}
