/** Cancels of jobs of steps, on a scripted engine. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runScripted } from "../../test/scripted/run-scripted.ts";
import { assertNothingLeft, containers, stepsOf } from "../../test/scripted/tell-run.ts";

describe("a cancel", () => {
  const yaml = `jobs:
  a:
    image: alpine
    steps:
      - { name: one, run: x }
      - { name: two, run: x }
      - { name: tell, run: x, when: failure }
      - { name: clean, run: x, when: always }
      - { name: slow, run: x, when: always }
      - { name: last, run: x, when: always }`;

  test("ends the step, leaves out the rest, and gives what runs always one minute together", async () => {
    const ran = await runScripted(
      yaml,
      containers({ one: { heeds: 100 }, clean: { lasts: 1_000 }, slow: { heeds: 0 } }),
      { cancelAt: 10_000 },
    );
    assert.deepEqual(stepsOf(ran), [
      "one running",
      "one cancelled",
      "two skipped the job was cancelled",
      "tell skipped nothing failed",
      "clean running",
      "clean succeeded",
      "slow running",
      "slow cancelled",
      "last running",
      "last cancelled",
    ]);
    assert.ok(ran.took > 70_000 && ran.took < 70_200, `${ran.took}`);
    assertNothingLeft(ran);
  });

  test("lets a step that runs always go on", async () => {
    const ran = await runScripted(
      "jobs: { a: { image: alpine, steps: [{ name: clean, run: x, when: always }] } }",
      containers({ clean: { lasts: 20_000, heeds: 0 } }),
      { cancelAt: 10_000 },
    );
    assert.deepEqual(stepsOf(ran), ["clean running", "clean succeeded"]);
    assert.equal(ran.state, "cancelled");
  });

  test("asks the program of an image too, and does not wait for one that does not listen", async () => {
    const job = (heeds: number | undefined) =>
      runScripted(
        "jobs: { a: { image: alpine, steps: [{ name: one, args: [x] }] } }",
        containers({ one: heeds === undefined ? {} : { heeds } }),
        { cancelAt: 1_000 },
      );
    assert.ok((await job(8_000)).took > 9_000);
    assert.ok((await job(undefined)).took < 2_100);
  });

  test("while something is made leaves nothing of it", async () => {
    for (const slow of ["createNetwork", "createContainer", "start", "pull"]) {
      const ran = await runScripted(
        yaml,
        {
          container: () => ({ heeds: 0 }),
          fault: (operation) => (operation === slow ? { takes: 5_000 } : undefined),
        },
        { cancelAt: 2_000 },
      );
      assert.equal(ran.state, "cancelled", slow);
      assertNothingLeft(ran);
    }
  });
});
