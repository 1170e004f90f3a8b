import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { processMark } from "../store/process-mark.ts";
import { joinGroup, type TurnRequest } from "./concurrency-group.ts";

/** A folder of groups, and a process besides this one that the test may end. */
async function place(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "archway-groups-"));
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(other, "spawn");
  const end = async () => {
    if (other.exitCode !== null || other.signalCode !== null) return;
    const gone = once(other, "exit");
    other.kill("SIGKILL");
    await gone;
  };
  t.after(async () => {
    await end();
    await rm(folder, { recursive: true });
  });
  let time = 0;
  const request = (owner: string, cancel = false): TurnRequest => ({
    folder,
    group: "deploy/main",
    cancel,
    owner,
    now: () => (time += 1),
  });
  return { folder, request, end, mine: await processMark(), others: await processMark(other.pid) };
}
const { signal } = new AbortController();

test("jobs of a group follow each other, and leave nothing", async (t) => {
  const { folder, request, mine } = await place(t);
  const first = await joinGroup(request(mine), signal);
  let hasTurn = false;
  const second = joinGroup(request(mine, true), signal).then((turn) => {
    hasTurn = true;
    return turn;
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(hasTurn, false);
  // Jobs of one run never end each other.
  assert.equal(first.superseded.aborted, false);
  await first.leave();
  await (await second).leave();
  const [group = ""] = await readdir(folder);
  // What is left is the lock, which is nobody's.
  const tickets = (await readdir(join(folder, group))).filter((name) => /^\d/.test(name));
  assert.deepEqual(tickets, []);
});

test("a newer run makes the older one end", async (t) => {
  const { request, mine, others } = await place(t);
  const older = await joinGroup(request(mine), signal);
  const newer = joinGroup(request(others, true), signal);
  if (!older.superseded.aborted) await once(older.superseded, "abort");
  await older.leave();
  await (await newer).leave();
});

test("what a killed run left holds up nobody", async (t) => {
  const { request, mine, others, end } = await place(t);
  await joinGroup(request(others), signal);
  await end();
  await (await joinGroup(request(mine), signal)).leave();
});

test("a cancelled wait leaves the group", async (t) => {
  const { request, mine } = await place(t);
  const first = await joinGroup(request(mine), signal);
  await assert.rejects(joinGroup(request(mine), AbortSignal.timeout(50)));
  await first.leave();
  await (await joinGroup(request(mine), signal)).leave();
});
