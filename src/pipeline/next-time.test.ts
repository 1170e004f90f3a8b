import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseCron } from "../config/pipeline/cron.ts";
import { nextTime } from "./next-time.ts";

/** The next times of a schedule, as UTC. */
function nextOf(cron: string, timezone: string, after: string, count = 1): string[] {
  const found: string[] = [];
  for (let at = Date.parse(after); found.length < count;) {
    const next = nextTime(parseCron(cron), timezone, at);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    at = next;
  }
  return found;
}

describe("the next time of a schedule", () => {
  test("is later than now, in its time zone", () => {
    assert.deepEqual(nextOf("0 3 * * *", "UTC", "2026-11-29T03:00:00Z"), ["2026-11-30T03:00"]);
    assert.deepEqual(nextOf("0 3 * * *", "UTC", "2026-11-29T02:59:59Z"), ["2026-11-29T03:00"]);
    assert.deepEqual(nextOf("30 0 * * *", "Asia/Kolkata", "2026-11-29T18:00:00Z"), ["2026-11-29T19:00"]);
    assert.deepEqual(nextOf("0 22 * * *", "America/New_York", "2026-11-29T00:00:00Z"), ["2026-11-29T03:00"]);
  });

  test("keeps to months, days and days of the week, of which one is enough", () => {
    assert.deepEqual(nextOf("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2), ["2028-02-29T00:00", "2032-02-29T00:00"]);
    assert.deepEqual(nextOf("0 0 * * mon-fri", "UTC", "2026-11-27T12:00:00Z"), ["2026-11-30T00:00"]);
    assert.deepEqual(nextOf("0 0 * * 7", "UTC", "2026-11-23T12:00:00Z"), ["2026-11-29T00:00"]);
    assert.deepEqual(nextOf("0 0 13 * fri", "UTC", "2026-11-01T00:00:00Z", 3), [
      "2026-11-06T00:00",
      "2026-11-13T00:00",
      "2026-11-20T00:00",
    ]);
    assert.deepEqual(nextOf("0 0 */10 * fri", "UTC", "2026-11-01T00:00:00Z"), ["2026-12-11T00:00"]);
    assert.deepEqual(nextOf("5/20 8 1 jan *", "UTC", "2026-11-01T00:00:00Z", 3), [
      "2027-01-01T08:05",
      "2027-01-01T08:25",
      "2027-01-01T08:45",
    ]);
  });

  // Warsaw: 2:00 becomes 3:00 on 2026-03-29 at 01:00 UTC, 3:00 becomes 2:00 on 2026-10-25 at 01:00 UTC.
  test("comes later where a clock skips it, and once where it is shown twice", () => {
    assert.deepEqual(nextOf("30 2 * * *", "Europe/Warsaw", "2026-03-28T00:00:00Z", 3), [
      "2026-03-28T01:30",
      "2026-03-29T01:30",
      "2026-03-30T00:30",
    ]);
    assert.deepEqual(nextOf("30 2 * * *", "Europe/Warsaw", "2026-10-24T00:00:00Z", 3), [
      "2026-10-24T00:30",
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
    // Between the two.
    assert.deepEqual(nextOf("30 2 * * *", "Europe/Warsaw", "2026-10-25T00:45:00Z"), ["2026-10-26T01:30"]);
    // Midnight itself is skipped in Santiago on 2026-09-06, half an hour in Lord Howe on 2026-10-04.
    assert.deepEqual(nextOf("0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z"), ["2026-09-06T04:00"]);
    assert.deepEqual(nextOf("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z"), ["2026-10-03T15:45"]);
  });

  test("keeps to real time with every hour", () => {
    assert.deepEqual(nextOf("0 * * * *", "Europe/Warsaw", "2026-03-29T00:00:00Z", 2), [
      "2026-03-29T01:00",
      "2026-03-29T02:00",
    ]);
    assert.deepEqual(nextOf("*/30 */1 * * *", "Europe/Warsaw", "2026-10-25T00:00:00Z", 4), [
      "2026-10-25T00:30",
      "2026-10-25T01:00",
      "2026-10-25T01:30",
      "2026-10-25T02:00",
    ]);
  });

  test("comes once a day, whatever the clocks do", () => {
    const zone = fc.constantFrom("Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC");
    fc.assert(
      fc.property(zone, fc.nat(23), fc.nat(59), (timezone, hours, minutes) => {
        const times = nextOf(`${minutes} ${hours} * * *`, timezone, "2026-01-01T00:00:00Z", 365);
        const gaps = times.slice(1).map((time, index) => Date.parse(time) - Date.parse(times[index] ?? ""));
        assert.ok(gaps.every((gap) => Math.abs(gap / 3_600_000 - 24) <= 1));
      }),
      { numRuns: 4 },
    );
  });
});
