import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseConfig } from "../config/parse-config.ts";
import type { RunEventBody } from "../event/run-event.ts";
import { systemClock } from "../job/clock.ts";
import type { JobResult } from "../job/steps-job.ts";
import { expandPipeline } from "../pipeline/expand-pipeline.ts";
import type { RunFacts } from "../pipeline/facts.ts";
import { parsePlatform } from "../platform/platform.ts";
import { MachinePool } from "./machine-pool.ts";
import { runPipeline } from "./run-pipeline.ts";

const amd64 = parsePlatform("linux/amd64");
const facts: RunFacts = {
  run: "r",
  number: 1,
  event: "manual",
  branch: "main",
  tag: "",
  sha: "",
  message: "",
  authorName: "",
  authorEmail: "",
  inputs: {},
};

/** One machine. */
function pool(slots: number): MachinePool {
  return new MachinePool({
    machines: [{ name: "here", platform: amd64, native: [amd64], emulated: [], slots }],
    own: { name: "here", slots },
    policy: { platforms: [], emulation: true },
    seconds: () => ({}),
    now: () => 0,
  });
}

/** Runs a pipeline with jobs that end as `ends` says; gives the final states and what ran when. */
async function run(
  yaml: string,
  ends: (job: string) => JobResult["status"] = () => "succeeded",
  slots = 2,
  signal = new AbortController().signal,
) {
  const graph = expandPipeline(parseConfig(`version: 1\n${yaml}`, "/x/.archway.yaml"), facts);
  const events: RunEventBody[] = [];
  let now = 0;
  let most = 0;
  const state = await runPipeline(
    {
      graph,
      resolution: { facts, hash: () => "" },
      machines: pool(slots),
      joinGroup: async () => ({ superseded: new AbortController().signal, leave: async () => {} }),
      emit: (event) => void events.push(event),
      handleFailure: async () => {},
      clock: systemClock,
      perform: async ({ id }) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
        const status = ends(id);
        return {
          status,
          outputs: {},
          ...(status === "failed" ? { failure: { kind: "user", code: "X", message: "x" } } : {}),
        };
      },
    },
    signal,
  );
  const finals = events.flatMap((event) =>
    event.type === "job" && !["waiting", "queued", "running"].includes(event.state)
      ? [[event.job, event.state] as const]
      : [],
  );
  return { state, finals: Object.fromEntries(finals), count: finals.length, events, graph, most };
}
const job = (more: string) => `{ image: alpine, steps: [x]${more} }`;

test("jobs follow those that they need, and a failure leaves out what needs it", async () => {
  const yaml = `jobs:\n  a: ${job("")}\n  b: ${job(", needs: a")}\n  c: ${job(", needs: b, when: failure")}\n  d: ${job(", needs: b")}\n  e: ${job(", needs: [b, d], when: always")}`;
  const { state, finals } = await run(yaml, (id) => (id === "b" ? "failed" : "succeeded"));
  assert.equal(state, "failed");
  assert.deepEqual(finals, { a: "succeeded", b: "failed", c: "succeeded", d: "skipped", e: "succeeded" });
  const good = await run(yaml);
  assert.deepEqual(good.finals, { a: "succeeded", b: "succeeded", c: "skipped", d: "succeeded", e: "succeeded" });
  assert.equal(good.state, "succeeded");
});

test("a failure that is allowed fails nothing", async () => {
  const { state, finals } = await run(`jobs:\n  a: ${job(", may_fail: true")}\n  b: ${job(", needs: a")}`, (id) =>
    id === "a" ? "failed" : "succeeded",
  );
  assert.equal(state, "succeeded");
  assert.deepEqual(finals, { a: "failed", b: "succeeded" });
});

test("a job that its own condition leaves out does not hold up others", async () => {
  const { finals } = await run(
    `jobs:\n  a: ${job(", when: { branch: other }")}\n  b: ${job(", needs: a")}\n  c: ${job(", when: { if: \"${{ git.branch == 'dev' }}\" }")}`,
  );
  assert.deepEqual(finals, { a: "skipped", b: "succeeded", c: "skipped" });
});

test("a job that its own condition leaves out does not hide a failure before it", async () => {
  const fails = (id: string) => (id === "a" ? "failed" : "succeeded");
  for (const condition of ["{ branch: other }", "{ status: always, if: \"${{ git.branch == 'dev' }}\" }"]) {
    const { finals } = await run(
      `jobs:\n  a: ${job("")}\n  b: ${job(`, needs: a, when: ${condition}`)}\n  c: ${job(", needs: b")}\n  d: ${job(", needs: b, when: failure")}`,
      fails,
    );
    assert.deepEqual(finals, { a: "failed", b: "skipped", c: "skipped", d: "succeeded" }, condition);
  }
});

test("a job that was left out because of a cancelled one tells of no failure", async () => {
  const { finals } = await run(
    `jobs:\n  a: ${job("")}\n  b: ${job(", needs: a")}\n  c: ${job(", needs: b")}\n  d: ${job(", needs: b, when: failure")}`,
    (id) => (id === "a" ? "cancelled" : "succeeded"),
  );
  assert.deepEqual(finals, { a: "cancelled", b: "skipped", c: "skipped", d: "skipped" });
});

test("a cancelled run gives every job one final state", async () => {
  const { state, finals } = await run(
    `jobs:\n  a: ${job("")}\n  b: ${job(", needs: a")}`,
    undefined,
    1,
    AbortSignal.abort(new Error("stop")),
  );
  assert.equal(state, "cancelled");
  assert.deepEqual(finals, { a: "cancelled", b: "cancelled" });
});

test("whatever the graph: needs first, one end each, never more than the slots", async () => {
  const graphs = fc.array(fc.array(fc.nat(8), { maxLength: 3 }), { minLength: 1, maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(graphs, fc.integer({ min: 1, max: 3 }), fc.func(fc.boolean()), async (needs, slots, fails) => {
      const yaml = needs.map((list, index) => {
        const earlier = [...new Set(list.filter((need) => need < index))].map((need) => `j${need}`);
        return `  j${index}: ${job(earlier.length === 0 ? "" : `, needs: [${earlier.join(", ")}]`)}`;
      });
      const { count, events, graph, most } = await run(
        `jobs:\n${yaml.join("\n")}`,
        (id) => (fails(id) ? "failed" : "succeeded"),
        slots,
      );
      assert.equal(count, needs.length);
      assert.ok(most <= slots);
      const at = (id: string, states: readonly string[]) =>
        events.findIndex((event) => event.type === "job" && event.job === id && states.includes(event.state));
      for (const { id, needs: waits } of graph.jobs) {
        const start = at(id, ["running", "skipped"]);
        for (const need of waits) assert.ok(at(need, ["succeeded", "failed", "skipped"]) < start);
      }
    }),
    { numRuns: 60 },
  );
});

test("a job whose group a newer run takes over is cancelled, and so is the run", async () => {
  const graph = expandPipeline(
    parseConfig(
      `version: 1\njobs:\n  a: ${job(', concurrency: { group: "deploy-${{ git.branch }}", cancel: true }')}\n  b: ${job(", needs: a")}`,
      "/x/.archway.yaml",
    ),
    facts,
  );
  const newer = new AbortController();
  const events: RunEventBody[] = [];
  const left: string[] = [];
  const state = await runPipeline(
    {
      graph,
      resolution: { facts, hash: () => "" },
      machines: pool(2),
      joinGroup: async (group, cancel) => ({
        superseded: newer.signal,
        leave: async () => void left.push(`${group} ${cancel}`),
      }),
      emit: (event) => void events.push(event),
      handleFailure: async () => {},
      clock: systemClock,
      perform: async (_, { signal: within }) => {
        newer.abort();
        assert.ok(within.aborted);
        return { status: "cancelled", outputs: {} };
      },
    },
    new AbortController().signal,
  );
  assert.equal(state, "cancelled");
  assert.deepEqual(left, ["deploy-main true"]);
  const reason = 'a newer run took over the group "deploy-main"';
  assert.deepEqual(
    events.findLast((event) => event.type === "job" && event.job === "a"),
    { type: "job", job: "a", state: "cancelled", reason },
  );
  assert.deepEqual(
    events.findLast((event) => event.type === "job" && event.job === "b"),
    { type: "job", job: "b", state: "skipped", reason: "it needs a" },
  );
});

test("a run waits for its turn in the group of the pipeline, and a newer one ends it with the reason", async () => {
  const config = parseConfig(
    `version: 1
concurrency: { group: "of-\${{ git.branch }}", cancel: true }
jobs: { a: { image: x, steps: [x] }, b: { needs: a, image: x, steps: [x] } }
`,
    "/r/.archway.yaml",
  );
  const newer = new AbortController();
  const events: RunEventBody[] = [];
  const calls: string[] = [];
  const state = await runPipeline(
    {
      graph: expandPipeline(config, facts),
      resolution: { facts, hash: () => "" },
      machines: pool(2),
      clock: systemClock,
      handleFailure: async () => {},
      joinGroup: async (group, cancel, _within, of) => {
        calls.push(`join ${of} ${group} ${cancel}`);
        return { superseded: newer.signal, leave: async () => void calls.push("leave") };
      },
      emit: (event) => void events.push(event),
      perform: async ({ id }, { signal: within }) => {
        calls.push(`perform ${id}`);
        newer.abort();
        assert.ok(within.aborted);
        return { status: "cancelled", outputs: {} };
      },
    },
    new AbortController().signal,
  );
  assert.equal(state, "cancelled");
  assert.deepEqual(calls, ["join run of-main true", "perform a", "leave"]);
  const ends = events.flatMap((event) =>
    event.type === "job" && event.state === "cancelled" ? [`${event.job}: ${event.reason}`] : [],
  );
  assert.deepEqual(
    ends,
    ["a", "b"].map((job) => `${job}: a newer run took over the group "of-main"`),
  );
});
