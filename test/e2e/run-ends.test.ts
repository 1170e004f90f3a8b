import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { RunEvent } from "../../src/event/run-event.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { archway, startArchway, workplace, type Workplace } from "./archway.ts";

const needs = ["registry", "docker", "podman", "qemu", "bases"] as const;

describe("how steps and jobs end", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let mirror: string;
  before(async () => {
    bed = await startBed({ need: needs });
    mirror = (await bed.registry()).host;
    await bed.base("busybox");
    await bed.base("debian");
  });
  after(() => bed.stop());

  async function repository(jobs: string): Promise<Workplace> {
    const place = await workplace(bed, {});
    const head = `version: 1\nregistries: { docker.io: { mirrors: ["${mirror}"] } }\n`;
    await writeFile(join(place.dir, ".archway.yaml"), head + jobs);
    return place;
  }

  async function eventsOf(place: Workplace): Promise<readonly RunEvent[]> {
    const runs = join(place.env["XDG_STATE_HOME"] ?? "", "archway", "runs");
    const last = (await readdir(runs)).toSorted().at(-1) ?? "";
    const lines = (await readFile(join(runs, last, "events.jsonl"), "utf8")).trim().split("\n");
    return lines.map((line): RunEvent => JSON.parse(line));
  }
  const outputOf = (events: readonly RunEvent[], source: string) =>
    events.flatMap((event) => (event.type === "log" && event.source === source ? [event.text ?? ""] : [])).join("");

  for (const engine of ["docker", "podman"] as const) {
    describe(`with ${engine}`, () => {
      for (const platform of ["linux/amd64", "linux/arm64", "linux/arm/v7"]) {
        test(`a cancel is heard at once on ${platform}`, async () => {
          await using place = await repository(`jobs:
  long: { platforms: [${platform}], image: busybox, steps: ["echo started; sleep 1000 & sleep 1000"] }
`);
          const { endpoint } = await bed[engine]();
          const args = ["run", "--host", endpoint];
          const program = startArchway(args, { cwd: place.dir, env: place.env });
          await program.shows("│ started");
          program.child.kill("SIGINT");
          const { code, stderr } = await program.ended;
          assert.equal(code, 130, stderr);
          const events = await eventsOf(place);
          const ended = events.find((event) => event.type === "step" && event.state === "cancelled");
          const started = events.find((event) => event.type === "log");
          assert.ok(ended !== undefined && started !== undefined, stderr);
          assert.equal("exitCode" in ended ? ended.exitCode : undefined, 143);
          assert.ok(ended.at - started.at < 3_000, `it took ${ended.at - started.at} ms`);
        });
      }

      test("a step that handles SIGTERM has its time, and its code is told", async () => {
        await using place = await repository(`jobs:
  long:
    image: debian
    steps:
      - { name: pull, run: "true" }
      - { run: "trap 'echo heard; sleep 2; echo done; exit 5' TERM; echo started; sleep 1000 & wait", timeout: 3s }
`);
        const { endpoint } = await bed[engine]();
        const { stderr } = await archway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
        const events = await eventsOf(place);
        assert.equal(outputOf(events, "step-2"), "started\nheard\ndone\n", stderr);
        const ends = events.flatMap((event) =>
          event.type === "step" && event.state === "failed" ? [[event.exitCode, event.failure?.kind]] : [],
        );
        assert.deepEqual(ends, [[5, "timeout"]]);
      });

      test("on_failure runs whatever failed, once", async () => {
        await using place =
          await repository(`on_failure: [{ name: tell, image: busybox, run: 'echo "$ARCHWAY_FAILED_JOB $ARCHWAY_FAILED_STEP: $ARCHWAY_FAILURE"; ls' }]
jobs:
  proof: { verify: { images: ["${mirror}/no/such:1"] } }
  lost: { image: busybox, services: { db: { image: busybox, run: "exit 3", ready: "false" } }, steps: ["true"] }
  empty: { image: busybox, steps: ["true"], artifacts: { out: "nothing/*" } }
  plain: { image: busybox, retry: { attempts: 2, on: user, delay: 1s }, steps: ["exit 4"] }
`);
        const { endpoint } = await bed[engine]();
        const { code, stderr } = await archway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
        assert.equal(code, 1, stderr);
        const events = await eventsOf(place);
        const told = (job: string) =>
          events
            .flatMap((event) =>
              event.type === "log" && event.job === job && event.source === "tell" ? [event.text] : [],
            )
            .join("");
        assert.match(told("proof"), /^proof verify: archway verify ended with exit code 3/);
        assert.match(told("lost"), /^lost services: The service "db" ended with exit code 3/);
        assert.match(told("empty"), /^empty artifacts: No file fits the artifact "out"/);
        assert.equal(told("plain"), 'plain step-1: The step "step-1" ended with exit code 4.\n');
      });

      test("the program of an image that does not listen is killed soon", async () => {
        await using place = await repository(`jobs:
  long: { image: busybox, steps: [{ entrypoint: [sleep], args: ["1000"], timeout: 2s }] }
`);
        const { endpoint } = await bed[engine]();
        await archway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
        const events = await eventsOf(place);
        const [begin, end] = ["running", "failed"].map(
          (state) => events.find((event) => event.type === "step" && event.state === state)?.at ?? 0,
        );
        assert.ok((end ?? 0) - (begin ?? 0) < 7_000, `${(end ?? 0) - (begin ?? 0)} ms`);
      });
    });
  }
});
