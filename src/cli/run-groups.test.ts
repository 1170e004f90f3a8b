import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { processMark } from "../store/process-mark.ts";
import { groupsOf } from "./run-groups.ts";

test("a group is of one repository, and groups of runs are not those of jobs", async (t) => {
  const state = await mkdtemp(join(tmpdir(), "archway-run-groups-"));
  t.after(() => rm(state, { recursive: true }));
  const owner = await processMark();
  let time = 0;
  const of = (repository: string) => groupsOf({ state, repository, owner, now: () => (time += 1) });
  const live = new AbortController().signal;
  const held = await of("/repo/one")("deploy", false, live, "job");
  const others = [
    await of("/repo/two")("deploy", false, live, "job"),
    await of("/repo/one")("test", false, live, "job"),
    await of("/repo/one")("deploy", false, live, "run"),
  ];
  const order: string[] = [];
  const waiting = of("/repo/one")("deploy", false, live, "job").then((turn) => {
    order.push("second");
    return turn;
  });
  // As long as it takes to join a group that is free, and longer.
  for (let index = 0; index < 5; index++) await (await of("/repo/three")("deploy", false, live, "job")).leave();
  order.push("first leaves");
  await held.leave();
  others.push(await waiting);
  assert.deepEqual(order, ["first leaves", "second"]);
  for (const one of others) await one.leave();
});
