import assert from "node:assert/strict";
import { test } from "node:test";
import { RunProjection } from "../event/project-run.ts";
import type { RunEventBody } from "../event/run-event.ts";
import { makeStyle } from "../report/style.ts";
import { runSchema } from "./schemas/run.ts";
import { exitCodeOf, summarize } from "./run-summary.ts";
import { formatSummary } from "./run-summary-text.ts";

const digest = `sha256:${"a".repeat(64)}`;
const explained = {
  code: "EXEC_FORMAT",
  title: "A program of another architecture",
  cause: "It is for amd64.",
  fix: "Build it for arm64.",
};

/** A run with a job on two platforms, a build and what needs it: seconds and what happens then. */
const events: readonly (readonly [seconds: number, event: RunEventBody])[] = [
  [
    0,
    {
      type: "run-started",
      version: 1,
      run: "r",
      number: 1,
      event: "push",
      platforms: ["linux/amd64", "linux/arm64"],
      jobs: [
        { job: "test@linux/amd64", name: "test", kind: "steps", platform: "linux/amd64", needs: [] },
        { job: "test@linux/arm64", name: "test", kind: "steps", platform: "linux/arm64", needs: [] },
        { job: "image", name: "image", kind: "build", needs: [] },
        { job: "smoke", name: "smoke", kind: "steps", needs: ["test@linux/arm64"] },
      ],
    },
  ],
  [0, { type: "job", job: "test@linux/amd64", state: "queued" }],
  [0, { type: "job", job: "test@linux/arm64", state: "queued" }],
  [0, { type: "job", job: "image", state: "queued" }],
  [0, { type: "job", job: "test@linux/amd64", state: "running" }],
  [0, placed("test@linux/amd64", "linux/amd64", "native")],
  [0, { type: "cache", job: "test@linux/amd64", path: "/c", key: "k", platform: "linux/amd64", result: "hit" }],
  [1, { type: "step", job: "test@linux/amd64", step: "unit", state: "running", attempt: 1 }],
  [3, { type: "step", job: "test@linux/amd64", step: "unit", state: "succeeded", attempt: 1, exitCode: 0 }],
  [3, { type: "job", job: "test@linux/amd64", state: "succeeded" }],
  [2, { type: "job", job: "test@linux/arm64", state: "running" }],
  [2, placed("test@linux/arm64", "linux/arm64", "emulated")],
  [2, { type: "step", job: "test@linux/arm64", step: "unit", state: "running", attempt: 1, emulated: true }],
  ...Array.from({ length: 12 }, (_, line): [number, RunEventBody] => [
    3,
    {
      type: "log",
      job: "test@linux/arm64",
      source: "unit",
      stream: "stdout",
      offset: 0,
      text: `line ${line + 1}\u001B[2J\n`,
    },
  ]),
  [6, { type: "step", job: "test@linux/arm64", step: "unit", state: "failed", attempt: 1, exitCode: 1 }],
  [6, { type: "step", job: "test@linux/arm64", step: "tell", state: "running", attempt: 1, handles: "unit" }],
  [6, { type: "log", job: "test@linux/arm64", source: "tell", stream: "stdout", offset: 0, text: "told\n" }],
  [7, { type: "step", job: "test@linux/arm64", step: "tell", state: "succeeded", attempt: 1, handles: "unit" }],
  // What goes wrong after the failure is not what the job failed of.
  [7, { type: "step", job: "test@linux/arm64", step: "report", state: "running", attempt: 1 }],
  [7, { type: "log", job: "test@linux/arm64", source: "report", stream: "stdout", offset: 0, text: "no report\n" }],
  [7, { type: "step", job: "test@linux/arm64", step: "report", state: "failed", attempt: 1, exitCode: 2 }],
  [
    7,
    {
      type: "job",
      job: "test@linux/arm64",
      state: "failed",
      failedStep: "unit",
      failure: {
        kind: "user",
        code: "STEP_FAILED",
        message: 'The step "unit" ended with exit code 1.',
        hint: "Look.",
        explained,
      },
    },
  ],
  [2, { type: "job", job: "image", state: "running" }],
  [
    6,
    {
      type: "image",
      job: "image",
      reference: "oci:/runs/r/images/image",
      digest,
      published: false,
      tags: ["registry.example/app:1"],
      platforms: ["linux/amd64", "linux/arm64"],
      seconds: { native: 1, cross: 1, emulated: 2 },
    },
  ],
  [6, { type: "job", job: "image", state: "succeeded" }],
  [7, { type: "job", job: "smoke", state: "skipped", reason: "it needs test@linux/arm64" }],
];

function placed(job: string, platform: string, mode: "native" | "emulated"): RunEventBody {
  return { type: "placed", job, machine: "this machine", platform, mode, reason: "" };
}

function summaryOf(state: "failed" | "cancelled") {
  const run = new RunProjection();
  events.forEach(([seconds, event], index) => run.apply({ index, at: seconds * 1000, ...event }));
  return summarize(run, {
    run: "r",
    state,
    pipeline: "/x/.archway.yaml",
    events: "/runs/r/events.jsonl",
    kept: ["test@linux/arm64", "t[go=1.26]"],
    started: 0,
    ended: 7500,
  });
}

const failure = [
  "",
  'test@linux/arm64: The step "unit" ended with exit code 1.',
  ...Array.from({ length: 10 }, (_, line) => `unit │ line ${line + 3}`),
  "EXEC_FORMAT A program of another architecture",
  "  It is for amd64.",
  "  Build it for arm64.",
  "hint: Look.",
  "",
  `image built oci:/runs/r/images/image ${digest}, not published as registry.example/app:1: that needs --publish`,
  "",
  "kept: archway run --shell test@linux/arm64 opens a shell where it failed",
  "kept: archway run --shell 't[go=1.26]' opens a shell where it failed",
  "What is kept stays until the next archway run --keep.",
  "",
  "failed in 7.5 s (native 5.0 s, emulated 7.0 s, waited 4.0 s, 1 cache hit)",
  "slowest step: unit of test@linux/arm64, 4.0 s",
  "events in /runs/r/events.jsonl",
];

test("a summary tells of every job, of failures with the end of their log, of images, and where the time went", () => {
  assert.deepEqual(formatSummary(summaryOf("failed"), { style: makeStyle(false), columns: 120, shows: "all" }), [
    "",
    "test@linux/amd64  succeeded  native    3.0 s                1 cache hit",
    "test@linux/arm64  failed     emulated  5.0 s  waited 2.0 s               STEP_FAILED",
    "image             succeeded            4.0 s  waited 2.0 s",
    "smoke             skipped              0.0 s                             it needs test@linux/arm64",
    ...failure,
  ]);
  assert.deepEqual(
    formatSummary(summaryOf("failed"), { style: makeStyle(false), columns: 120, shows: "graph" }),
    failure,
  );
});

test("a quiet run tells of its failures alone", () => {
  const told = formatSummary(summaryOf("failed"), { style: makeStyle(false), columns: 120, shows: "failures" });
  assert.deepEqual(told, failure.slice(1, 16));
});

test("the same as JSON, as its schema says", () => {
  const summary = summaryOf("failed");
  const read = runSchema.parse(JSON.parse(JSON.stringify(summary)));
  assert.deepEqual(read, summary);
  assert.deepEqual(read.seconds, { total: 7.5, waited: 4, native: 5, emulated: 7 });
  assert.equal(read.cacheHits, 1);
  assert.deepEqual(read.slowestStep, {
    job: "test@linux/arm64",
    step: "unit",
    seconds: 4,
    attempts: 1,
  });
  assert.deepEqual(read.jobs[1]?.log?.lines.at(-1), "line 12\u001B[2J");
});

test("a cancelled run is 130, whatever failed before", () => {
  assert.equal(exitCodeOf(summaryOf("failed")), 1);
  assert.equal(exitCodeOf(summaryOf("cancelled")), 130);
});

test("the time of a step is that of all of its attempts, also of the whole job's, without the pauses", () => {
  const step = (state: "running" | "failed" | "succeeded" | "skipped", attempt: number): RunEventBody => ({
    type: "step",
    job: "a",
    step: "unit",
    state,
    attempt,
  });
  const happened: readonly (readonly [number, RunEventBody])[] = [
    [
      0,
      {
        type: "run-started",
        version: 1,
        run: "r",
        number: 1,
        event: "push",
        platforms: [],
        jobs: [{ job: "a", name: "a", kind: "steps", needs: [] }],
      },
    ],
    [0, { type: "job", job: "a", state: "running" }],
    [0, step("running", 1)],
    [10, step("failed", 1)],
    [15, step("running", 2)],
    [17, step("failed", 2)],
    [20, step("skipped", 1)],
    [30, step("running", 1)],
    [31, step("succeeded", 1)],
    [31, { type: "job", job: "a", state: "succeeded" }],
  ];
  const projection = new RunProjection();
  happened.forEach(([at, event], index) => projection.apply({ ...event, index, at: at * 1000 }));
  const about = {
    run: "r",
    state: "succeeded",
    kept: [],
    pipeline: "p",
    events: "e",
    started: 0,
    ended: 31_000,
  } as const;
  const summary = summarize(projection, about);
  assert.deepEqual(summary.slowestStep, { job: "a", step: "unit", seconds: 13, attempts: 3 });
  const lines = formatSummary(summary, { style: makeStyle(false), columns: 100, shows: "failures" });
  assert.deepEqual(lines, []);
  const all = formatSummary(summary, { style: makeStyle(false), columns: 100, shows: "all" });
  assert.ok(all.includes("slowest step: unit of a, 13.0 s in 3 attempts"), all.join("\n"));
});

test("where a job was emulated, and why, is told with it", () => {
  const run = new RunProjection();
  const [, first] = events[0] ?? [];
  const reason = "none of 2 machines runs it itself";
  const job = "test@linux/arm64";
  const told: readonly (RunEventBody | undefined)[] = [
    first,
    { type: "job", job, state: "running" },
    { type: "placed", job, machine: "ssh://big", platform: "linux/arm64", mode: "emulated", reason },
    { type: "job", job, state: "succeeded" },
  ];
  for (const [index, event] of told.entries())
    if (event !== undefined) run.apply({ index, at: 1000 * index, ...event });
  const about = {
    run: "r",
    state: "succeeded",
    pipeline: "p",
    events: "e",
    kept: [],
    started: 0,
    ended: 3000,
  } as const;
  const summary = summarize(run, about);
  const lines = formatSummary(summary, { style: makeStyle(false), columns: 120, shows: "all" });
  assert.match(lines.join("\n"), new RegExp(`^${job} +succeeded +emulated +2.0 s +on ssh://big: ${reason}$`, "m"));
  const { jobs } = runSchema.parse(JSON.parse(JSON.stringify(summary)));
  assert.partialDeepStrictEqual(jobs[1], { mode: "emulated", machine: "ssh://big", placement: reason });
});

test("what may fail has no say in the exit code", () => {
  const about = { name: "n", kind: "steps", needs: [] } as const;
  const jobs = [
    { ...about, job: "may", mayFail: true },
    { ...about, job: "must" },
  ] as const;
  const failed = (job: string, kind: "user" | "infrastructure"): RunEventBody => ({
    type: "job",
    job,
    state: "failed",
    failure: { kind, code: "X", message: "x" },
  });
  const exitCode = (may: "user" | "infrastructure", must: "user" | "infrastructure") => {
    const run = new RunProjection();
    const started = {
      type: "run-started",
      version: 1,
      run: "r",
      number: 1,
      event: "push",
      platforms: [],
      jobs,
    } as const;
    [started, failed("may", may), failed("must", must)].forEach((event, index) =>
      run.apply({ ...event, index, at: 0 }),
    );
    const times = { started: 0, ended: 0 };
    return exitCodeOf(summarize(run, { run: "r", state: "failed", kept: [], pipeline: "p", events: "e", ...times }));
  };
  assert.equal(exitCode("user", "infrastructure"), 3);
  assert.equal(exitCode("infrastructure", "user"), 1);
});

test("what a command has said of its failure in its log is told once", () => {
  const message = "Dockerfile:2: base:1 has no image for linux/arm64\n  it has: linux/amd64";
  const jobs = [{ job: "image", name: "image", kind: "build", needs: [] }] as const;
  const text = `[linux/amd64] building\nerror: ${message}\n  2 | FROM base:1\nhint: Take another.\n`;
  const failure = { kind: "user", code: "COMMAND_FAILED", message, hint: "Take another." } as const;
  const happened: readonly RunEventBody[] = [
    { type: "run-started", version: 1, run: "r", number: 1, event: "push", platforms: [], jobs },
    { type: "job", job: "image", state: "running" },
    { type: "log", job: "image", source: "build", stream: "stderr", offset: 0, text },
    { type: "job", job: "image", state: "failed", failure },
  ];
  const projection = new RunProjection();
  happened.forEach((event, index) => projection.apply({ ...event, index, at: 0 }));
  const about = { run: "r", state: "failed", kept: [], pipeline: "p", events: "e", started: 0, ended: 0 } as const;
  const format = { style: makeStyle(false), columns: 100, shows: "failures" } as const;
  assert.deepEqual(formatSummary(summarize(projection, about), format), [
    "image: Dockerfile:2: base:1 has no image for linux/arm64",
    "  it has: linux/amd64",
    "build │ [linux/amd64] building",
    "build │   2 | FROM base:1",
    "hint: Take another.",
  ]);
});
