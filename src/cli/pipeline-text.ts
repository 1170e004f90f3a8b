import { describeNext, type PlannedSchedule } from "../pipeline/show/describe-schedule.ts";
import type { JobGraph } from "../pipeline/job-spec.ts";
import { describeNeeds, describeRules, describeWork } from "../pipeline/show/describe-job.ts";
import { formatCount } from "../report/quantity.ts";
import type { Style } from "../report/style.ts";
import { type Cell, formatTable } from "../report/table.ts";

/** The jobs of a run as a table, each after those that it needs. */
export function formatGraph(
  graph: JobGraph,
  title: string,
  format: { readonly columns: number; readonly style: Style },
): string[] {
  const { style } = format;
  const running = graph.jobs.filter(({ skip }) => skip === undefined).length;
  const skipped = graph.jobs.length - running;
  const rows = graph.jobs.map((job): Cell[] => {
    const rules = describeRules(job).join(", ");
    const id = job.skip === undefined ? job.id : { text: job.id, paint: style.dim };
    return [id, describeNeeds(job, graph).join(", ") || "-", describeWork(job), rules];
  });
  return [
    style.bold(`${title}: ${formatCount(running, "job")}${skipped === 0 ? "" : `, ${skipped} skipped`}`),
    ...(rows.length === 0 ? [] : formatTable(rows, { ...format, header: ["JOB", "NEEDS", "DOES", "RULES"] })),
  ];
}

/** The schedules of a pipeline as a table; nothing when it has none. */
export function formatSchedules(
  schedules: readonly PlannedSchedule[],
  format: { readonly columns: number; readonly style: Style },
): string[] {
  if (schedules.length === 0) return [];
  const rows = schedules.map((one): Cell[] => [one.cron, one.timezone, describeNext(one)]);
  return ["", ...formatTable(rows, { ...format, header: ["SCHEDULE", "TIME ZONE", "NEXT"] })];
}
