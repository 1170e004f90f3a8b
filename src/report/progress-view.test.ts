import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { ProgressEvent } from "./progress-event.ts";
import { advance, initialState } from "./progress-state.ts";
import { renderSummary, renderView, stepTitle } from "./progress-view.ts";
import { columnsOf, makeStyle } from "./style.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const armv7 = { os: "linux", architecture: "arm", variant: "v7" };
const names = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
const style = makeStyle(false);

/** A build of two platforms on one node, arm/v7 waiting: times are milliseconds. */
const recorded: readonly ProgressEvent[] = [
  { at: 0, type: "platform", platform: amd64, state: "building", strategy: "native", node: "unix:///run/a.sock" },
  { at: 100, type: "platform", platform: arm64, state: "building", strategy: "emulated", node: "unix:///run/a.sock" },
  { at: 200, type: "step", platform: amd64, id: "c", name: "[build 2/3] COPY . .", state: "cached", emulated: false },
  {
    at: 200,
    type: "step",
    platform: arm64,
    id: "c",
    name: "[linux/arm64 2/3] COPY . .",
    state: "cached",
    emulated: false,
  },
  {
    at: 300,
    type: "step",
    platform: arm64,
    id: "p",
    name: "[linux/arm64 1/3] FROM debian",
    state: "started",
    emulated: false,
  },
  { at: 400, type: "transfer", platform: arm64, step: "p", name: "sha256:a", current: 5e6, total: 10e6 },
  { at: 400, type: "transfer", platform: arm64, step: "p", name: "sha256:b", current: 1e6, total: 2e6 },
  { at: 400, type: "transfer", platform: arm64, step: "p", name: "extracting", current: 3 },
  {
    at: 500,
    type: "step",
    platform: arm64,
    id: "m",
    name: "[linux/arm64 3/3] RUN make",
    state: "started",
    emulated: true,
  },
  { at: 600, type: "log", platform: arm64, step: "m", stream: 1, text: "cc a.c\ncc b" },
  { at: 700, type: "log", platform: arm64, step: "m", stream: 1, text: ".c\u001B[2J\n" },
  { at: 800, type: "step", platform: amd64, id: "m", name: "[build 3/3] RUN make", state: "started", emulated: false },
  { at: 1800, type: "step", platform: amd64, id: "m", name: "[build 3/3] RUN make", state: "done", emulated: false },
  { at: 1900, type: "platform", platform: amd64, state: "built" },
  { at: 2000, type: "warning", platform: amd64, text: "old syntax", line: 3 },
];

function stateAfter(events: readonly ProgressEvent[]) {
  return events.reduce(advance, initialState(names));
}

test("the view tells each platform, its running steps, bytes, cached and emulated ones, and who is slowest", () => {
  assert.deepEqual(renderView(stateAfter(recorded), { columns: 100, rows: 24, now: 10_500, style }), [
    "linux/amd64     10.5s  native    2 steps done, 1 cached  built  1 warning  on unix:///run/a.sock",
    "linux/arm64     10.4s  emulated  1 step done, 1 cached  slowest  on unix:///run/a.sock",
    "    10.2s  6.0 MB / 12 MB  [1/3] FROM debian",
    "    10.0s  emulated  [3/3] RUN make",
    "         | cc b.c",
    "linux/arm/v7  waiting",
  ]);
});

test("a platform that is proven or refused stops its clock, and publication has the last line", () => {
  const state = stateAfter([
    ...recorded,
    { at: 3000, type: "platform", platform: amd64, state: "proven" },
    { at: 4000, type: "platform", platform: arm64, state: "refuted" },
    { at: 5000, type: "platform", platform: armv7, state: "failed", message: "no node" },
    { at: 6000, type: "publish", text: "tag team/app:1" },
  ]);
  assert.deepEqual(renderView(state, { columns: 100, rows: 24, now: 60_000, style }), [
    "linux/amd64      3.0s  native    2 steps done, 1 cached  proven  1 warning",
    "linux/arm64      3.9s  emulated  1 step done, 1 cached  refused by the architecture gate",
    "linux/arm/v7     0.0s  failed",
    "publishing: tag team/app:1",
  ]);
  assert.equal(renderSummary(state, { columns: 100, now: 60_000, style }).length, 3);
});

test("a step that starts and ends several times counts the time that it ran", () => {
  const step = (at: number, state: "started" | "done"): ProgressEvent => ({
    at,
    type: "step",
    platform: amd64,
    id: "x",
    name: "exporting",
    state,
    emulated: false,
  });
  const announced = stateAfter([
    { at: 0, type: "platform", platform: amd64, state: "building" },
    step(0, "started"),
    step(1000, "done"),
    step(5000, "started"),
  ]);
  assert.match(renderView(announced, { columns: 80, rows: 24, now: 7000, style })[1] ?? "", /^ +3\.0s  exporting$/);
});

describe("small terminals", () => {
  test("lines are cut, and the slowest platform keeps its step longest", () => {
    const lines = renderView(stateAfter(recorded), { columns: 40, rows: 5, now: 10_500, style });
    assert.deepEqual(lines, [
      "linux/amd64     10.5s  native    2 ste…",
      "linux/arm64     10.4s  emulated  1 ste…",
      "    10.2s  6.0 MB / 12 MB  [1/3] FROM …",
      "linux/arm/v7  waiting",
    ]);
  });

  test("where not every platform fits, running ones stay and the rest is counted", () => {
    const many = Array.from({ length: 9 }, (_, index) => `linux/x${index}`);
    let state = initialState([...many, "linux/arm64"]);
    state = advance(state, { at: 0, type: "platform", platform: arm64, state: "building" });
    const lines = renderView(state, { columns: 40, rows: 5, now: 1000, style });
    assert.deepEqual(lines, [
      "linux/x0     waiting",
      "linux/x1     waiting",
      "linux/arm64     1.0s  slowest",
      "… 7 more platforms",
    ]);
  });

  test("whatever happens, the view fits", () => {
    const platform = fc.constantFrom(amd64, arm64, armv7);
    const id = fc.constantFrom("a", "b", "c");
    const event: fc.Arbitrary<ProgressEvent> = fc.oneof(
      fc.record({
        at: fc.nat(1e5),
        type: fc.constant("platform"),
        platform,
        state: fc.constantFrom("building", "built", "proven", "failed"),
      }),
      fc.record({
        at: fc.nat(1e5),
        type: fc.constant("step"),
        platform,
        id,
        name: fc.string({ unit: "grapheme" }),
        state: fc.constantFrom("started", "done", "cached"),
        emulated: fc.boolean(),
      }),
      fc.record({
        at: fc.nat(1e5),
        type: fc.constant("log"),
        platform,
        step: id,
        stream: fc.constant(1),
        text: fc.string({ unit: "binary" }),
      }),
      fc.record({
        at: fc.nat(1e5),
        type: fc.constant("transfer"),
        platform,
        step: id,
        name: fc.string(),
        current: fc.nat(),
        total: fc.nat(),
      }),
      fc.record({ at: fc.nat(1e5), type: fc.constant("publish"), text: fc.string() }),
    );
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 30 }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 12 }),
        (events, columns, rows) => {
          const lines = renderView(stateAfter(events), { columns, rows, now: 2e5, style });
          assert.ok(lines.length <= Math.max(1, rows - 1), `${lines.length} lines on ${rows} rows`);
          for (const line of lines)
            assert.ok(columnsOf(line) < Math.max(2, columns), `"${line}" is as wide as ${columns}`);
        },
      ),
    );
  });
});

test("the name of a step loses the platform that the view tells already", () => {
  assert.equal(stepTitle("[linux/amd64->linux/arm/v7 build 3/5] RUN make"), "[build 3/5] RUN make");
  assert.equal(stepTitle("[linux/amd64->arm64 build 3/5] RUN make"), "[build 3/5] RUN make");
  assert.equal(stepTitle("[linux/arm64 2/4] RUN x"), "[2/4] RUN x");
  assert.equal(stepTitle("[linux/arm64] resolve"), "resolve");
  assert.equal(
    stepTitle("[internal] load metadata for docker.io/library/a"),
    "[internal] load metadata for docker.io/library/a",
  );
  assert.equal(stepTitle("[build 3/5] RUN make\n&& x"), "[build 3/5] RUN make && x");
});
