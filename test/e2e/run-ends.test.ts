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

      test("what keeps a container from starting or going on is told as what it is", async () => {
        const programs = {
          "linux program": "\x7fELF of nobody\0\0\0\0\0\0\0\0",
          plain: "no program",
          interpreted: "#!/no/such/interpreter\n",
        };
        await using place = await repository(`jobs:
  missing: { image: busybox, steps: [{ entrypoint: [/no/such], args: [] }] }
  unknown: { image: busybox, steps: [{ entrypoint: [nosuch], args: [] }] }
  foreign: { image: busybox, steps: [{ entrypoint: ["/workspace/linux program"], args: [] }] }
  denied: { image: busybox, steps: [{ entrypoint: [/workspace/plain], args: [] }] }
  folder: { image: busybox, steps: [{ entrypoint: [/etc], args: [] }] }
  interpreted: { image: busybox, steps: [{ entrypoint: [/workspace/interpreted], args: [] }] }
  user: { image: busybox, user: nosuch, steps: ["true"] }
  group: { image: busybox, user: "0:nosuch", steps: ["true"] }
  mount: { image: busybox, workspace: /proc/x, steps: ["true"] }
  directory: { image: busybox, steps: [{ run: "true", directory: /etc/passwd }] }
  disk: { image: busybox, steps: ["echo x > /dev/full"] }
`);
        for (const [name, content] of Object.entries(programs))
          await writeFile(join(place.dir, name), Buffer.from(content, "latin1"), {
            mode: name === "plain" ? 0o644 : 0o755,
          });
        const { endpoint } = await bed[engine]();
        const { stderr } = await archway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
        const failures = (await eventsOf(place)).flatMap((event) =>
          event.type === "step" && event.failure !== undefined ? [[event.job, event.failure] as const] : [],
        );
        assert.deepEqual(
          Object.fromEntries(failures.map(([job, { kind, code }]) => [job, `${kind} ${code}`])),
          {
            missing: "user START_FAILED",
            unknown: "user START_FAILED",
            foreign: "user STEP_FAILED",
            denied: "user START_FAILED",
            folder: "user START_FAILED",
            interpreted: "user STEP_FAILED",
            user: "user START_FAILED",
            group: "user START_FAILED",
            mount: "user START_FAILED",
            directory: "user START_FAILED",
            disk: "user STEP_FAILED",
          },
          stderr,
        );
        for (const [job, { hint, explained }] of failures)
          assert.ok(hint !== undefined || explained !== undefined || job === "interpreted", `${job} has no next step`);
      });

      test("on_failure runs whatever failed, once", async () => {
        await using place =
          await repository(`on_failure: [{ name: tell, image: busybox, run: 'echo "$ARCHWAY_FAILED_JOB $ARCHWAY_FAILED_STEP: $ARCHWAY_FAILURE"; ls' }]
jobs:
  proof: { build: { file: no/such.Dockerfile } }
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
        assert.match(told("proof"), /^proof build: .*no\/such\.Dockerfile/);
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

  test("an engine that is killed in the middle is the infrastructure's failure", async () => {
    await using place = await repository(`jobs:
  long: { image: busybox, steps: ["echo started; sleep 1000", { name: clean, run: "true", when: always }] }
`);
    const docker = await bed.docker();
    const args = ["run", "--host", docker.endpoint];
    const program = startArchway(args, { cwd: place.dir, env: place.env });
    await program.shows("│ started");
    await docker.kill("SIGKILL");
    const { code, stderr } = await program.ended;
    await docker.restart();
    assert.equal(code, 3, stderr);
    assert.doesNotMatch(stderr, /UNEXPECTED|JOB_BROKEN|\n {4}at /);
    assert.match(stderr, /long: The container engine at unix:.* does not answer/);
  });
});
