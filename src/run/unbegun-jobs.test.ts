import assert from "node:assert/strict";
import { test } from "node:test";
import { runScripted, type ScriptedRun } from "../../test/scripted/run-scripted.ts";

/** What the events say of steps, handlers and notes, in short. */
const told = ({ events }: ScriptedRun) =>
  events.flatMap((event) => {
    if (event.type === "note") return [`note ${event.text}`];
    return event.type === "step" ? [`${event.step} for ${event.handles} ${event.state}`] : [];
  });
const ends = ({ events }: ScriptedRun) =>
  events.flatMap((event) => (event.type === "job" && event.failure ? [`${event.job} ${event.state}`] : []));

/** `hash()` of this checkout fails, as it does for a file that cannot be read. */
const unreadable = () => {
  throw new Error("EACCES: go.sum");
};

test("handlers of the job and of the pipeline run once when the job's own texts cannot be evaluated", async () => {
  const ran = await runScripted(
    `jobs:
  a:
    image: alpine
    env: { KEY: "\${{ hash('go.sum') }}", PLAIN: "1" }
    retry: 3
    steps: [{ name: one, run: x }]
    on_failure: [{ name: tell, run: "echo \${{ env.PLAIN }}" }]
on_failure: [{ name: all, image: curl, run: x }]`,
    { container: () => ({ lasts: 1 }) },
    { hash: unreadable },
  );
  assert.deepEqual(told(ran), [
    "tell for setup running",
    "tell for setup succeeded",
    "all for setup running",
    "all for setup succeeded",
  ]);
  assert.deepEqual(ends(ran), ["a failed"]);
  assert.deepEqual(ran.engine.left, []);
});

test("a handler that itself needs what is not known is told, and the others run", async () => {
  const ran = await runScripted(
    `jobs:
  a:
    build: { tags: ["app:\${{ hash('go.sum') }}"] }
    on_failure:
      - { name: broken, image: curl, run: "echo \${{ hash('go.sum') }}" }
      - { name: tell, image: curl, run: x }`,
    { container: () => ({ lasts: 1 }) },
    { hash: unreadable },
  );
  assert.deepEqual(told(ran), [
    "note A failure handler did not run: broken: EACCES: go.sum",
    "tell for build running",
    "tell for build succeeded",
  ]);
  assert.deepEqual(ends(ran), ["a failed"]);
});

test("handlers run for a job that no machine takes", async () => {
  const ran = await runScripted(
    `platforms: [linux/s390x]
jobs: { a: { platforms: all, image: alpine, steps: [x] } }
on_failure: [{ name: tell, image: curl, run: x }]`,
    { container: () => ({ lasts: 1 }) },
  );
  assert.deepEqual(told(ran), ["tell for setup running", "tell for setup succeeded"]);
  assert.deepEqual(ends(ran), ["a@linux/s390x failed"]);
});
