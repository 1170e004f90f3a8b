import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatform, type Platform } from "../platform/platform.ts";
import type { JobWork, Resources } from "../pipeline/job-spec.ts";
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

test("a node emulates where no machine is native; a native one that is busy is still waited for", () => {
  const big = { ...laptop, name: "ssh://big", slots: 8 };
  const plain = { ...laptop, emulated: [] };
  assert.equal(place(job(armv7), [plain, big, board]), "ssh://big emulated: none of 3 machines runs it itself");
  assert.match(place(job(arm64), [plain, big, full(board)]), /^waits for ssh:\/\/pi, which runs/);
  assert.throws(() => place(job(armv7, "never"), [plain, big]), {
    code: "PLATFORM_UNAVAILABLE",
    message: /and the job forbids emulation: .*ssh:\/\/big runs linux\/amd64 itself and emulates linux\/arm64, /,
  });
  // The one with the most room, this machine first.
  assert.match(place(job(armv7), [laptop, big]), /^this machine emulated/);
  assert.match(place(job(armv7), [{ ...laptop, running: [1] }, big]), /^ssh:\/\/big emulated/);
});

const gibibyte = 1024 ** 3;
const step = (resources: Resources = {}) => ({
  name: "s",
  run: { kind: "script", script: "" } as const,
  env: {},
  secrets: [],
  when: "success" as const,
  retry: { attempts: 1, on: [], delay: 0 },
  mayFail: false,
  onFailure: [],
  resources,
});
const stepsWith = (resources: Resources, steps = [step()], services: readonly Resources[] = []): JobWork => ({
  kind: "steps",
  image: "i",
  secrets: [],
  registries: [],
  services: services.map((of, index) => ({ name: `${index}`, image: "i", env: {}, secrets: [], resources: of })),
  caches: [],
  inputs: [],
  artifacts: [],
  steps,
  resources,
  workspace: "/workspace",
});
const small = { ...laptop, size: { processors: 2, memory: 8 * gibibyte } };
const large = { ...laptop, name: "ssh://big", emulated: [], size: { processors: 8, memory: 64 * gibibyte } };

test("a job goes to no machine that has less than its resources ask for", () => {
  const asking = (platform: Platform | undefined, work: JobWork, emulation?: PlacedJob["emulation"]) => ({
    ...job(platform, emulation),
    work,
  });
  const machines = [small, large];
  assert.match(place(asking(amd64, stepsWith({ memory: 8 * gibibyte, cpus: 2 })), machines), /^this machine native/);
  assert.match(place(asking(amd64, stepsWith({ memory: 8 * gibibyte + 1 })), machines), /^ssh:\/\/big native/);
  assert.match(place(asking(amd64, stepsWith({ cpus: 2.5 })), machines), /^ssh:\/\/big native/);
  assert.match(place(asking(undefined, stepsWith({ cpus: 4 })), machines), /^ssh:\/\/big native/);
  // A step over its job, and services beside it.
  const half = 5 * gibibyte;
  assert.match(place(asking(amd64, stepsWith({}, [step(), step({ memory: 9 * gibibyte })])), machines), /^ssh/);
  assert.match(place(asking(amd64, stepsWith({ memory: half }, [step(), step()])), machines), /^this machine/);
  assert.match(place(asking(amd64, stepsWith({ memory: half }, [step()], [{ memory: half }])), machines), /^ssh/);
  assert.match(place(asking(amd64, stepsWith({ memory: half })), [full(small), large]), /^ssh/);
  // It waits for the one that is large enough, and not for the other.
  assert.match(place(asking(amd64, stepsWith({ cpus: 4 })), [small, full(large)]), /^waits for ssh:\/\/big/);
  // Of a machine of an unknown size it is believed.
  assert.match(place(asking(amd64, stepsWith({ cpus: 400 })), [laptop]), /^this machine native/);
  const pi = { ...board, size: { processors: 4, memory: gibibyte } };
  assert.equal(
    place(asking(arm64, stepsWith({ memory: 2 * gibibyte })), [small, pi]),
    "this machine emulated: no machine that is large enough runs it itself",
  );
});

test("what no machine is large enough for says so, with the size of each that may run it", () => {
  const pi = { ...board, size: { processors: 4, memory: gibibyte } };
  const asking = { ...job(amd64), work: stepsWith({ memory: 128 * gibibyte, cpus: 1 }) };
  assert.throws(() => place(asking, [small, pi, large]), {
    code: "RESOURCES_UNAVAILABLE",
    kind: "failed",
    message:
      'The job "test" asks for 128 GiB of memory and 1 processor, and no machine that may run it on linux/amd64 has that: this machine has 8 GiB of memory and 2 processors; ssh://big has 64 GiB of memory and 8 processors.',
    hint: /--node linux\/amd64=ENDPOINT/,
  });
  assert.throws(() => place({ ...job(arm64, "never"), work: stepsWith({ memory: 3 * gibibyte }) }, [small, pi]), {
    message: /on linux\/arm64 has that: ssh:\/\/pi has 1 GiB of memory and 4 processors\.$/,
  });
  const lost = { ...large, lost: "no answer" };
  assert.throws(() => place({ ...job(amd64), work: stepsWith({ cpus: 4 }) }, [small, lost]), {
    code: "RESOURCES_UNAVAILABLE",
    kind: "unreachable",
    message: /ssh:\/\/big has 64 GiB of memory and 8 processors \(gone: no answer\)/,
  });
});
