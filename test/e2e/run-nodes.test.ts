import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { RunEvent } from "../../src/event/run-event.ts";
import { DockerEngine } from "../../src/job/containerizer/docker-engine.ts";
import { readEndpoint } from "../../src/job/containerizer/engine-endpoint.ts";
import { EngineHttp } from "../../src/job/containerizer/engine-http.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { makeAuthority, makeCertificate } from "../bed/certificates.ts";
import { startEngineRelay, type EngineRelay, type RelayOptions } from "../faults/engine-relay.ts";
import { archway, startArchway, workplace, type Ended, type Workplace } from "./archway.ts";

const needs = ["registry", "docker", "podman", "qemu", "bases"] as const;

describe("archway run on other machines", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let mirror: string;
  before(async () => {
    bed = await startBed({ need: needs });
    mirror = (await bed.registry()).host;
    await bed.base("busybox");
  });
  after(() => bed.stop());

  async function repository(
    jobs: string,
    files: Readonly<Record<string, string>> = {},
    platforms = "linux/amd64, linux/arm64",
  ): Promise<Workplace> {
    const head = `version: 1\nplatforms: [${platforms}]\nregistries: { docker.io: { mirrors: ["${mirror}"] } }\n`;
    return workplace(bed, { files: { ".archway.yaml": head + jobs, ...files } });
  }
  const socketOf = (endpoint: string) => endpoint.replace("unix://", "");
  /** An engine of the bed that says of itself that it is linux/arm64, and does not see our files. */
  async function board(kind: "docker" | "podman", more: Partial<RelayOptions> = {}): Promise<EngineRelay> {
    const { endpoint } = await bed[kind]();
    return startEngineRelay({ socket: socketOf(endpoint), isBlind: true, says: { Arch: "arm64", NCPU: 1 }, ...more });
  }
  /** What an engine has of ours. */
  async function left(endpoint: string): Promise<readonly string[]> {
    const none = () => assert.fail("nothing is pulled");
    const sources = { pin: none, archive: none, owner: "", folder: "" };
    const http = await EngineHttp.open(readEndpoint(endpoint, {}), process.env);
    const engine = await DockerEngine.open(http, sources, AbortSignal.timeout(20_000));
    return (await engine.list(AbortSignal.timeout(20_000))).map(({ kind, id }) => `${kind} ${id}`);
  }
  const eventsOf = ({ stdout }: Ended): readonly RunEvent[] =>
    stdout
      .trim()
      .split("\n")
      .map((line): RunEvent => JSON.parse(line));
  const logOf = (events: readonly RunEvent[], job: string) =>
    events.flatMap((event) => (event.type === "log" && event.job === job ? [event.text ?? ""] : [])).join("");

  const moving = `jobs:
  make:
    platforms: [linux/arm64]
    image: busybox
    cache: [{ path: /cache, key: apart }, { path: deps/inner, key: inside }]
    artifacts: { made: ["out/**", "!out/not"] }
    steps:
      - cat hello; uname -m; test -x tool; readlink link; ls /cache deps/inner
      - |
        echo apart > /cache/file; echo inside > deps/inner/file
        mkdir -p out/deep; echo made > out/deep/file; ln out/deep/file out/other; ln -s deep/file out/link; echo no > out/not
      - { name: secret, secrets: [{ name: TOKEN, file: /run/secrets/token }, { name: TOKEN, file: /workspace/.npmrc }], run: "wc -c /run/secrets/token .npmrc; test ! -w /nowhere" }
      - cat .npmrc; ls /run/secrets || echo gone
  use:
    needs: make
    platforms: [linux/amd64]
    image: busybox
    inputs: { in: make.made }
    steps: ["cd in/out; find . | sort; cat link other"]
`;

  for (const kind of ["docker", "podman"] as const) {
    test(`files go to another machine's ${kind} and come back: workspace, caches, secrets, artifacts`, async () => {
      await using node = await board(kind);
      await using place = await repository(moving, { hello: "hello\n", ".npmrc": "as it was\n" });
      await writeFile(join(place.dir, "tool"), "#!/bin/sh\n", { mode: 0o755 });
      await symlink("hello", join(place.dir, "link"));
      const env = { ...place.env, DOCKER_HOST: (await bed.docker()).endpoint, TOKEN: "0123456789abcdef" };
      const args = ["run", "--node", `linux/arm64=${node.endpoint}`, "--secret-env", "TOKEN", "--events", "-"];
      // What comes from the store of caches does so for every engine.
      for (const round of kind === "docker" ? ["first", "second"] : ["first"]) {
        const ended = await archway(args, { cwd: place.dir, env });
        assert.equal(ended.code, 0, ended.stderr);
        const events = eventsOf(ended);
        const places = events.flatMap((event) =>
          event.type === "placed" ? [`${event.job} ${event.machine} ${event.mode}`] : [],
        );
        assert.deepEqual(places, [`make@linux/arm64 ${node.endpoint} native`, "use@linux/amd64 this machine native"]);
        const made = logOf(events, "make@linux/arm64");
        assert.match(made, /^hello\naarch64\nhello\n/);
        if (round === "second") assert.match(made, /\/cache:\nfile\n\ndeps\/inner:\nfile\n/);
        assert.match(made, /16 \/run\/secrets\/token\n +16 \.npmrc\n/);
        assert.match(made, /as it was\n.*gone\n$/s);
        const caches = events.flatMap((event) => (event.type === "cache" ? [`${event.path} ${event.result}`] : []));
        assert.deepEqual(
          caches,
          round === "first"
            ? ["/cache miss", "deps/inner miss", "/cache saved", "deps/inner saved"]
            : ["/cache hit", "deps/inner hit"],
        );
        assert.match(logOf(events, "use@linux/amd64"), /\.\/deep\/file\n.*\.\/link\n\.\/other\nmade\nmade\n$/s);
        assert.doesNotMatch(logOf(events, "use@linux/amd64"), /not/);
      }
      assert.deepEqual(await left(node.endpoint), []);
    });
  }

  test("an engine that does not see the files of this machine is found out by itself", async () => {
    const jobs = "jobs:\n  one: { image: busybox, steps: [cat hello] }\n";
    for (const kind of ["docker", "podman"] as const) {
      await using place = await repository(jobs, { hello: `hello ${kind}\n` });
      await mkdir(place.env["XDG_STATE_HOME"] ?? "", { recursive: true });
      const { endpoint } = await bed[kind]();
      // State that only this process sees: what an engine in a virtual machine does not see either.
      const through = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none "$XDG_STATE_HOME" && exec "$@"', "sh"];
      const run = { cwd: place.dir, env: { ...place.env, DOCKER_HOST: endpoint } };
      const apart = await archway(["run"], { ...run, through });
      assert.equal(apart.code, 0, apart.stderr);
      assert.match(apart.stderr, new RegExp(`on ${endpoint}[^]*hello ${kind}`));
      const here = await archway(["run"], run);
      assert.match(here.stderr, new RegExp(`on this machine[^]*hello ${kind}`));
      assert.deepEqual(await left(endpoint), []);
    }
  });

  test("a node is what its engine is: other claims, and nodes that do not answer, end the run before it begins", async () => {
    const { endpoint } = await bed.docker();
    await using node = await startEngineRelay({ socket: socketOf(endpoint) });
    await using place = await repository("jobs:\n  t: { platforms: all, image: busybox, steps: [uname -m] }\n");
    const env = { ...place.env, DOCKER_HOST: endpoint };
    const run = (...args: readonly string[]) => archway(["run", ...args], { cwd: place.dir, env });
    const wrong = await run("--node", `linux/arm64=${node.endpoint}`);
    assert.equal(wrong.code, 2, wrong.stderr);
    assert.match(
      wrong.stderr,
      /is named for linux\/arm64, but it is linux\/amd64, and would only emulate linux\/arm64/,
    );
    // A Raspberry Pi with a 32-bit system on a 64-bit kernel.
    await using pi = await startEngineRelay({
      socket: socketOf(endpoint),
      says: { Arch: "arm", Architecture: "aarch64" },
    });
    const trap = await run("--node", `linux/arm64=${pi.endpoint}`);
    assert.equal(trap.code, 2, trap.stderr);
    assert.match(trap.stderr, /but it is linux\/arm\/v7/);
    const away = await run("--node", "linux/arm64=tcp://127.0.0.1:1");
    assert.equal(away.code, 3, away.stderr);
    assert.match(away.stderr, /engine at tcp:\/\/127\.0\.0\.1:1 does not answer: connect ECONNREFUSED/);
    assert.doesNotMatch(away.stderr, /│/);
    const spare = await run("--node", "linux/amd64=tcp://127.0.0.1:1", "--platform", "linux/amd64");
    assert.equal(spare.code, 0, spare.stderr);
    assert.match(spare.stderr, /warning: the node for linux\/amd64 is left out/);
  });

  test("nodes of the configuration run jobs; those that only build are left out, and said", async () => {
    const { endpoint } = await bed.docker();
    await using node = await board("docker");
    await using registry = await startEngineRelay({ socket: socketOf(endpoint), says: { Version: 1 } });
    const jobs = "jobs:\n  t: { platforms: all, image: busybox, steps: [uname -m] }\n";
    const nodes = `nodes: { arm64: ["${node.endpoint}", builder, "docker-container://x", "${registry.endpoint}"] }\n`;
    await using place = await repository(nodes + jobs);
    const ended = await archway(["run"], { cwd: place.dir, env: { ...place.env, DOCKER_HOST: endpoint } });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, new RegExp(`natively as linux/arm64 on ${node.endpoint}`));
    assert.match(ended.stderr, new RegExp(`${registry.endpoint} of the configuration is no Docker or Podman engine`));
  });

  test("an image that another machine cannot pull is sent to it", async () => {
    const { endpoint } = await bed.podman();
    await using node = await startEngineRelay({ socket: socketOf(endpoint), isBlind: true, isCutOff: true });
    // No other test has brought this platform to that engine.
    await using place = await repository(
      "jobs:\n  t: { platforms: [linux/arm/v7], image: busybox, steps: [uname -m] }\n",
      {},
      "linux/arm/v7",
    );
    const env = { ...place.env, DOCKER_HOST: node.endpoint };
    const ended = await archway(["run"], { cwd: place.dir, env });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /emulated as linux\/arm\/v7 on tcp:[^]*│ armv7l\n/);
    assert.deepEqual(await left(endpoint), []);
  });

  test("jobs wait for the machine that is native, with the reason; nobody else is held up", async () => {
    await using node = await board("docker");
    await using place = await repository(
      "jobs:\n  t: { platforms: all, matrix: { n: [1, 2] }, image: busybox, steps: [sleep 1] }\n",
    );
    const env = { ...place.env, DOCKER_HOST: (await bed.docker()).endpoint };
    const args = ["run", "--jobs", "2", "--node", `linux/arm64=${node.endpoint}`, "--events", "-"];
    const ended = await archway(args, { cwd: place.dir, env });
    assert.equal(ended.code, 0, ended.stderr);
    const waits = eventsOf(ended).flatMap((event) =>
      event.type === "job" && event.state === "queued" && event.reason !== undefined
        ? [`${event.job} ${event.reason}`]
        : [],
    );
    assert.deepEqual(waits, [
      `t[n=2]@linux/arm64 for ${node.endpoint}, which runs linux/arm64 itself: 1 job runs there`,
    ]);
  });

  test("when a machine goes away in the middle, the next attempt is made on another one", async () => {
    await using node = await board("podman");
    await using place = await repository(
      "jobs:\n  t: { platforms: [linux/arm64], image: busybox, steps: [echo begun; sleep 3; echo done], retry: { attempts: 2, on: infrastructure } }\n",
    );
    const env = { ...place.env, DOCKER_HOST: (await bed.docker()).endpoint };
    const args = ["run", "--node", `linux/arm64=${node.endpoint}`];
    const run = startArchway(args, { cwd: place.dir, env });
    await run.shows("begun\n");
    await node.cut();
    const ended = await run.ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /Attempt 1 of 2 failed: The container engine at tcp:\/\/[\d.:]+ does not answer/);
    assert.match(ended.stderr, /has gone; the next attempt is made on another machine/);
    assert.match(ended.stderr, /runs emulated as linux\/arm64 on this machine[^]*done\n/);
    // What the lost machine has is removed by the next run that reaches it.
    await using again = await board("podman");
    const second = await archway(["run", "--node", `linux/arm64=${again.endpoint}`], { cwd: place.dir, env });
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual(await left(again.endpoint), []);
  });

  test("what a killed run left on another machine goes with the next one", async () => {
    await using node = await board("docker");
    await using place = await repository(
      "jobs:\n  t: { platforms: [linux/arm64], image: busybox, cache: [{ path: /c, key: k }], env: { SECONDS_TO_SLEEP: '${{ inputs.seconds }}' }, steps: ['echo begun; sleep \"$SECONDS_TO_SLEEP\"'] }\non: { manual: { inputs: { seconds: { default: '0' } } } }\n",
    );
    const env = { ...place.env, DOCKER_HOST: (await bed.docker()).endpoint };
    const args = ["run", "--node", `linux/arm64=${node.endpoint}`];
    const run = startArchway([...args, "--event", "manual", "--input", "seconds=60"], { cwd: place.dir, env });
    await run.shows("begun\n");
    run.child.kill("SIGKILL");
    await run.ended;
    const there = (await left(node.endpoint)).map((one) => one.split(" ")[0] ?? "").toSorted();
    assert.deepEqual(there, ["container", "container", "container", "image", "network", "volume", "volume"]);
    const next = await archway(args, { cwd: place.dir, env });
    assert.equal(next.code, 0, next.stderr);
    assert.deepEqual(await left(node.endpoint), []);
  });

  test("TLS with a client's certificate, as Docker's own client is told of it", async () => {
    const folder = join(bed.dir, "tls");
    await mkdir(folder);
    const authority = await makeAuthority(folder, "ca");
    const { cert, key } = await makeCertificate(folder, "engine", authority);
    const read = (path: string) => readFile(path, "utf8");
    const tls = { ca: await read(authority.cert), cert: await read(cert), key: await read(key) };
    for (const [name, text] of Object.entries(tls)) await writeFile(join(folder, `${name}.pem`), text);
    const { endpoint } = await bed.docker();
    await using relay = await startEngineRelay({ socket: socketOf(endpoint), tls });
    await using place = await repository("jobs:\n  t: { image: busybox, steps: [echo safe] }\n");
    const env = { ...place.env, DOCKER_HOST: relay.endpoint, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder };
    const ended = await archway(["run"], { cwd: place.dir, env });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /safe/);
    const { DOCKER_TLS_VERIFY: _, ...plain } = env;
    const open = await archway(["run"], { cwd: place.dir, env: plain });
    assert.equal(open.code, 3, open.stderr);
    const other = await makeAuthority(folder, "other");
    await writeFile(join(folder, "ca.pem"), await read(other.cert));
    const stranger = await archway(["run"], { cwd: place.dir, env });
    assert.equal(stranger.code, 3, stranger.stderr);
    assert.match(stranger.stderr, /does not answer: .*certificate/);
  });
});
