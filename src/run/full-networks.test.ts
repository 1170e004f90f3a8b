import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runScripted, type ScriptedRun } from "../../test/scripted/run-scripted.ts";

/** So many jobs of one step, which may run side by side. */
const jobs = (count: number, more = "") => {
  const names = Array.from({ length: count }, (_, index) => `n${index}`).join(", ");
  return `jobs:\n  a: { image: alpine, ${more} matrix: { n: [${names}] }, steps: [{ run: x }] }`;
};
const lasts = (milliseconds: number) => ({ container: () => ({ lasts: milliseconds }) });

/** How often each state of a job was told, and how often it failed of what. */
function count({ events }: ScriptedRun): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const event of events) {
    if (event.type !== "job") continue;
    const key =
      event.failure?.code ??
      (event.state === "queued" && event.reason?.startsWith("for a network") ? "waited" : event.state);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe("an engine without addresses for another network", () => {
  test("lets jobs wait for one of the run's own, with the reason, and all succeed", async () => {
    const ran = await runScripted(jobs(10), { ...lasts(60_000), networks: () => 2 });
    assert.equal(ran.state, "succeeded");
    const { succeeded, waited = 0, running = 0 } = count(ran);
    assert.equal(succeeded, 10);
    assert.ok(waited >= 8 - 2 && running === 10 + waited, `${waited} waited, ${running} times one ran`);
    assert.match(
      ran.events.flatMap((event) => (event.type === "note" ? [event.text] : []))[0] ?? "",
      /^It waits for a network: scripted has no free range of addresses for one\.$/,
    );
    // Two at a time, and the next one as soon as a network is given back.
    assert.ok(ran.took < 5 * 60_000 + 1_000, `${ran.took}`);
    assert.deepEqual(ran.engine.left, []);
  });

  test("serves them in the order in which they came", async () => {
    const ran = await runScripted(jobs(4), { ...lasts(60_000), networks: () => 1 });
    const began = ran.events.flatMap((event) =>
      event.type === "step" && event.state === "running" ? [event.job] : [],
    );
    assert.deepEqual(began, began.toSorted());
  });

  test("does not cost a job its time", async () => {
    const ran = await runScripted(jobs(4, "timeout: 90s,"), { ...lasts(60_000), networks: () => 1 });
    assert.equal(ran.state, "succeeded");
    assert.ok(ran.took > 4 * 60_000, `${ran.took}`);
    const late = await runScripted(jobs(4, "timeout: 30s,"), { ...lasts(60_000), networks: () => 1 });
    assert.equal(count(late)["JOB_TIMEOUT"], 4);
  });

  test("is asked again for what others give back", async () => {
    const ran = await runScripted(jobs(3), { ...lasts(10), networks: (now) => (now < 100_000 ? 0 : 5) });
    assert.equal(ran.state, "succeeded");
    assert.ok(ran.took >= 100_000 && ran.took < 103_000, `${ran.took}`);
  });

  test("fails the jobs when nobody gives anything back", async () => {
    const ran = await runScripted(jobs(6), { ...lasts(10), networks: () => 0 });
    assert.equal(count(ran)["NETWORKS_FULL"], 6);
    const failures = ran.events.flatMap((event) =>
      event.type === "job" && event.failure !== undefined ? [event.failure] : [],
    );
    assert.ok(
      failures.every(
        ({ kind, message }) => kind === "infrastructure" && message.endsWith("None came free for 5 minutes."),
      ),
    );
    // Four at a time, and none waits for the patience of another.
    assert.ok(ran.took >= 300_000 && ran.took < 620_000, `${ran.took}`);
  });

  test("lets a cancel be heard at once", async () => {
    const ran = await runScripted(jobs(4), { ...lasts(60_000), networks: () => 0 }, { cancelAt: 50_000 });
    assert.equal(ran.state, "cancelled");
    assert.equal(count(ran)["cancelled"], 4);
    assert.equal(ran.took, 50_000);
  });

  test("holds up no job that fails meanwhile of something else", async () => {
    const noFolder = new Error("no space left on device");
    const ran = await runScripted(jobs(3), { ...lasts(10), networks: () => 0 }, { noFolder });
    assert.equal(count(ran)["DISK_FULL"], 3);
    assert.ok(ran.took < 10_000, `${ran.took}`);
  });
});
