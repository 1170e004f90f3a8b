import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runScripted, type ScriptedRun } from "../../test/scripted/run-scripted.ts";

const pipeline = `jobs:
  a:
    image: alpine
    cache: [{ path: /c, key: plain }, { path: /d, key: eager, save: always }]
    artifacts: { out: out, logs: { paths: [log], when: always } }
    steps: [{ name: one, run: x }]`;
const lasts = (milliseconds: number) => ({ container: () => ({ lasts: milliseconds, heeds: 0 }) });

const notes = ({ events }: ScriptedRun) => events.flatMap((event) => (event.type === "note" ? [event.text] : []));
const caches = ({ events }: ScriptedRun) =>
  events.flatMap((event) =>
    event.type === "cache" && event.result !== "miss"
      ? [`${event.key} ${event.result} ${event.reason ?? ""}`.trim()]
      : [],
  );

describe("what is left of a job", () => {
  test("that is cancelled in a step is kept for a minute at most, and that is told", async () => {
    const quick = await runScripted(pipeline, lasts(60_000), { cancelAt: 1_000, saving: 20_000 });
    assert.equal(quick.state, "cancelled");
    assert.deepEqual(quick.folders.done, ["kept logs", "saved eager"]);
    assert.match(notes(quick)[0] ?? "", /^It was cancelled: .* a minute to be kept\.$/);
    const slow = await runScripted(pipeline, lasts(60_000), { cancelAt: 1_000, saving: 300_000 });
    assert.deepEqual(slow.folders.done, []);
    assert.ok(slow.took < 62_000, `${slow.took}`);
    assert.match(notes(slow).at(-1) ?? "", /^The artifact "logs" was not kept: The time that artifacts have was over/);
    assert.deepEqual(caches(slow), ["eager not-saved the job was cancelled"]);
  });

  test("that is cancelled while it is kept has a minute more, but not for caches that only save time", async () => {
    const ran = await runScripted(pipeline, lasts(10), { cancelAt: 50_000, saving: 20_000 });
    assert.equal(ran.state, "cancelled");
    assert.deepEqual(ran.folders.done, ["kept out", "kept logs", "saved eager"]);
    assert.deepEqual(caches(ran), ["plain not-saved the job was cancelled", "eager saved"]);
    assert.equal(notes(ran).length, 1);
  });

  test("and does not get done in time fails a job that went well", async () => {
    const ran = await runScripted(pipeline, lasts(10), { saving: 400_000 });
    const failures = ran.events.flatMap((event) =>
      event.type === "job" && event.failure !== undefined ? [event.failure] : [],
    );
    assert.deepEqual(
      failures.map(({ kind, code }) => [kind, code]),
      [["timeout", "ARTIFACTS_TIMEOUT"]],
    );
    assert.deepEqual(ran.folders.done, ["kept out"]);
  });
});
