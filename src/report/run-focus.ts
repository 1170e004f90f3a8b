import type { JobProjection, RunProjection, SourceProjection } from "../event/project-run.ts";
import { graphOf } from "./run-graph.ts";

/** What a person looks at: a job, and one of its steps or services. What is absent follows the latest. */
export interface Focus {
  readonly job?: string;
  readonly source?: string;
}

/** The job and the step or service whose log is shown. */
export interface Focused {
  readonly job: JobProjection;
  readonly source?: SourceProjection;
}

/** A key that moves the focus. */
export type FocusKey = "up" | "down" | "left" | "right" | "next" | "follow";

/** What is in focus: the chosen, else the job whose step began last among those that run, else one that failed, else the last one that did something. */
export function focusedOf(run: RunProjection, focus: Focus): Focused | undefined {
  const job = run.jobs.get(focus.job ?? "") ?? latestJob(run);
  if (job === undefined) return undefined;
  const isChosen = focus.job === job.job && focus.source !== undefined;
  const name = isChosen ? focus.source : job.state === "failed" ? (job.failedStep ?? job.current) : job.current;
  const source = job.sources.get(name ?? "") ?? [...job.sources.values()].at(-1);
  return source === undefined ? { job } : { job, source };
}

/** Where a key moves the focus to. */
export function moveFocus(run: RunProjection, focus: Focus, key: FocusKey): Focus {
  if (key === "follow") return {};
  const focused = focusedOf(run, focus);
  if (key === "next") {
    if (focused === undefined) return focus;
    const { job, source } = focused;
    const names = [...job.sources.keys()];
    const next = names[(names.indexOf(source?.name ?? "") + 1) % names.length];
    return { job: job.job, ...(next === undefined ? {} : { source: next }) };
  }
  const { rows } = graphOf(run);
  if (rows.length === 0) return focus;
  const at = rows.findIndex(({ cells }) => cells.some((job) => job !== undefined && job === focused?.job));
  const column = rows[at]?.cells.findIndex((job) => job !== undefined && job === focused?.job) ?? 0;
  if (key === "up" || key === "down") {
    const row = rows[Math.min(rows.length - 1, Math.max(0, at + (key === "up" ? -1 : 1)))];
    return toJob(row?.cells[column] ?? row?.cells.find((job) => job !== undefined), focus);
  }
  const cells = rows[at]?.cells ?? [];
  const beside = key === "left" ? cells.slice(0, column).reverse() : cells.slice(column + 1);
  return toJob(beside.find((job) => job !== undefined) ?? focused?.job, focus);
}

function toJob(job: JobProjection | undefined, focus: Focus): Focus {
  return job === undefined ? focus : { job: job.job };
}

function latestJob({ jobs, latest }: RunProjection): JobProjection | undefined {
  const last = jobs.get(latest ?? "");
  if (last?.state === "running") return last;
  const all = [...jobs.values()];
  const began = ({ current, sources, startedAt = 0 }: JobProjection) =>
    sources.get(current ?? "")?.startedAt ?? startedAt;
  const running = all.filter(({ state }) => state === "running").toSorted((a, b) => began(b) - began(a));
  return running[0] ?? all.findLast(({ state }) => state === "failed") ?? last ?? all[0];
}
