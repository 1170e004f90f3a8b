import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { RunSummary } from "../../src/cli/run-summary.ts";
import { runEventSchema } from "../../src/event/event-schema.ts";
import type { RunEvent } from "../../src/event/run-event.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { DockerEngine } from "../../src/job/containerizer/docker-engine.ts";
import { readEndpoint } from "../../src/job/containerizer/engine-endpoint.ts";
import { EngineHttp } from "../../src/job/containerizer/engine-http.ts";
import { archway, startArchway, workplace, type Workplace } from "./archway.ts";

const needs = ["registry", "buildkit", "docker", "podman", "qemu", "bases"] as const;

describe("archway run", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let mirror: string;
  before(async () => {
    bed = await startBed({ need: needs });
    mirror = (await bed.registry()).host;
    await bed.base("busybox");
  });
  after(() => bed.stop());

  /** A repository with a pipeline; `MIRROR` in it stands for the registry of the bed. */
  async function repository(pipeline: string | { readonly scenario: string }): Promise<Workplace> {
    const place = await workplace(bed, typeof pipeline === "string" ? {} : pipeline);
    const file = join(place.dir, ".archway.yaml");
    const written = typeof pipeline === "string" ? pipeline : await readFile(file, "utf8");
    await writeFile(file, written.replaceAll("MIRROR", mirror));
    return place;
  }
  /** Containers and networks of ours that an engine has. */
  async function left(endpoint: string): Promise<readonly string[]> {
    const sources = {
      pin: () => assert.fail("nothing is pulled"),
      archive: () => assert.fail("nothing is loaded"),
      owner: "",
      folder: "",
    };
    const http = await EngineHttp.open(readEndpoint(endpoint, {}), process.env);
    const opened = await DockerEngine.open(http, sources, AbortSignal.timeout(10_000));
    return (await opened.list(AbortSignal.timeout(10_000))).map(({ kind, labels }) => `${kind} of ${labels.run}`);
  }

  const head = 'version: 1\nplatforms: [linux/amd64]\nregistries: { docker.io: { mirrors: ["MIRROR"] } }\n';

  test("built, run, approved and promoted in one run; nothing is pushed without --publish", async () => {
    const node = await bed.buildkit("a");
    const { endpoint } = await bed.docker();
    await using place = await repository(`version: 1
platforms: [linux/amd64, linux/arm64]
registries: { docker.io: { mirrors: ["MIRROR"] } }
jobs:
  image:
    build: { tags: ["MIRROR/team/app:1"], push: true }
    verify: { run: [cat, /made] }
  smoke: { needs: image, platforms: all, image: "\${{ jobs.image.reference }}", steps: [cat /made] }
  approve: { needs: smoke, approval: {} }
  release: { needs: approve, promote: { from: "\${{ jobs.image.digest }}", to: ["MIRROR/team/app:latest"] } }
`);
    await writeFile(join(place.dir, "Dockerfile"), "FROM busybox\nARG TARGETARCH\nRUN echo $TARGETARCH > /made\n");
    const env = { ...place.env, BUILDKIT_HOST: node.endpoint, DOCKER_HOST: endpoint };
    const tags = async () => {
      const answer: { tags?: string[] | null } = JSON.parse(
        await (await fetch(`http://${mirror}/v2/team/app/tags/list`)).text(),
      );
      return (answer.tags ?? []).toSorted();
    };
    const dry = await archway(["run", "--approve", "approve", "--format", "json"], { cwd: place.dir, env });
    assert.equal(dry.code, 0, dry.stderr);
    const { images, jobs } = JSON.parse(dry.stdout) as RunSummary;
    assert.match(images[0]?.reference ?? "", /^oci:\//);
    assert.match(jobs.find(({ job }) => job === "release")?.reason ?? "", /it would promote .* which needs --publish/);
    assert.match(dry.stderr, /smoke@linux\/arm64.*│.* arm64\n/);
    assert.deepEqual(await tags(), []);

    const unasked = await archway(["run", "approve"], { cwd: place.dir, env });
    assert.equal(unasked.code, 1, unasked.stderr);
    assert.match(unasked.stderr, /waits for an approval, and there is no terminal to ask on\.[^]*--approve approve/);

    const real = await archway(["run", "--publish", "--approve", "approve", "--format", "json"], {
      cwd: place.dir,
      env,
    });
    assert.equal(real.code, 0, real.stderr);
    const published: RunSummary = JSON.parse(real.stdout);
    assert.deepEqual(await tags(), ["1", "latest"]);
    const head = await fetch(`http://${mirror}/v2/team/app/manifests/latest`, {
      method: "HEAD",
      headers: { accept: "application/vnd.oci.image.index.v1+json" },
    });
    assert.equal(head.headers.get("docker-content-digest"), published.images[0]?.digest);
  });

  test("a pipeline of IceCI runs after its import", async () => {
    const { endpoint } = await bed.docker();
    await using place = await workplace(bed, {});
    const old = `services:
  - name: web
    image: busybox
    script: mkdir /www; echo served > /www/page; httpd -f -p 8000 -h /www
globals:
  environment: [{ name: GREETING, value: hello }]
  onFailure: [{ handlerName: tell }]
failureHandlers:
  - { name: tell, image: busybox, script: echo "$ICECI_FAILED_STEP_NAME went wrong" }
steps:
  - name: write
    containerRun: { image: busybox, script: 'echo "$GREETING on $ICECI_GIT_EVENT_TYPE" > note' }
  - name: ask
    containerRun: { image: busybox, script: 'cat note; sleep 1; wget -q -O - http://web:8000/page' }
  - name: fail
    containerRun: { image: busybox, script: exit 3 }
`;
    await writeFile(join(place.dir, ".iceci.yaml"), old);
    const imported = await archway(["import", "iceci", ".iceci.yaml", "-o", ".archway.yaml"], {
      cwd: place.dir,
      env: place.env,
    });
    assert.equal(imported.code, 0, imported.stderr);
    const file = join(place.dir, ".archway.yaml");
    await writeFile(file, `${await readFile(file, "utf8")}registries: { docker.io: { mirrors: ["${mirror}"] } }\n`);
    const { code, stderr } = await archway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /│ hello on push\n.*│ served\n/s);
    assert.match(stderr, /│ fail went wrong\n/);
  });

  for (const engine of ["docker", "podman"] as const) {
    describe(`with ${engine}`, () => {
      const start = async (place: Workplace, args: readonly string[], more: object = {}) => {
        const { endpoint } = await bed[engine]();
        const ran = await archway(["run", "--host", endpoint, ...args], {
          cwd: place.dir,
          env: { ...place.env, ...more },
        });
        const runs = join(place.env["XDG_STATE_HOME"] ?? "", "archway", "runs");
        const last = (await readdir(runs).catch(() => [])).toSorted((a, b) => (a < b ? -1 : 1)).at(-1);
        const lines = last === undefined ? "" : await readFile(join(runs, last, "events.jsonl"), "utf8");
        const events = lines
          .trim()
          .split("\n")
          .filter(Boolean)
          .map((line): RunEvent => JSON.parse(line));
        // The published schema tells of every event, and of everything in it.
        for (const event of events) assert.deepEqual(runEventSchema.parse(event), event);
        return { ...ran, events };
      };
      const outputOf = (events: readonly RunEvent[], job: string, source: string) =>
        events
          .flatMap((event) =>
            event.type === "log" && event.job === job && event.source === source ? [event.text ?? ""] : [],
          )
          .join("");

      test("three platforms, artifacts, caches, secrets and a service in one run", async () => {
        await using place = await repository({ scenario: "run-platforms" });
        const first = await start(place, ["--secret-env", "TOKEN"], { TOKEN: "s3cret-value" });
        assert.equal(first.code, 0, first.stderr);
        const machines = { "linux/amd64": "x86_64", "linux/arm64": "aarch64", "linux/arm/v7": "armv7l" };
        for (const [platform, machine] of Object.entries(machines)) {
          assert.equal(outputOf(first.events, `test@${platform}`, "step-1"), `${machine}\ninput\n`);
          assert.match(
            outputOf(first.events, `test@${platform}`, "last"),
            new RegExp(`in ${platform.replaceAll("/", "_")}, hello`),
          );
        }
        assert.equal(outputOf(first.events, "join", "step-1"), "x86_64\naarch64\narmv7l\n");
        assert.equal(outputOf(first.events, "join", "step-2"), "served\n");
        assert.equal(outputOf(first.events, "join", "arguments"), "one two words\n");
        const everything = JSON.stringify(first.events) + first.stderr;
        assert.ok(!everything.includes("s3cret-value"), "the secret is in the output");
        assert.ok(
          !everything.includes(Buffer.from("user:s3cret-value").toString("base64").slice(8, 20)),
          "its base64 is",
        );
        assert.deepEqual(
          first.events.map(({ index }) => index),
          first.events.map((_, index) => index),
        );

        const second = await start(place, ["--secret-env", "TOKEN"], { TOKEN: "s3cret-value" });
        assert.equal(second.code, 0, second.stderr);
        for (const platform of Object.keys(machines))
          assert.equal(outputOf(second.events, `test@${platform}`, "cached"), "machine\n");
        assert.deepEqual(
          second.events.flatMap((event) => (event.type === "cache" ? [event.result] : [])),
          ["hit", "hit", "hit"],
        );
      });

      test("a failure runs its handlers, leaves out what needs it, and is told", async () => {
        await using place = await repository(
          `${head}jobs:
  bad:
    image: busybox
    steps:
      - echo before; exit 7
      - echo never
      - { name: clean, run: echo cleaned, when: always }
    on_failure: [{ name: tell, run: "echo $ARCHWAY_FAILED_STEP of $ARCHWAY_FAILED_JOB" }]
  after: { needs: bad, image: busybox, steps: [echo no] }
  slow: { image: busybox, steps: [{ run: sleep 100, timeout: 1s }] }
`,
        );
        const { code, events, stderr } = await start(place, ["--jobs", "2"]);
        assert.equal(code, 1, stderr);
        assert.equal(outputOf(events, "bad", "clean"), "cleaned\n");
        assert.equal(outputOf(events, "bad", "tell"), "step-1 of bad\n");
        assert.match(stderr, /bad: The step "step-1" ended with exit code 7\./);
        assert.match(stderr, /slow: The step "step-1" did not end within 1 s\. \(timeout\)/);
        const states = events.flatMap((event) =>
          event.type === "job" && !["waiting", "queued", "running"].includes(event.state)
            ? [`${event.job} ${event.state}`]
            : [],
        );
        assert.deepEqual(states.sort(), ["after skipped", "bad failed", "slow failed"]);
      });

      test("Ctrl-C ends a step that does not listen to its shell at once, and leaves nothing", async () => {
        await using place = await repository(
          `${head}jobs:
  long:
    image: busybox
    services: { db: { image: busybox, run: sleep 1000 } }
    steps:
      - { name: sleeper, run: "echo started; sleep 1000" }
      - { name: clean, run: echo cleaned, when: always }
`,
        );
        const { endpoint } = await bed[engine]();
        const program = startArchway(["run", "--host", endpoint, "--progress", "json"], {
          cwd: place.dir,
          env: place.env,
        });
        await program.shows('"text":"started');
        const at = performance.now();
        program.child.kill("SIGINT");
        const { code, stderr } = await program.ended;
        assert.equal(code, 130, stderr);
        assert.ok(performance.now() - at < 9_000, "it waited for the grace to run out");
        assert.match(stderr, /"text":"cleaned\\n"/);
        assert.deepEqual(await left(endpoint), []);
      });

      test("what a killed run leaves, the next one removes", async () => {
        await using place = await repository(
          `${head}jobs:\n  long: { image: busybox, steps: ["echo started; sleep 1000"] }\n  short: { image: busybox, steps: [echo short] }\n`,
        );
        const { endpoint } = await bed[engine]();
        const program = startArchway(["run", "long", "--host", endpoint], { cwd: place.dir, env: place.env });
        await program.shows("│ started");
        program.child.kill("SIGKILL");
        await program.ended;
        assert.notDeepEqual(await left(endpoint), []);
        const work = join(place.env["XDG_STATE_HOME"] ?? "", "archway", "work");
        assert.equal((await readdir(work)).length, 1);
        const { code, stderr } = await start(place, ["short"]);
        assert.equal(code, 0, stderr);
        assert.deepEqual(await left(endpoint), []);
        assert.deepEqual(await readdir(work), []);
      });

      test("too much memory is told as that, and nothing else is retried", async () => {
        await using place = await repository(
          `${head}jobs:
  hungry:
    image: busybox
    resources: { memory: 16MiB }
    steps: [{ name: eat, run: "exec tail -c 200000000 /dev/zero", retry: { attempts: 3 } }]
`,
        );
        const { code, events, stderr } = await start(place, []);
        assert.equal(code, 1, stderr);
        const failures = events.flatMap((event) =>
          event.type === "job" && event.failure !== undefined ? [event.failure.kind] : [],
        );
        assert.deepEqual(failures, ["out-of-memory"]);
        assert.equal(events.filter((event) => event.type === "step" && event.state === "running").length, 1);
      });

      test("200,000 lines, a line of 20 MB and binary output come whole and in order", async () => {
        await using place = await repository(
          `${head}jobs:
  loud:
    image: busybox
    steps:
      - seq 1 200000
      - head -c 20000000 /dev/zero | tr '\\0' x
      - printf '\\377\\000\\376'
`,
        );
        const { code, events, stderr } = await start(place, ["--progress", "quiet"]);
        assert.equal(code, 0, stderr);
        const lines = outputOf(events, "loud", "step-1").trim().split("\n");
        assert.equal(lines.length, 200_000);
        assert.ok(lines.every((line, index) => line === String(index + 1)));
        assert.equal(outputOf(events, "loud", "step-2"), "x".repeat(20_000_000));
        const binary = events.flatMap((event) =>
          event.type === "log" && event.source === "step-3"
            ? [Buffer.from(event.base64 ?? event.text ?? "", event.base64 === undefined ? "utf8" : "base64")]
            : [],
        );
        assert.equal(Buffer.concat(binary).toString("hex"), "ff00fe");
      });
    });
  }
});
