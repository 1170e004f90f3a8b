import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import type { RunEventBody } from "../event/run-event.ts";
import { systemClock } from "../job/clock.ts";
import type { Attempt } from "../job/run-attempt.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { JobSpec, StepSpec } from "../pipeline/job-spec.ts";
import { performLimited } from "./perform-limited.ts";

const job: JobSpec = {
  id: "scan",
  name: "scan",
  matrix: {},
  env: {},
  emulation: "fallback",
  retry: { attempts: 3, on: ["infrastructure"], delay: 0 },
  mayFail: false,
  work: { kind: "verify", images: ["app:1"], platforms: [], require: [], severity: "error" },
  onFailure: [],
};
const unreachable = new ArchwayError({ code: "REGISTRY_UNREACHABLE", kind: "unreachable", message: "no route" });
const signal = new AbortController().signal;

const handler: StepSpec = {
  name: "tell",
  image: "curl",
  run: { kind: "script", script: "x" },
  env: {},
  secrets: [],
  when: "success",
  retry: job.retry,
  mayFail: false,
  onFailure: [],
  resources: {},
};

/** Performs a job with attempts that end one after the other as `ends` say. */
async function perform(spec: JobSpec, ends: readonly (Error | JobResult)[]) {
  const events: RunEventBody[] = [];
  const handled: string[] = [];
  let attempts = 0;
  const result = await performLimited(
    spec,
    {
      perform: async () => {
        const end = ends[attempts++];
        if (end === undefined || end instanceof Error) throw end ?? new TypeError("one attempt too many");
        return end;
      },
      handleFailure: async (_, { code }) => void handled.push(code),
      emit: (event) => void events.push(event),
      clock: systemClock,
    },
    signal,
  );
  return { result, attempts, events, handled };
}

test("a registry that cannot be reached is tried again, and said", async () => {
  const { result, attempts, events } = await perform(job, [unreachable, { status: "succeeded", outputs: {} }]);
  assert.equal(result.status, "succeeded");
  assert.equal(attempts, 2);
  assert.deepEqual(events, [{ type: "note", job: "scan", text: "Attempt 1 of 3 failed: no route" }]);
});

test("attempts come to an end", async () => {
  const { result, attempts } = await perform(job, [unreachable, unreachable, unreachable]);
  assert.equal(result.failure?.code, "REGISTRY_UNREACHABLE");
  assert.equal(attempts, 3);
});

test("what the user must mend is not tried again", async () => {
  const failure = { kind: "user", code: "FINDINGS", message: "wrong code" } as const;
  const { result, attempts } = await perform(job, [{ status: "failed", failure, outputs: {} }]);
  assert.deepEqual(result.failure, failure);
  assert.equal(attempts, 1);
});

/** An attempt that ends only when it is told to. */
async function wait(_: JobSpec, { signal: within }: Attempt): Promise<JobResult> {
  if (!within.aborted) await once(within, "abort");
  throw within.reason;
}

test("failure handlers run once, after the last attempt, and only for a job that did not do it itself", async () => {
  const told: JobSpec = { ...job, onFailure: [handler] };
  const failed = (isHandled: boolean): JobResult => ({
    status: "failed",
    failure: { kind: "user", code: "FINDINGS", message: "wrong code" },
    outputs: {},
    isHandled,
  });
  assert.deepEqual((await perform(told, [unreachable, { status: "succeeded", outputs: {} }])).handled, []);
  assert.deepEqual((await perform(told, [unreachable, unreachable, unreachable])).handled, ["REGISTRY_UNREACHABLE"]);
  assert.deepEqual((await perform(told, [failed(false)])).handled, ["FINDINGS"]);
  assert.deepEqual((await perform(told, [failed(true)])).handled, []);
  assert.deepEqual((await perform(job, [failed(false)])).handled, []);
});

test("a job that takes too long fails with its limit, and is not cancelled", async () => {
  // The limit alone holds no process.
  const alive = setInterval(() => {}, 1000);
  const { failure } = await performLimited(
    { ...job, timeout: 0.05 },
    { perform: wait, handleFailure: async () => {}, emit: () => {}, clock: systemClock },
    signal,
  );
  clearInterval(alive);
  assert.deepEqual(failure, {
    kind: "timeout",
    code: "JOB_TIMEOUT",
    message: 'The job "scan" did not end within 0.05 s.',
  });
});

test("a cancelled job is cancelled and not tried again", async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort());
  const { status } = await performLimited(
    job,
    { perform: wait, handleFailure: async () => {}, emit: () => {}, clock: systemClock },
    stop.signal,
  );
  assert.equal(status, "cancelled");
});
