import { parseCron } from "../../config/pipeline/cron.ts";
import type { Triggers } from "../../config/pipeline/triggers.ts";
import { nextTime } from "../next-time.ts";

/** A schedule of a pipeline, and when it comes next. */
export interface PlannedSchedule {
  readonly cron: string;
  readonly timezone: string;
  /** Milliseconds since the epoch; absent when it does not come within forty years. */
  readonly next?: number;
}

/** The schedules that start a pipeline. */
export function planSchedules({ schedule = [] }: Triggers, now: number): readonly PlannedSchedule[] {
  return schedule.map(({ cron, timezone }) => {
    const next = nextTime(parseCron(cron), timezone, now);
    return { cron, timezone, ...(next === undefined ? {} : { next }) };
  });
}

/** `Mon 2026-11-30 03:00`, and what that is in UTC where it differs. */
export function describeNext({ timezone, next }: PlannedSchedule): string {
  if (next === undefined) return "never";
  const own = calendarOf(next, timezone);
  const utc = calendarOf(next, "UTC");
  return own === utc ? own : `${own} (${new Date(next).toISOString().slice(11, 16)} UTC)`;
}

function calendarOf(at: number, timeZone: string): string {
  const date = new Intl.DateTimeFormat("sv", { timeZone, dateStyle: "short", timeStyle: "short" }).format(at);
  return `${new Intl.DateTimeFormat("en", { timeZone, weekday: "short" }).format(at)} ${date}`;
}
