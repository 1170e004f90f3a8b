import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatform, type Platform } from "../platform/platform.ts";
import { type BusyMachine, type JobSeconds, placeJob, type PlacedJob } from "./place-job.ts";

const [amd64, arm64, armv7] = ["linux/amd64", "linux/arm64", "linux/arm/v7"].map((text) => parsePlatform(text)) as [
  Platform,
  Platform,
  Platform,
];
const laptop: BusyMachine = {
  name: "this machine",
  platform: amd64,
  native: [amd64],
  emulated: [arm64, armv7],
  slots: 2,
  running: [],
};
const board: BusyMachine = { name: "ssh://pi", platform: arm64, native: [arm64], emulated: [], slots: 1, running: [] };
const full = (machine: BusyMachine, left?: number) => ({
  ...machine,
  running: Array.from({ length: machine.slots }, () => left),
});
const job = (platform: Platform | undefined, emulation: PlacedJob["emulation"] = "fallback"): PlacedJob => ({
  id: "test",
  emulation,
  ...(platform === undefined ? {} : { platform }),
});
const policy = { platforms: [arm64, amd64], emulation: true };

/** `MACHINE MODE: REASON`, or what it waits for. */
function place(one: PlacedJob, machines: readonly BusyMachine[], seconds?: JobSeconds, emulation = true): string {
  const placed = placeJob(one, machines, { ...policy, emulation }, seconds);
  if ("waits" in placed) return `waits ${placed.waits}`;
  const { machine, mode, reason } = placed.placement;
  return `${machine} ${mode}: ${reason}`;
}

test("a job goes to a machine that runs its platform itself, and waits for it when it is busy", () => {
  assert.equal(place(job(amd64), [laptop, board]), "this machine native: this machine runs it itself");
  assert.equal(place(job(arm64), [laptop, board]), "ssh://pi native: it runs it itself");
  assert.equal(
    place(job(arm64), [laptop, full(board)]),
    "waits for ssh://pi, which runs linux/arm64 itself: 1 job runs there",
  );
  const second = { ...board, name: "ssh://pi2" };
  assert.match(place(job(arm64), [laptop, full(board), second]), /^ssh:\/\/pi2 native/);
  assert.match(
    place(job(arm64), [laptop, full(board), full(second)]),
    /^waits for one of 2 machines, which runs linux\/arm64 itself, and all are busy/,
  );
});

test("of several machines the one with the most room is taken, the first of equals", () => {
  const big = { ...board, name: "tcp://big:2376", slots: 8, running: [1, 1, undefined] };
  assert.match(place(job(arm64), [laptop, board, big]), /^ssh:\/\/pi/);
  assert.match(place(job(arm64), [laptop, { ...board, slots: 2, running: [1] }, big]), /^tcp:\/\/big/);
});

test("it is emulated only where no machine runs the platform itself, and never where that is forbidden", () => {
  assert.equal(place(job(armv7), [laptop, board]), "this machine emulated: none of 2 machines runs it itself");
  assert.equal(place(job(armv7), [laptop]), "this machine emulated: no machine here runs it itself");
  assert.match(place(job(armv7), [full(laptop), board]), /^waits for this machine, which emulates linux\/arm\/v7/);
  assert.throws(() => place(job(armv7, "never"), [laptop, board]), {
    code: "PLATFORM_UNAVAILABLE",
    kind: "failed",
    message:
      'Nothing here can run linux/arm/v7 for the job "test", and the job forbids emulation: this machine runs linux/amd64 itself and emulates linux/arm64, linux/arm/v7; ssh://pi runs linux/arm64 itself and emulates nothing.',
    hint: /--node linux\/arm\/v7=ENDPOINT/,
  });
  assert.throws(() => place(job(armv7), [laptop], {}, false), { message: /--no-emulation was given/ });
  assert.throws(() => place(job(parsePlatform("linux/s390x")), [laptop]), { hint: /register an emulator/ });
});

test("with emulation: auto it goes where it is estimated to end first, by what was measured", () => {
  const auto = job(arm64, "auto");
  const busy = [laptop, full(board, 600)];
  assert.match(
    place(auto, busy, { native: 60 }),
    /^this machine emulated: .* in 480 s, natively after waiting in 660 s/,
  );
  assert.match(place(auto, busy, { native: 60, emulated: 900 }), /^waits for ssh:\/\/pi/);
  assert.match(place(auto, busy, { emulated: 100 }), /emulated: .* in 100 s, natively after waiting in 613 s/);
  assert.match(place(auto, [laptop, board], { native: 60, emulated: 90 }), /^ssh:\/\/pi native/);
  assert.match(place(auto, [laptop, board], { native: 60, emulated: 20 }), /^this machine emulated/);
});

test("where nothing is known, emulating is never the better guess", () => {
  const auto = job(arm64, "auto");
  assert.match(place(auto, [laptop, full(board, 600)]), /^waits for ssh:\/\/pi/);
  assert.match(place(auto, [laptop, full(board)], { native: 1, emulated: 1 }), /^waits for ssh:\/\/pi/);
});

test("a job without a platform runs on the first of the pipeline's that the first machine runs itself", () => {
  assert.match(place(job(undefined), [laptop, board]), /^this machine native: the job names no platform/);
  assert.match(place(job(undefined), [board]), /^ssh:\/\/pi native|^ssh/);
});

test("a machine that has gone is not waited for; what only it could run says so, as a fault of the infrastructure", () => {
  const gone = { ...board, lost: "it does not answer" };
  assert.match(place(job(arm64), [laptop, gone]), /^this machine emulated/);
  assert.throws(() => place(job(arm64, "never"), [laptop, gone]), {
    kind: "unreachable",
    message: /ssh:\/\/pi runs linux\/arm64 itself and emulates nothing \(gone: it does not answer\)/,
  });
});
