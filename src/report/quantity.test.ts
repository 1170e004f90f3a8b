import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatCount, formatDuration } from "./quantity.ts";

test("bytes", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [9949, "9.9 kB"],
    [9951, "10 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [45_100_000, "45 MB"],
    [3.2e9, "3.2 GB"],
    [5e15, "5000 TB"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

test("durations", () => {
  const cases: readonly (readonly [number, string])[] = [
    [-5, "0.0s"],
    [49, "0.0s"],
    [59_940, "59.9s"],
    [59_960, "1m00s"],
    [185_000, "3m05s"],
    [3_599_400, "59m59s"],
    [3_600_000, "1h00m"],
    [3_720_000, "1h02m"],
  ];
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});

test("counts", () => {
  assert.equal(formatCount(1, "step"), "1 step");
  assert.equal(formatCount(0, "step"), "0 steps");
});
