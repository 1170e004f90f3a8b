import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import type { ProgressEvent } from "./progress-event.ts";
import { startProgress } from "./progress.ts";
import { TestTerminal } from "./test-terminal.ts";

const arm64 = { os: "linux", architecture: "arm64" };
const step = { type: "step", platform: arm64, id: "m", name: "[linux/arm64 3/5] RUN make", emulated: true } as const;
const log = (at: number, text: string): ProgressEvent => ({
  at,
  type: "log",
  platform: arm64,
  step: "m",
  stream: 1,
  text,
});

/** Progress on a terminal with a clock that the test moves. */
function start(mode: "auto" | "tty" | "plain" | "json" | "quiet", terminal = new TestTerminal(80, 10)) {
  const timers = mock.timers;
  timers.enable({ apis: ["setInterval", "Date"], now: 1000 });
  const progress = startProgress(terminal, { mode, platforms: [arm64], color: false, now: Date.now });
  return { progress, terminal, timers, [Symbol.dispose]: () => timers.reset() };
}

describe("plain", () => {
  test("what ends is told once, a log under the name of its step, and a silent step gives signs of life", () => {
    using started = start("plain");
    const { progress, terminal, timers } = started;
    progress.event({
      at: 1000,
      type: "platform",
      platform: arm64,
      state: "building",
      strategy: "emulated",
      node: "tcp://pi:1",
    });
    progress.event({
      at: 1000,
      type: "step",
      platform: arm64,
      id: "i",
      name: "[internal] load build context",
      state: "started",
      emulated: false,
    });
    progress.event({
      at: 1100,
      type: "step",
      platform: arm64,
      id: "i",
      name: "[internal] load build context",
      state: "done",
      emulated: false,
    });
    progress.event({
      at: 1100,
      type: "step",
      platform: arm64,
      id: "c",
      name: "[linux/arm64 2/5] COPY . .",
      state: "cached",
      emulated: false,
    });
    progress.event({ ...step, at: 1200, state: "started" });
    progress.event(log(1300, "cc a.c\ncc "));
    progress.event(log(1400, "b.c\r\n10%\r20%\rdone\nhalf a li"));
    timers.tick(40_000);
    progress.print("warning: the base image is old");
    progress.event({ ...step, at: 41_200, state: "done" });
    progress.event({
      at: 42_000,
      type: "warning",
      platform: arm64,
      text: "old syntax",
      line: 3,
      url: "https://docs.example",
    });
    progress.event({ at: 43_000, type: "platform", platform: arm64, state: "built" });
    progress.event({ at: 43_500, type: "platform", platform: arm64, state: "failed", message: "no space" });
    progress.event({ at: 44_000, type: "publish", text: "index team/app" });
    progress.end();
    assert.deepEqual(terminal.text, [
      "[linux/arm64] building on tcp://pi:1, emulated",
      "[linux/arm64] [2/5] COPY . .  cached",
      "[linux/arm64] [3/5] RUN make …",
      "[linux/arm64]   | cc a.c",
      "[linux/arm64]   | cc b.c",
      "[linux/arm64]   | done",
      "[linux/arm64] [3/5] RUN make …  emulated  39.8s",
      "warning: the base image is old",
      "[linux/arm64]   | half a li",
      "[linux/arm64] [3/5] RUN make  emulated  40.0s",
      "[linux/arm64] warning: old syntax (line 3) https://docs.example",
      "[linux/arm64] built in 42.0s (3 steps, 1 cached)",
      "[linux/arm64] failed: no space",
      "publishing: index team/app",
    ]);
  });

  test("is what auto means where there is no terminal", () => {
    const lines: string[] = [];
    const pipe = { write: (text: string) => lines.push(text), on: () => {}, off: () => {} };
    const progress = startProgress(pipe, { mode: "auto", platforms: [arm64], color: false, now: () => 0 });
    progress.event({ at: 0, type: "platform", platform: arm64, state: "proven" });
    progress.end();
    assert.deepEqual(lines, ["[linux/arm64] proven\n"]);
  });
});

describe("live", () => {
  test("draws at most ten times a second however many events there are, and ends with one line a platform", () => {
    using started = start("auto");
    const { progress, terminal, timers } = started;
    progress.event({ at: 1000, type: "platform", platform: arm64, state: "building", strategy: "emulated" });
    progress.event({ ...step, at: 1000, state: "started" });
    for (let index = 0; index < 1000; index++) {
      progress.event(log(1000 + index, `line ${index}\n`));
      timers.tick(1);
    }
    assert.ok(
      terminal.writes.length >= 5 && terminal.writes.length <= 10,
      `${terminal.writes.length} frames in a second`,
    );
    assert.deepEqual(terminal.text, [
      "linux/arm64     1.0s  emulated",
      "     1.0s  emulated  [3/5] RUN make",
      "         | line 999",
    ]);
    progress.print("warning: the base image is old");
    terminal.resize(30, 3);
    progress.event({ ...step, at: 3000, state: "done" });
    progress.event({ at: 3000, type: "platform", platform: arm64, state: "proven" });
    progress.end();
    timers.tick(1000);
    assert.deepEqual(terminal.text.slice(-1), ["linux/arm64     2.0s  emulat…"]);
    assert.equal(terminal.text[0], "warning: the base image is old");
    assert.equal(terminal.listeners, 0);
  });

  test("writes nothing while nothing changes", () => {
    using started = start("tty");
    const { progress, terminal, timers } = started;
    timers.tick(5000);
    assert.equal(terminal.writes.length, 1);
    progress.end();
  });
});

test("json: one versioned object a line, platforms as texts", () => {
  using started = start("json");
  const { progress, terminal } = started;
  progress.event({ ...step, at: 1200, state: "started" });
  progress.event({ at: 1300, type: "publish", text: "tag a:1" });
  progress.print("warning: x");
  progress.end();
  assert.deepEqual(
    terminal.writes.map((line) => JSON.parse(line) as unknown),
    [
      {
        version: 1,
        at: 1200,
        type: "step",
        platform: "linux/arm64",
        id: "m",
        name: step.name,
        state: "started",
        emulated: true,
      },
      { version: 1, at: 1300, type: "publish", text: "tag a:1" },
      { version: 1, at: 1000, type: "message", text: "warning: x" },
    ],
  );
});

test("quiet: messages alone", () => {
  using started = start("quiet");
  const { progress, terminal, timers } = started;
  progress.event({ ...step, at: 1200, state: "started" });
  timers.tick(100_000);
  progress.print("warning: x");
  progress.end();
  assert.deepEqual(terminal.writes, ["warning: x\n"]);
});
