import assert from "node:assert/strict";
import { test } from "node:test";
import { finishTime } from "./finish-time.ts";

const minute = 60_000;
const iso = (time: number) => new Date(time).toISOString();

test("when a container ended is known by the clock of its engine as far as that is right", () => {
  const start = { earliest: 10 * minute, latest: 10 * minute + 200 };
  const times = (off: number) => ({ StartedAt: iso(10 * minute + 50 + off), FinishedAt: iso(11 * minute + off) });
  assert.deepEqual(finishTime(times(0), start), { earliest: 11 * minute, latest: 11 * minute });
  for (const off of [-3 * minute, 5000]) {
    const { earliest, latest } = finishTime(times(off), start);
    assert.ok(earliest <= 11 * minute && latest >= 11 * minute, `${earliest} to ${latest}`);
    assert.equal(latest - earliest, 200);
  }
  assert.deepEqual(finishTime({ StartedAt: "", FinishedAt: "" }, start), { earliest: NaN, latest: NaN });
});
