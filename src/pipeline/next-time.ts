import type { Cron } from "../config/pipeline/cron.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Days that are looked at: the 29th of February may be eight years away, and on one day of the week forty. */
const horizon = 41 * 366;

/**
 * The first time of a schedule after a moment, both in milliseconds since the epoch; undefined when there is none within forty years.
 *
 * A time that a clock skips (summer begins) comes as much later as the clock jumped, and one that it shows twice (summer ends) comes the first time alone. With every hour in the
 * schedule it is real time that counts: nothing is made up for, and both hours count.
 */
export function nextTime(cron: Cron, timezone: string, after: number): number | undefined {
  const clock = clockOf(timezone);
  // Days are counted as those of UTC: what a calendar shows has no clock changes.
  const today = Math.floor((after + clock(after)) / day) * day;
  for (let at = today; at < today + horizon * day; at += day) {
    if (!isDayOf(cron, new Date(at))) continue;
    const next = timesOf(cron, at, clock).find((time) => time > after);
    if (next !== undefined) return next;
  }
  return undefined;
}

function isDayOf({ days, months, weekdays, eitherDay }: Cron, date: Date): boolean {
  if (!months.includes(date.getUTCMonth() + 1)) return false;
  const [isDay, isWeekday] = [days.includes(date.getUTCDate()), weekdays.includes(date.getUTCDay())];
  return eitherDay ? isDay || isWeekday : isDay && isWeekday;
}

/** The moments of a schedule on one day of the calendar, ascending. */
function timesOf({ hours, minutes, everyHour }: Cron, date: number, clock: Clock): readonly number[] {
  const shown = hours.flatMap((one) => minutes.map((other) => date + one * hour + other * minute));
  const [before, behind] = [clock(date - day), clock(date + 2 * day)];
  if (before === behind) return shown.map((time) => time - before);
  return shown
    .flatMap((time) => {
      const fitting = [time - before, time - behind]
        .filter((one) => one + clock(one) === time)
        .toSorted((a, b) => a - b);
      const [first] = fitting;
      if (everyHour) return fitting;
      return [first ?? time - before];
    })
    .toSorted((a, b) => a - b);
}

/** What a clock shows before UTC at a moment, in milliseconds. */
type Clock = (at: number) => number;

function clockOf(timezone: string): Clock {
  const format = new Intl.DateTimeFormat("en", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
    const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
    return shown - Math.floor(at / 1000) * 1000;
  };
}
