import { ArchwayError } from "../../error/error.ts";

/** The times of a schedule: numbers of each field, ascending. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  /** From 1. */
  readonly months: readonly number[];
  /** From 0, Sunday. */
  readonly weekdays: readonly number[];
  /** Hours are not restricted: an hour that a clock shows twice counts twice. */
  readonly everyHour: boolean;
  /** Days of the month and of the week are both restricted: one of the two is enough. */
  readonly eitherDay: boolean;
}

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Words for its numbers, from `least`. */
  readonly words: readonly string[];
}

const monthNames = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const dayNames = "sun mon tue wed thu fri sat".split(" ");

const fields = [
  { name: "minute", least: 0, most: 59, words: [] },
  { name: "hour", least: 0, most: 23, words: [] },
  { name: "day of the month", least: 1, most: 31, words: [] },
  { name: "month", least: 1, most: 12, words: monthNames },
  { name: "day of the week", least: 0, most: 7, words: dayNames },
] as const satisfies readonly Field[];

const nicknames: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** Days that a month has at most. */
const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const usage =
  "Five fields: minute, hour, day of the month, month, day of the week. For example 0 3 * * * for three o'clock every night.";

/**
 * Reads five fields, each `*`, a number, a range, a step or a list of those; months and days of the week may be named (`mon-fri`).
 *
 * @throws ArchwayError `CRON_INVALID` (kind `input`), also for times that never come.
 */
export function parseCron(written: string): Cron {
  const texts = written.trim().split(/\s+/);
  const long = Object.hasOwn(nicknames, written.trim()) ? nicknames[written.trim()] : undefined;
  if (long !== undefined) throw invalid(`"${written}" is a short form that not every cron knows`, `Write ${long}`);
  if (texts.length !== fields.length) throw invalid(`"${written}" has ${texts.length} fields, not five`);
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = fields.map((field, index) =>
    readField(texts[index] ?? "", field),
  );
  const [, hour = "", day = "", , weekday = ""] = texts;
  const eitherDay = !day.startsWith("*") && !weekday.startsWith("*");
  if (!eitherDay && !months.some((month) => days.some((one) => one <= (longest[month - 1] ?? 0)))) {
    throw invalid(`"${written}" never comes: no such month has a day ${days.join(" or ")}`);
  }
  return {
    minutes,
    hours,
    days,
    months,
    weekdays: [...new Set(weekdays.map((one) => one % 7))].toSorted((a, b) => a - b),
    everyHour: hour.startsWith("*"),
    eitherDay,
  };
}

function readField(text: string, field: Field): readonly number[] {
  const { name, least, most, words } = field;
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/([1-9]\d*))?$/.exec(part);
    const [first, last, step] = [match?.[1], match?.[2], match?.[3]];
    const from = first === undefined ? least : numberOf(first, field);
    // A number with a step goes on to the end: 5/15.
    const open = first === undefined || step !== undefined ? most : from;
    const to = last === undefined ? open : numberOf(last, field);
    if (match === null || Number.isNaN(from) || Number.isNaN(to)) {
      const named = words.length === 0 ? "" : `, or ${words[0]} to ${words.at(-1)}`;
      throw invalid(`"${part}" is no ${name}: ${least} to ${most}${named}`);
    }
    if (from < least || to > most || from > to) throw invalid(`"${part}" is no ${name}: ${least} to ${most}`);
    for (let number = from; number <= to; number += Number(step ?? 1)) numbers.add(number);
  }
  return [...numbers].toSorted((a, b) => a - b);
}

function numberOf(text: string, { words, least }: Field): number {
  const word = words.indexOf(text.toLowerCase());
  if (word >= 0) return word + least;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function invalid(message: string, hint = usage): ArchwayError {
  return new ArchwayError({ code: "CRON_INVALID", kind: "input", message, hint });
}
