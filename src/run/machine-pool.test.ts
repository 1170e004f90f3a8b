import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatform } from "../platform/platform.ts";
import { MachinePool } from "./machine-pool.ts";

const [amd64, arm64] = [parsePlatform("linux/amd64"), parsePlatform("linux/arm64")];
const never = new AbortController().signal;
const job = (id: string, platform = arm64) => ({ id, platform, emulation: "fallback" as const });

function pool(now: () => number = () => 0, seconds = {}): MachinePool {
  return new MachinePool({
    machines: [
      { name: "here", platform: amd64, native: [amd64], emulated: [arm64], slots: 1 },
      { name: "pi", platform: arm64, native: [arm64], emulated: [], slots: 1 },
    ],
    own: { name: "here", slots: 1 },
    policy: { platforms: [], emulation: true },
    seconds: () => seconds,
    now,
  });
}

test("who waits longest is served first, each with the reason of its wait", async () => {
  const machines = pool();
  const said: string[] = [];
  const first = await machines.wait(job("a"), never, () => assert.fail("it need not wait"));
  const order: string[] = [];
  const waiting = ["b", "c"].map(async (id) => {
    const slot = await machines.wait(job(id), never, (why) => void said.push(`${id} waits ${why}`));
    order.push(id);
    return slot;
  });
  assert.deepEqual(
    said,
    ["b", "c"].map((id) => `${id} waits for pi, which runs linux/arm64 itself: 1 job runs there`),
  );
  // One for another machine is not held up.
  (await machines.wait(job("d", amd64), never, () => assert.fail("it need not wait"))).release();
  first.release();
  first.release();
  const second = await waiting[0];
  assert.deepEqual(order, ["b"]);
  second?.release();
  await waiting[1];
  assert.deepEqual(order, ["b", "c"]);
});

test("a wait that is cancelled takes no slot", async () => {
  const machines = pool();
  const first = await machines.wait(job("a"), never, () => {});
  const stop = new AbortController();
  const waiting = machines.wait(job("b"), stop.signal, () => {});
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  first.release();
  (await machines.wait(job("c"), never, () => assert.fail("it is free"))).release();
});

test("commands share the slots of this machine with its jobs", async () => {
  const machines = pool();
  const said: string[] = [];
  const own = await machines.waitHere(never, () => {});
  const waiting = machines.wait(job("a", amd64), never, (why) => void said.push(why));
  assert.deepEqual(said, ["for here, which runs linux/amd64 itself: 1 job runs there"]);
  own.release();
  const slot = await waiting;
  const command = machines.waitHere(never, (why) => void said.push(why));
  assert.equal(said[1], "for here: 1 job runs there");
  slot.release();
  await command;
});

test("a job moves from a machine that has gone, and those that waited for it are placed anew", async () => {
  const machines = pool();
  const slot = await machines.wait(job("a"), never, () => {});
  const waiting = machines.wait(job("b"), never, () => {});
  assert.equal(slot.placement.machine, "pi");
  machines.lose("pi", "no answer");
  const other = await waiting;
  assert.deepEqual([other.placement.machine, other.placement.mode], ["here", "emulated"]);
  const moving = slot.move(never, () => {});
  other.release();
  await moving;
  assert.equal(slot.placement.machine, "here");
  slot.release();
  (await machines.waitHere(never, () => assert.fail("it is free"))).release();
});

test("what was measured, less the time that has passed, decides for emulation: auto", async () => {
  let now = 0;
  const machines = pool(() => now, { native: 100, emulated: 150 });
  await machines.wait(job("a"), never, () => {});
  now = 10_000;
  const auto = { ...job("b"), emulation: "auto" as const };
  const early = await machines.wait(auto, never, () => {});
  assert.match(early.placement.reason, /in 150 s, natively after waiting in 190 s/);
  early.release();
  now = 90_000;
  const said: string[] = [];
  void machines.wait(auto, never, (why) => void said.push(why));
  assert.match(said[0] ?? "", /^for pi/);
});
