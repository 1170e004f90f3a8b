import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunEventBody } from "../event/run-event.ts";
import type { ApprovalWork, JobSpec } from "../pipeline/job-spec.ts";
import { approve } from "./run-approve.ts";
import { type Ask, oneAtATime } from "./run-questions.ts";

function job(id: string, work: Omit<ApprovalWork, "kind"> = {}): JobSpec & { readonly work: ApprovalWork } {
  return {
    id,
    name: id,
    matrix: {},
    env: {},
    emulation: "fallback",
    retry: { attempts: 1, on: [], delay: 0 },
    mayFail: false,
    onFailure: [],
    work: { kind: "approval", ...work },
  };
}

/** Asks for approvals as a person would be asked; gives what was asked and said. */
async function asking(
  jobs: readonly (JobSpec & { readonly work: ApprovalWork })[],
  ask: Ask | undefined,
  { approved = [], signal = new AbortController().signal }: { approved?: readonly string[]; signal?: AbortSignal } = {},
) {
  const events: RunEventBody[] = [];
  const queue = ask === undefined ? {} : { ask: oneAtATime(ask) };
  const around = { approved, emit: (event: RunEventBody) => void events.push(event), env: { USER: "ann" }, ...queue };
  const results = await Promise.all(jobs.map((one) => approve(one, around, signal)));
  const answers = events.flatMap((event) =>
    event.type === "approval" ? [`${event.job} ${event.answer} by ${event.by}`] : [],
  );
  return { results, answers, states: results.map(({ status, failure }) => failure?.code ?? status) };
}

test("two that are ready together are asked one after the other", async () => {
  let open = 0;
  const asked: string[] = [];
  const ask: Ask = async (question) => {
    assert.equal(++open, 1);
    asked.push(question);
    await sleep(5);
    open--;
    return question.includes("first") ? "y" : "no";
  };
  const { answers, states } = await asking([job("first"), job("second", { message: "Really?" })], ask);
  assert.deepEqual(asked, ['Go on with "first"?', "Really?"]);
  assert.deepEqual(states, ["succeeded", "APPROVAL_REFUSED"]);
  assert.deepEqual(answers, ["first given by ann", "second refused by ann"]);
});

test("what is neither yes nor no is asked again", async () => {
  const typed = ["x", "yess", "  Yes "];
  const { answers, states } = await asking([job("a")], async () => typed.shift() ?? "");
  assert.deepEqual([typed, states], [[], ["succeeded"]]);
  assert.deepEqual(answers, ["a given by ann"]);
  assert.deepEqual((await asking([job("a")], async () => "")).states, ["APPROVAL_REFUSED"]);
});

test("--approve needs no terminal, and without one the failure says so", async () => {
  const { answers, states, results } = await asking([job("a"), job("b")], undefined, { approved: ["a"] });
  assert.deepEqual(states, ["succeeded", "APPROVAL_MISSING"]);
  assert.deepEqual(answers, ["a given by ann with --approve"]);
  assert.equal(results[1]?.failure?.hint, "Give it with --approve b.");
});

test("its time runs while it waits behind another question too", async () => {
  const release = Promise.withResolvers<string>();
  const ask: Ask = (question) => (question.includes("first") ? release.promise : Promise.resolve("y"));
  const { answers, states } = await asking([job("first"), job("second", { wait: 0.01 })], async (question, signal) => {
    setTimeout(() => release.resolve("y"), 60);
    return ask(question, signal);
  });
  assert.deepEqual(states, ["succeeded", "APPROVAL_TIMEOUT"]);
  assert.deepEqual(answers, ["second refused by nobody: its time is over", "first given by ann"]);
});

test("a cancel ends all questions, and a time of more than a timer's is not over at once", async () => {
  const cancel = new AbortController();
  const ask: Ask = (_question, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  setTimeout(() => cancel.abort(new Error("cancelled")), 20);
  const { answers, states } = await asking([job("a", { wait: 30 * 86_400 }), job("b")], ask, { signal: cancel.signal });
  assert.deepEqual(states, ["cancelled", "cancelled"]);
  assert.deepEqual(answers, []);
});
