import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runSchema } from "../../src/cli/schemas/run.ts";
import { runEventSchema } from "../../src/event/event-schema.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { startEngineRelay, type EngineRelay, type RelayOptions } from "../faults/engine-relay.ts";
import { archway, workplace, type Workplace } from "./archway.ts";
import { contentOf } from "./engine-content.ts";

const needs = ["registry", "docker", "podman", "qemu", "bases"] as const;

describe("where archway run places jobs", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let head: string;
  before(async () => {
    bed = await startBed({ need: needs });
    const { host } = await bed.registry();
    head = `version: 1\nplatforms: [linux/amd64, linux/arm64, linux/arm/v7]\nregistries: { docker.io: { mirrors: ["${host}"] } }\njobs:\n`;
    await bed.base("busybox");
  });
  after(() => bed.stop());

  async function relayOf(kind: "docker" | "podman", options: Omit<RelayOptions, "socket">): Promise<EngineRelay> {
    const { endpoint } = await bed[kind]();
    return startEngineRelay({ socket: endpoint.replace("unix://", ""), ...options });
  }
  /** Runs the pipeline: what was placed, what was told, and the summary. */
  async function run(place: Workplace, endpoint: string, ...args: readonly string[]) {
    const env = { ...place.env, DOCKER_HOST: endpoint };
    const file = join(place.dir, "events.jsonl");
    await rm(file, { force: true });
    const ended = await archway(["run", "--format", "json", "--events", file, ...args], { cwd: place.dir, env });
    const lines = (await readFile(file, "utf8").catch(() => "")).trim().split("\n");
    const events = lines.flatMap((line) => (line === "" ? [] : [runEventSchema.parse(JSON.parse(line))]));
    const { jobs = [], seconds } = ended.stdout === "" ? {} : runSchema.parse(JSON.parse(ended.stdout));
    const placed = events.flatMap((event) =>
      event.type === "placed" ? [`${event.job} ${event.mode} on ${event.machine}: ${event.reason}`] : [],
    );
    // Cells of a narrow table are broken over lines.
    return { ...ended, words: ended.stderr.replace(/\s+/g, " "), events, jobs, seconds, placed };
  }

  test("a node with QEMU emulates what no machine runs itself, and only that", async () => {
    // This machine's engine has no emulators.
    await using own = await relayOf("podman", { isBlind: true, runsOnly: "amd64" });
    const { endpoint: big } = await bed.docker();
    await using place = await workplace(bed, {
      files: { ".archway.yaml": `${head}  t: { platforms: all, image: busybox, steps: [uname -m] }\n` },
    });
    const nodes = ["--node", `linux/amd64=${big}`];
    const ended = await run(place, own.endpoint, ...nodes, "--platform", "linux/amd64", "--platform", "linux/arm/v7");
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(ended.placed.toSorted(), [
      `t@linux/amd64 native on ${own.endpoint}: it runs it itself`,
      `t@linux/arm/v7 emulated on ${big}: none of 2 machines runs it itself`,
    ]);
    const reason = "none of 2 machines runs it itself";
    assert.match(ended.stderr, new RegExp(`runs emulated as linux/arm/v7 on ${big}: ${reason}`));
    assert.match(
      ended.words,
      new RegExp(
        ` t@linux/arm/v7 succeeded emulated [\\d.]+ s (?:waited [\\d.]+ s )?on ${big}: ${reason} succeeded in `,
      ),
    );
    const job = ended.jobs.find((one) => one.job === "t@linux/arm/v7");
    assert.partialDeepStrictEqual(job, { mode: "emulated", machine: big, placement: reason });
    assert.equal(ended.seconds?.emulated, job?.seconds);
    const step = ended.events.find((event) => event.type === "step" && event.job === "t@linux/arm/v7");
    assert.equal(step?.type === "step" && step.emulated, true);

    const forbidden = await run(place, own.endpoint, ...nodes, "--platform", "linux/arm/v7", "--no-emulation");
    assert.equal(forbidden.code, 1, forbidden.stderr);
    assert.match(
      forbidden.stderr,
      new RegExp(
        `Nothing here can run linux/arm/v7 for the job "t@linux/arm/v7", and --no-emulation was given: .*${big} runs linux/amd64 itself and emulates linux/arm/v7`,
      ),
    );
    assert.deepEqual(forbidden.events, []);
    for (const endpoint of [big, (await bed.podman()).endpoint]) assert.deepEqual(await contentOf(endpoint), []);
  });

  test("a native machine anywhere goes before emulators, and emulation: never takes nothing else", async () => {
    await using board = await relayOf("podman", { isBlind: true, says: { Arch: "arm64", NCPU: 1 } });
    const { endpoint } = await bed.docker();
    await using place = await workplace(bed, {
      files: {
        ".archway.yaml": `${head}  t: { platforms: [linux/arm64], image: busybox, steps: [uname -m] }\n  never: { platforms: [linux/arm/v7], emulation: never, image: busybox, steps: [uname -m] }\n`,
      },
    });
    const node = ["--node", `linux/arm64=${board.endpoint}`];
    const native = await run(place, endpoint, "t", ...node);
    assert.deepEqual(native.placed, [`t@linux/arm64 native on ${board.endpoint}: it runs it itself`], native.stderr);
    const here = await run(place, endpoint, "t");
    assert.deepEqual(here.placed, ["t@linux/arm64 emulated on this machine: no machine here runs it itself"]);
    const never = await run(place, endpoint, "never");
    assert.equal(never.code, 1, never.stderr);
    assert.match(
      never.stderr,
      /can run linux\/arm\/v7 for the job "never@linux\/arm\/v7", and the job forbids emulation: /,
    );
  });

  test("a job that asks for more memory than a machine has goes to another; when none has it that is said at once", async () => {
    await using large = await relayOf("podman", { isBlind: true, says: { MemTotal: 2 ** 40 } });
    const { endpoint } = await bed.docker();
    await using place = await workplace(bed, {
      files: {
        ".archway.yaml": `${head}  t: { platforms: [linux/amd64], image: busybox, resources: { memory: 512GiB }, steps: [echo done] }\n`,
      },
    });
    const ended = await run(place, endpoint, "--node", `linux/amd64=${large.endpoint}`);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(ended.placed, [`t@linux/amd64 native on ${large.endpoint}: it runs it itself`]);
    const none = await run(place, endpoint);
    assert.equal(none.code, 1, none.stderr);
    assert.match(
      none.stderr,
      /The job "t@linux\/amd64" asks for 512 GiB of memory, and no machine that may run it on linux\/amd64 has that: this machine has [\d.]+ GiB of memory and \d+ processors?\./,
    );
    assert.match(none.stderr, /--node linux\/amd64=ENDPOINT/);
    assert.deepEqual(none.events, []);
  });

  test("emulation: auto goes by the times of earlier runs: emulated where that ends first, else it waits for the native machine", async () => {
    await using board = await relayOf("podman", { isBlind: true, says: { Arch: "arm64", NCPU: 1 } });
    const { endpoint } = await bed.docker();
    const sleeps = (native: number, emulated: number) =>
      `["if $ARCHWAY_EMULATED; then sleep ${emulated}; else sleep ${native}; fi"]`;
    await using place = await workplace(bed, {
      files: {
        ".archway.yaml": `${head}  block: { platforms: [linux/arm64], image: busybox, steps: ${sleeps(2, 0)} }
  quick: { platforms: [linux/arm64], emulation: auto, image: busybox, steps: ${sleeps(4, 0)} }
  slow: { platforms: [linux/arm64], emulation: auto, image: busybox, steps: ${sleeps(0, 12)} }
`,
      },
    });
    const node = ["--node", `linux/arm64=${board.endpoint}`];
    // Of jobs that never ran nothing is known: all wait for the native machine.
    const first = await run(place, endpoint, ...node);
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(
      first.placed,
      ["block", "quick", "slow"].map((job) => `${job}@linux/arm64 native on ${board.endpoint}: it runs it itself`),
    );
    const second = await run(place, endpoint, "quick", "slow");
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual(
      second.jobs.map(({ mode }) => mode),
      ["emulated", "emulated"],
    );

    const third = await run(place, endpoint, ...node);
    assert.equal(third.code, 0, third.stderr);
    const quick = third.placed.find((one) => one.startsWith("quick"));
    assert.match(
      quick ?? "",
      /^quick@linux\/arm64 emulated on this machine: it is estimated to end in \d+ s, natively after waiting in \d+ s$/,
    );
    const reason = quick?.split(": ")[1] ?? "";
    assert.ok(third.stderr.includes(`runs emulated as linux/arm64 on this machine: ${reason}\n`), third.stderr);
    assert.match(
      third.words,
      new RegExp(
        ` quick@linux/arm64 succeeded emulated [\\d.]+ s (?:waited [\\d.]+ s )?on this machine: ${reason} slow@`,
      ),
    );
    assert.partialDeepStrictEqual(third.jobs[1], { mode: "emulated", machine: "this machine", placement: reason });
    const slow = third.placed.find((one) => one.startsWith("slow"));
    assert.equal(slow, `slow@linux/arm64 native on ${board.endpoint}: it runs it itself`);
    const waits = third.events.flatMap((event) =>
      event.type === "job" && event.job === "slow@linux/arm64" && event.state === "queued" ? (event.reason ?? []) : [],
    );
    const wait = `for ${board.endpoint}, which runs linux/arm64 itself: 1 job runs there`;
    assert.deepEqual(waits, [wait]);
    assert.ok(third.stderr.includes(`slow@linux/arm64 │ waits ${wait}\n`), third.stderr);
    assert.ok((third.jobs[2]?.waited ?? 0) > 0);
  });
});
