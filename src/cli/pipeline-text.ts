import { describeNext, type PlannedSchedule } from "../pipeline/show/describe-schedule.ts";
import type { JobGraph } from "../pipeline/job-spec.ts";
import { jobRows } from "../pipeline/show/job-rows.ts";
import { formatCount } from "../report/quantity.ts";
import type { Style } from "../report/style.ts";
import { type Cell, formatTable } from "../report/table.ts";

/** The jobs of a run as a table, each after those that it needs; those that differ by their platform alone share a line. */
export function formatGraph(
  graph: JobGraph,
  title: string,
  format: { readonly columns: number; readonly style: Style },
): string[] {
  const { style } = format;
  const running = graph.jobs.filter(({ skip }) => skip === undefined).length;
  const skipped = graph.jobs.length - running;
  const rows = jobRows(graph);
  const hasPlatforms = graph.jobs.some(({ platform }) => platform !== undefined);
  const cells = rows.map(({ label, platforms, needs, does, rules, isSkipped }): Cell[] => [
    isSkipped ? { text: label, paint: style.dim } : label,
    ...(hasPlatforms ? [platforms.join(", ") || "-"] : []),
    needs.join(", ") || "-",
    does,
    rules.join(", "),
  ]);
  const header = ["JOB", ...(hasPlatforms ? ["PLATFORMS"] : []), "NEEDS", "DOES", "RULES"];
  return [
    style.bold(`${title}: ${formatCount(running, "job")}${skipped === 0 ? "" : `, ${skipped} skipped`}`),
    ...(cells.length === 0 ? [] : formatTable(cells, { ...format, header })),
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
