import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { startSshServer, type SshServer } from "../bed/ssh-server.ts";
import { startEngineRelay, type EngineRelay } from "../faults/engine-relay.ts";
import { archway, startArchway, workplace, type Workplace } from "./archway.ts";
import { contentOf, leftOnDisk } from "./engine-content.ts";

const needs = ["registry", "docker", "podman", "qemu", "bases", "ssh"] as const;

describe("archway run on a machine behind ssh", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let head: string;
  let board: EngineRelay;
  let server: SshServer;
  before(async () => {
    bed = await startBed({ need: needs });
    const { host } = await bed.registry();
    head = `version: 1\nplatforms: [linux/amd64, linux/arm64]\nregistries: { docker.io: { mirrors: ["${host}"] } }\njobs:\n`;
    await bed.base("busybox");
    // The machine's docker leads to an engine that is linux/arm64 and does not see our files.
    const socket = (await bed.docker()).endpoint.replace("unix://", "");
    board = await startEngineRelay({ socket, isBlind: true, says: { Arch: "arm64", NCPU: 8 } });
    server = await startServer();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await board[Symbol.asyncDispose]();
    await bed.stop();
  });

  async function startServer(): Promise<SshServer> {
    const environment = { PATH: `${bed.programs}:/usr/bin:/bin`, DOCKER_HOST: board.endpoint };
    return startSshServer(await mkdtemp(join(bed.dir, "sshd-")), environment);
  }
  /** The environment of a machine whose engine is Podman's, and whose ssh gets in. */
  async function environment({ env }: Workplace, client = server.client): Promise<NodeJS.ProcessEnv> {
    return { ...env, PATH: `${client}:${env["PATH"]}`, DOCKER_HOST: (await bed.podman()).endpoint };
  }
  const node = ({ address } = server) => ["--node", `linux/arm64=ssh://${address}`];
  const there = async () => contentOf((await bed.docker()).endpoint);
  /** Programs of ssh that were started with the client of a server. */
  async function connections({ address }: SshServer): Promise<number> {
    const port = address.split(":")[1] ?? "";
    const commands = await Promise.all(
      (await readdir("/proc"))
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
    );
    return commands.filter((command) => /^\S*ssh\0/.test(command) && command.includes(`\0-p\0${port}\0`)).length;
  }

  test("files, caches, secrets and output go through sshd, for as many jobs at once as a machine has slots", async () => {
    await using place = await workplace(bed, {
      files: {
        ".archway.yaml": `${head}  make:
    platforms: [linux/arm64]
    matrix: { n: [1, 2, 3, 4, 5, 6] }
    image: busybox
    cache: [{ path: /cache, key: "k\${{ matrix.n }}" }]
    secrets: [{ name: TOKEN, file: /run/token }]
    artifacts: { made: "out/**" }
    steps:
      - "cat hello; uname -m; cat /run/token | wc -c; mkdir out; echo made > out/file; ls /cache; echo kept > /cache/file"
      - i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i + 1)); done
  use: { needs: make, platforms: [linux/amd64], image: busybox, inputs: { in: make.made }, steps: ["find in -type f | wc -l"] }
`,
        hello: "hello\n",
      },
    });
    const env = { ...(await environment(place)), TOKEN: "0123456789" };
    const ended = await archway(["run", ...node(), "--secret-env", "TOKEN"], { cwd: place.dir, env });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, new RegExp(`natively as linux/arm64 on ssh://${server.address}: it runs it itself`));
    for (const n of [1, 2, 3, 4, 5, 6]) {
      const prefix = `make[n=${n}]@linux/arm64 │ `;
      const lines = ended.stderr
        .split("\n")
        .flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []));
      assert.deepEqual(
        lines.filter((line) => ["hello", "aarch64", "10"].includes(line)),
        ["hello", "aarch64", "10"],
      );
      assert.deepEqual(
        lines.filter((line) => line.startsWith("line ")),
        Array.from({ length: 3000 }, (_, index) => `line ${index}`),
      );
    }
    assert.match(ended.stderr, /^use@linux\/amd64 │ 6$/m);
    assert.deepEqual(await there(), []);
    assert.equal(await connections(server), 0);
  });

  test("a socket of that machine can be named, and Podman's program is taken where there is none of Docker", async () => {
    await using place = await workplace(bed, {
      files: { ".archway.yaml": `${head}  t: { platforms: [linux/amd64], image: busybox, steps: [uname -m] }\n` },
    });
    const { endpoint } = await bed.podman();
    const env = {
      ...(await environment(place)),
      DOCKER_HOST: `ssh://${server.address}${endpoint.replace("unix://", "")}`,
    };
    const ended = await archway(["run"], { cwd: place.dir, env });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /│ x86_64\n/);
    await using plain = await startSshServer(await mkdtemp(join(bed.dir, "sshd-")), { PATH: "/usr/bin:/bin" });
    const podman = {
      ...(await environment(place, plain.client)),
      DOCKER_HOST: `ssh://${plain.address}${endpoint.replace("unix://", "")}`,
    };
    const through = await archway(["run"], { cwd: place.dir, env: podman });
    assert.equal(through.code, 0, through.stderr);
    assert.match(through.stderr, /│ x86_64\n/);
    assert.deepEqual(await contentOf(endpoint), []);
  });

  test("who is not let in is told what ssh says, before anything runs", async () => {
    await using place = await workplace(bed, {
      files: { ".archway.yaml": `${head}  t: { platforms: [linux/arm64], image: busybox, steps: ["true"] }\n` },
    });
    const env = await environment(place, server.stranger);
    const ended = await archway(["run", ...node()], { cwd: place.dir, env });
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /ssh:\/\/\S+ does not answer: ssh: .*Permission denied \(publickey\)/);
    assert.match(ended.stderr, new RegExp(`hint: .*ssh.*${server.address.split(":")[0]}.* docker info`));
    assert.equal(await connections(server), 0);
  });

  test("a cancel is heard there, and nothing is left", async () => {
    await using place = await workplace(bed, {
      files: {
        ".archway.yaml": `${head}  t: { platforms: [linux/arm64], image: busybox, steps: ["trap 'echo heard; exit 0' TERM; echo begun; while true; do sleep 1; done"] }\n`,
      },
    });
    const run = startArchway(["run", ...node()], { cwd: place.dir, env: await environment(place) });
    await run.shows("│ begun");
    run.child.kill("SIGINT");
    const ended = await run.ended;
    assert.equal(ended.code, 130, ended.stderr);
    assert.match(ended.stderr, /│ heard/);
    assert.deepEqual(await there(), []);
    assert.deepEqual(await leftOnDisk(place), []);
    assert.equal(await connections(server), 0);
  });

  test("a shell opens there where a job failed", async () => {
    await using place = await workplace(bed, {
      files: {
        ".archway.yaml": `${head}  bad: { platforms: [linux/arm64], image: busybox, steps: ["echo mine > note; exit 3"] }\n  good: { platforms: [linux/amd64], image: busybox, steps: ["true"] }\n`,
      },
    });
    const env = await environment(place);
    assert.equal((await archway(["run", "bad", "--keep", ...node()], { cwd: place.dir, env })).code, 1);
    const stdin = Buffer.from("cat note; uname -m; exit 5\n");
    const shell = await archway(["run", "--shell", "bad"], { cwd: place.dir, env, stdin });
    assert.equal(shell.code, 5, shell.stderr);
    assert.equal(shell.stdout, "mine\naarch64\n");
    const next = await archway(["run", "good", "--keep"], { cwd: place.dir, env });
    assert.equal(next.code, 0, next.stderr);
    assert.deepEqual(await there(), []);
  });

  test("when the machine goes away in the middle, the next attempt is made elsewhere", async () => {
    await using place = await workplace(bed, {
      files: {
        ".archway.yaml": `${head}  t: { platforms: [linux/arm64], image: busybox, retry: 2, steps: ["echo begun; sleep 4; echo done on $(uname -m)"] }\n`,
      },
    });
    await using other = await startServer();
    const env = await environment(place, other.client);
    const run = startArchway(["run", ...node(other)], { cwd: place.dir, env });
    await run.shows("│ begun");
    await other.kill();
    const ended = await run.ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /ssh:\/\/\S+ has gone; the next attempt is made on another machine/);
    assert.match(ended.stderr, /runs emulated as linux\/arm64 on this machine[^]*│ done on aarch64\n/);
    assert.equal(await connections(other), 0);
    // The next run that comes there removes what is left.
    const next = await archway(["run", ...node()], { cwd: place.dir, env: await environment(place) });
    assert.equal(next.code, 0, next.stderr);
    assert.deepEqual(await there(), []);
  });
});
