import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RunProjection } from "../event/project-run.ts";
import type { RunEventBody } from "../event/run-event.ts";
import { type Focus, moveFocus } from "./run-focus.ts";
import { renderRun, renderRunEnd, type RunFrame, type RunView } from "./run-view.ts";
import { columnsOf, makeStyle } from "./style.ts";

const style = makeStyle(false);
const following: RunView = { focus: {}, keys: true, isCancelled: false };

/** A run with two platforms in the middle: seconds and what happens then. */
const middle: readonly (readonly [seconds: number, event: RunEventBody])[] = [
  [0, started(["test", "image", "smoke", "approve"])],
  [0, { type: "job", job: "test@linux/amd64", state: "queued" }],
  [0, { type: "job", job: "test@linux/arm64", state: "queued" }],
  [0, { type: "job", job: "image", state: "waiting", reason: "for test@linux/amd64, test@linux/arm64" }],
  [1, { type: "job", job: "test@linux/amd64", state: "running" }],
  [1, placed("test@linux/amd64", "linux/amd64", "native")],
  [2, { type: "step", job: "test@linux/amd64", step: "unit", state: "running", attempt: 1 }],
  [3, log("test@linux/amd64", "unit", "ok 1\nok 2\n")],
  [4, { type: "step", job: "test@linux/amd64", step: "unit", state: "succeeded", attempt: 1 }],
  [4, { type: "job", job: "test@linux/amd64", state: "succeeded" }],
  [2, { type: "job", job: "test@linux/arm64", state: "running" }],
  [2, placed("test@linux/arm64", "linux/arm64", "emulated")],
  [3, { type: "step", job: "test@linux/arm64", step: "unit", state: "running", attempt: 1, emulated: true }],
  [5, log("test@linux/arm64", "unit", "compiling \u001B[31mred\u001B[0m 日本\u001B[2J\n")],
  [6, log("test@linux/arm64", "unit", "10%\r20%")],
];

function started(names: readonly string[]): RunEventBody {
  const perPlatform = (name: string) =>
    name === "image" || name === "approve" ? [undefined] : ["linux/amd64", "linux/arm64"];
  return {
    type: "run-started",
    version: 1,
    run: "r",
    number: 1,
    event: "push",
    branch: "main",
    platforms: ["linux/amd64", "linux/arm64"],
    jobs: names.flatMap((name, index) =>
      perPlatform(name).map((platform) => ({
        job: platform === undefined ? name : `${name}@${platform}`,
        name,
        kind: name === "image" ? ("build" as const) : name === "approve" ? ("approval" as const) : ("steps" as const),
        ...(platform === undefined ? {} : { platform }),
        needs: perPlatform(names[index - 1] ?? "approve").flatMap((other) =>
          index === 0 ? [] : [other === undefined ? (names[index - 1] ?? "") : `${names[index - 1]}@${other}`],
        ),
      })),
    ),
  };
}

function placed(job: string, platform: string, mode: "native" | "emulated", machine = "here"): RunEventBody {
  return { type: "placed", job, machine, platform, mode, reason: "" };
}

function log(job: string, source: string, text: string): RunEventBody {
  return { type: "log", job, source, stream: "stdout", offset: 0, text };
}

function runOf(events: readonly (readonly [number, RunEventBody])[]): RunProjection {
  const run = new RunProjection();
  events.forEach(([seconds, event], index) => run.apply({ index, at: seconds * 1000, ...event }));
  return run;
}

function frame(columns: number, rows: number, seconds = 8): RunFrame {
  return { columns, rows, now: seconds * 1000, style };
}

describe("the live view of a run", () => {
  test("platforms are columns, and the log of the step that began last is below", () => {
    assert.deepEqual(renderRun(runOf(middle), following, frame(100, 20)), [
      "push main  8.0s  1 of 6 jobs done  1 running",
      "           linux/amd64                                  linux/arm64",
      "test     ✓ 3.0s native                               ▸● 6.0s emulated unit",
      "image    · waits for test@linux/arm64",
      "smoke    · waits for image                            · waits for image",
      "approve  · waits for 2 jobs",
      "── test@linux/arm64 unit 5.0s follows the latest",
      "│ compiling red 日本",
      "│ 20%",
      "↑↓←→ job · tab step · f follow · q cancel",
    ]);
  });

  test("a terminal that is too narrow for columns has a line a job", () => {
    assert.deepEqual(renderRun(runOf(middle), { ...following, keys: false }, frame(44, 20)), [
      "push main  8.0s  1 of 6 jobs done  1 runni…",
      "test@linux/amd64   ✓ 3.0s native",
      "test@linux/arm64  ▸● 6.0s emulated unit",
      "image              · waits for test@linux…",
      "smoke@linux/amd64  · waits for image",
      "smoke@linux/arm64  · waits for image",
      "approve            · waits for 2 jobs",
      "── test@linux/arm64 unit 5.0s follows the …",
      "│ compiling red 日本",
      "│ 20%",
    ]);
  });

  test("rows that do not fit give way to those that run, and the log keeps a place", () => {
    assert.deepEqual(renderRun(runOf(middle), following, frame(100, 9)), [
      "push main  8.0s  1 of 6 jobs done  1 running",
      "           linux/amd64                                  linux/arm64",
      "test     ✓ 3.0s native                               ▸● 6.0s emulated unit",
      "… 4 more jobs: 4 to come",
      "── test@linux/arm64 unit 5.0s follows the latest",
      "│ compiling red 日本",
      "│ 20%",
      "↑↓←→ job · tab step · f follow · q cancel",
    ]);
  });

  test("a question, a cancel, a failure and what was left out are told", () => {
    const run = runOf([
      ...middle,
      [7, { type: "step", job: "test@linux/arm64", step: "unit", state: "failed", attempt: 1, exitCode: 1 }],
      [
        7,
        {
          type: "job",
          job: "test@linux/arm64",
          state: "failed",
          failure: { kind: "user", code: "STEP_FAILED", message: "m" },
        },
      ],
      [7, { type: "job", job: "image", state: "skipped", reason: "it needs test@linux/arm64" }],
      [7, { type: "job", job: "smoke@linux/amd64", state: "running" }],
      [7, { type: "job", job: "approve", state: "running" }],
    ]);
    const asked = renderRun(run, { ...following, question: { text: "Publish it?", typed: "ye" } }, frame(100, 20));
    assert.deepEqual(asked.slice(2, 6), [
      "test     ✓ 3.0s native                                ✗ 5.0s emulated unit",
      "image    – skipped: it needs test@linux/arm64",
      "smoke    ● 1.0s                                       · queued",
      "approve ▸? 1.0s waits for an answer",
    ]);
    assert.equal(asked.at(-1), "Publish it? [y/N] ye▁");
    assert.equal(
      renderRun(run, { ...following, isCancelled: true }, frame(100, 20)).at(-1),
      "cancelling: Ctrl-C again ends at once",
    );
    assert.deepEqual(renderRunEnd(run, frame(100, 20)).length, 5);
  });

  test("several machines are named, and what a job waits for", () => {
    const run = runOf([
      ...middle,
      [7, placed("smoke@linux/amd64", "linux/amd64", "native", "builder")],
      [7, { type: "job", job: "smoke@linux/amd64", state: "running" }],
      [7, { type: "job", job: "smoke@linux/arm64", state: "queued", reason: "for builder: 2 jobs run there" }],
    ]);
    assert.deepEqual(renderRun(run, following, frame(110, 20)).slice(2, 5), [
      "test     ✓ 3.0s native on here                         ● 6.0s emulated on here unit",
      "image    · waits for test@linux/arm64",
      "smoke   ▸● 1.0s native on builder                      ○ waits for builder: 2 jobs run there",
    ]);
  });

  test("keys move the focus among jobs, platforms and steps", () => {
    const run = runOf([...middle, [7, log("test@linux/arm64", "service:db", "ready\n")]]);
    const press = (...keys: readonly Parameters<typeof moveFocus>[2][]) =>
      keys.reduce<Focus>((focus, key) => moveFocus(run, focus, key), {});
    assert.deepEqual(press("left"), { job: "test@linux/amd64" });
    assert.deepEqual(press("down"), { job: "image" });
    assert.deepEqual(press("down", "down"), { job: "smoke@linux/amd64" });
    assert.deepEqual(press("down", "down", "right", "up"), { job: "image" });
    assert.deepEqual(press("next"), { job: "test@linux/arm64", source: "service:db" });
    assert.deepEqual(press("next", "next"), { job: "test@linux/arm64", source: "unit" });
    assert.deepEqual(press("left", "follow"), {});
    const shown = renderRun(run, { ...following, focus: press("next") }, frame(100, 20));
    assert.deepEqual(shown.slice(6, 8), ["── test@linux/arm64 service:db 2/2 1.0s", "│ ready"]);
  });

  test("no line is wider and no view is higher than the terminal, whatever is logged", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 200 });
    fc.assert(
      fc.property(
        text,
        text,
        fc.integer({ min: 2, max: 140 }),
        fc.integer({ min: 2, max: 30 }),
        (a, b, columns, rows) => {
          const run = runOf([...middle, [7, log("test@linux/arm64", "unit", `${a}\n\u001B]0;title\u0007${b}\r`)]]);
          const lines = renderRun(run, following, frame(columns, rows));
          assert.ok(lines.length < rows, `${lines.length} lines on ${rows} rows`);
          for (const line of lines) {
            assert.ok(columnsOf(line) < columns, `${columnsOf(line)} of ${columns}: ${line}`);
            assert.doesNotMatch(line, /\p{Cc}/u);
          }
        },
      ),
    );
  });

  test("a hundred jobs and a log at full speed are drawn in little time", () => {
    const jobs = Array.from({ length: 100 }, (_, index) => ({
      job: `job-${index}`,
      name: `job-${index}`,
      kind: "steps" as const,
      needs: [],
    }));
    const run = runOf([
      [0, { type: "run-started", version: 1, run: "r", number: 1, event: "push", platforms: [], jobs }],
      ...jobs.map(({ job }): [number, RunEventBody] => [0, { type: "job", job, state: "running" }]),
    ]);
    const piece = "x".repeat(79).concat("\n").repeat(800);
    const began = performance.now();
    // A second of 50 MB/s, and the ten frames of that second.
    for (let index = 0; index < 800; index++) {
      run.apply({
        index,
        at: 0,
        type: "log",
        job: `job-${index % 100}`,
        source: "s",
        stream: "stdout",
        offset: 0,
        text: piece,
      });
      if (index % 80 === 0) renderRun(run, following, frame(120, 50));
    }
    const took = performance.now() - began;
    assert.ok(took < 700, `${took.toFixed()} ms of a second`);
  });
});
