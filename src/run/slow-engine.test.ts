import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runScripted } from "../../test/scripted/run-scripted.ts";
import type { Operation } from "../../test/scripted/scripted-containerizer.ts";

const pipeline = "jobs: { a: { image: alpine, steps: [{ name: one, run: x }] } }";

/** An engine that has so much to do that one kind of request takes so many milliseconds. */
const slow = (operation: Operation, takes: number) => ({
  container: () => ({ lasts: 10, heeds: 0 }),
  fault: (one: Operation) => (one === operation ? { takes } : undefined),
});

describe("an engine with much to do", () => {
  for (const operation of ["createNetwork", "createContainer", "start", "remove"] as const)
    test(`has minutes for ${operation}`, async () => {
      const ran = await runScripted(pipeline, slow(operation, 240_000));
      assert.equal(ran.state, "succeeded");
      assert.deepEqual(ran.engine.left, []);
    });

  test("has ten of them, and is then told to be stuck", async () => {
    const ran = await runScripted(pipeline, slow("start", 3_600_000));
    const failures = ran.events.flatMap((event) =>
      event.type === "job" && event.failure !== undefined ? [event.failure] : [],
    );
    assert.deepEqual(
      failures.map(({ kind, code, message }) => [kind, code, message]),
      [["infrastructure", "ENGINE_STUCK", "scripted did not start a container in time."]],
    );
    assert.ok(ran.took >= 600_000 && ran.took < 700_000, `${ran.took}`);
  });

  test("has one after a cancel", async () => {
    const ran = await runScripted(pipeline, slow("start", 3_600_000), { cancelAt: 5_000 });
    assert.equal(ran.state, "cancelled");
    assert.ok(ran.took < 70_000, `${ran.took}`);
  });
});
