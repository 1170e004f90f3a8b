/** What runs when something failed, on a scripted engine. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runScripted } from "../../test/scripted/run-scripted.ts";
import { assertNothingLeft, containers, jobsOf, lost, stepsOf } from "../../test/scripted/tell-run.ts";
import { ArchwayError } from "../error/error.ts";

describe("failure handlers", () => {
  test("of a step and of the job follow the last attempt, with the environment of what failed", async () => {
    const ran = await runScripted(
      `jobs:
  a:
    image: alpine
    retry: { attempts: 2, on: user, delay: 1s }
    steps:
      - { name: one, run: x, image: special, env: { A: "1" }, on_failure: [{ name: near, run: x }] }
    on_failure: [{ name: broken, run: x }, { name: tell, run: x, env: { B: "2" } }]`,
      containers({ one: { lasts: 1, exitCode: 9 }, broken: { lasts: 1, exitCode: 1 } }),
    );
    assert.deepEqual(stepsOf(ran), [
      "one running",
      "one failed user",
      "near running for one",
      "near succeeded for one",
      "one running",
      "one failed user",
      "near running for one",
      "near succeeded for one",
      "broken running for one",
      "broken failed for one user",
      "tell running for one",
      "tell succeeded for one",
    ]);
    const tell = ran.engine.made.find(({ labels }) => labels.step === "tell");
    const { A, B, ARCHWAY_FAILED_STEP, ARCHWAY_FAILED_JOB } = tell?.env ?? {};
    assert.deepEqual([tell?.image.id, A, B], ["special", "1", "2"]);
    assert.deepEqual([ARCHWAY_FAILED_STEP, ARCHWAY_FAILED_JOB], ["one", "a"]);
    assert.deepEqual(jobsOf(ran), ["a failed STEP_FAILED"]);
    assertNothingLeft(ran);
  });

  test("run whatever failed: a pull, a service, the artifacts, the place itself, and a job without steps", async () => {
    const job = (more: string) =>
      `on_failure: [{ name: tell, image: curl, run: x }]\njobs: { a: { image: alpine, steps: [{ name: one, run: x }]${more} } }`;
    const missing = new ArchwayError({ code: "IMAGE_MISSING", kind: "failed", message: "No such image." });
    const noImage = { image: ({ image }: { image: string }) => (image === "alpine" ? missing : undefined) };
    const noNetwork = {
      fault: (operation: string, count: number) =>
        operation === "createNetwork" && count === 1 ? { before: lost } : undefined,
    };
    const pulled = await runScripted(job(""), { ...containers({}), ...noImage });
    const place = await runScripted(job(""), { ...containers({}), ...noNetwork });
    const service = await runScripted(
      job(", services: { db: { image: db } }"),
      containers({ "service:db": { refuses: lost } }),
    );
    const command = await runScripted(
      "jobs: { a: { verify: { images: [app] }, on_failure: [{ name: tell, image: curl, run: x }] } }",
      containers({}),
    );
    for (const [ran, failed, code] of [
      [pulled, "one", "IMAGE_MISSING"],
      [place, "setup", "ENGINE_LOST"],
      [service, "services", "ENGINE_LOST"],
      [command, "verify", "NOT_SCRIPTED"],
    ] as const) {
      assert.deepEqual(jobsOf(ran), [`a failed ${code}`]);
      assert.deepEqual(stepsOf(ran).slice(-2), [`tell running for ${failed}`, `tell succeeded for ${failed}`]);
      const { image, env } = ran.engine.made.find(({ labels }) => labels.step === "tell") ?? {};
      assert.deepEqual([image?.id, env?.["ARCHWAY_FAILED_STEP"], env?.["ARCHWAY_FAILED_JOB"]], ["curl", failed, "a"]);
      assertNothingLeft(ran);
    }
  });

  test("that cannot run are told, and change nothing", async () => {
    const ran = await runScripted("jobs: { a: { image: alpine, steps: [x], on_failure: [{ run: x }] } }", {
      ...containers({}),
      fault: (operation) => (operation === "createNetwork" ? { before: lost } : undefined),
    });
    assert.deepEqual(jobsOf(ran), ["a failed ENGINE_LOST"]);
    const notes = ran.events.flatMap((event) => (event.type === "note" ? [event.text] : []));
    assert.deepEqual(notes, ["The failure handlers did not run: The engine does not answer."]);
    assertNothingLeft(ran);
  });

  test("run after a time limit, and not after a cancel", async () => {
    const yaml = `jobs:
  a: { image: alpine, timeout: 1m, steps: [{ name: one, run: x }], on_failure: [{ name: tell, run: x }] }`;
    const late = await runScripted(yaml, containers({ one: { heeds: 10 } }));
    assert.deepEqual(jobsOf(late), ["a failed JOB_TIMEOUT"]);
    assert.deepEqual(stepsOf(late).slice(-2), ["tell running for one", "tell succeeded for one"]);
    const cancelled = await runScripted(yaml, containers({ one: { heeds: 10 } }), { cancelAt: 30_000 });
    assert.deepEqual(jobsOf(cancelled), ["a cancelled"]);
    assert.deepEqual(stepsOf(cancelled), ["one running", "one cancelled"]);
    assert.equal(cancelled.state, "cancelled");
    assertNothingLeft(cancelled);
  });
});
