import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { startEngineRelay } from "../faults/engine-relay.ts";
import { archway, workplace, type Workplace } from "./archway.ts";
import { contentOf, leftOnDisk } from "./engine-content.ts";

const needs = ["registry", "docker", "podman", "qemu", "bases"] as const;

describe("archway run --keep of what ran elsewhere", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let head: string;
  before(async () => {
    bed = await startBed({ need: needs });
    const { host } = await bed.registry();
    head = `version: 1\nplatforms: [linux/amd64, linux/arm64]\nregistries: { docker.io: { mirrors: ["${host}"] } }\n`;
    await bed.base("busybox");
  });
  after(() => bed.stop());

  const workOf = async ({ env }: Workplace) => readdir(join(env["XDG_STATE_HOME"] ?? "", "archway", "work"));
  const kindsOf = (content: readonly string[]) => content.map((one) => one.split(" ")[0] ?? "").toSorted();

  const bad = `jobs:
  bad:
    platforms: all
    image: busybox
    cache: [{ path: /cached, key: k }]
    secrets: [{ name: TOKEN, file: /run/token }]
    services: { web: { image: busybox, run: sleep 1000 } }
    steps:
      - "echo cached > /cached/file; echo from the workspace > note"
      - { name: breaks, directory: /tmp, run: "echo left behind > mine; exit 3" }
  good: { platforms: all, image: busybox, steps: ["true"] }
`;
  const typed = Buffer.from(
    "pwd; cat mine /cached/file $ARCHWAY_WORKSPACE/note /run/token; echo; uname -m; ls $ARCHWAY_WORKSPACE/.archway.yaml; exit 4\n",
  );
  const seen = (machine: string) =>
    `/tmp\nleft behind\ncached\nfrom the workspace\ns3cret-value\n${machine}\n/workspace/.archway.yaml\n`;

  for (const kind of ["docker", "podman"] as const) {
    test(`a shell opens on the node (${kind}) where the job failed, and the next --keep cleans that node too`, async () => {
      const here = (await bed[kind === "docker" ? "podman" : "docker"]()).endpoint;
      const there = (await bed[kind]()).endpoint;
      const socket = there.replace("unix://", "");
      await using place = await workplace(bed, { files: { ".archway.yaml": head + bad } });
      const env = { ...place.env, DOCKER_HOST: here, TOKEN: "s3cret-value" };
      const run = (...args: string[]) => archway(["run", ...args, "--secret-env", "TOKEN"], { cwd: place.dir, env });
      const shell = (...args: string[]) => archway(["run", "--shell", ...args], { cwd: place.dir, env, stdin: typed });
      const nothing = await shell("bad");
      assert.equal(nothing.code, 2);
      assert.match(nothing.stderr, /No container of the job "bad" was kept\.[^]*archway run --keep keeps/);
      await using node = await startEngineRelay({ socket, isBlind: true, says: { Arch: "arm64", NCPU: 1 } });
      const onNode = ["--node", `linux/arm64=${node.endpoint}`];

      const failed = await run("bad", "--keep", ...onNode);
      assert.equal(failed.code, 1, failed.stderr);
      assert.match(failed.stderr, /What is kept stays until the next archway run --keep\./);
      const kept = await contentOf(there);
      // The workspace and the cache, each with the container that gives access to it.
      const kinds = ["container", "container", "container", "network", "volume", "volume"];
      assert.deepEqual(kindsOf(kept.filter((one) => !one.startsWith("image"))), kinds);
      const several = await shell("bad");
      assert.equal(several.code, 2);
      assert.match(several.stderr, /Several jobs of the name "bad" were kept: bad@linux\/amd64, bad@linux\/arm64\./);
      for (const args of [["bad@linux/arm64"], ["bad", "--platform", "linux/arm64"]]) {
        const opened = await shell(...args);
        assert.equal(opened.code, 4, opened.stderr);
        assert.equal(opened.stdout, seen("aarch64"), opened.stderr);
        assert.match(opened.stderr, /bad@linux\/arm64 of run \S+, step "breaks" on linux\/arm64/);
      }
      assert.equal((await shell("bad@linux/amd64")).stdout, seen("x86_64"));
      const elsewhere = await shell("bad", "--platform", "linux/arm/v7");
      assert.equal(elsewhere.code, 2);
      assert.match(
        elsewhere.stderr,
        /"bad" was kept on linux\/arm\/v7\.[^]*Kept are: bad@linux\/amd64, bad@linux\/arm64/,
      );

      // A run without --keep cleans up around it.
      assert.equal((await run("good", ...onNode)).code, 0);
      assert.deepEqual(await contentOf(there), kept);

      // The next one lets go, also on a machine that it does not use.
      const next = await run("good", "--platform", "linux/amd64", "--keep");
      assert.equal(next.code, 0, next.stderr);
      for (const endpoint of [here, there]) assert.deepEqual(await contentOf(endpoint), []);
      assert.deepEqual(await leftOnDisk(place), []);
    });
  }

  test("where the engine is gone, or what was kept, that is told", async () => {
    const { endpoint } = await bed.docker();
    const socket = endpoint.replace("unix://", "");
    await using place = await workplace(bed, { files: { ".archway.yaml": head + bad } });
    const env = { ...place.env, DOCKER_HOST: (await bed.podman()).endpoint, TOKEN: "s3cret-value" };
    const run = (...args: string[]) => archway(["run", ...args, "--secret-env", "TOKEN"], { cwd: place.dir, env });
    const shell = () => archway(["run", "--shell", "bad"], { cwd: place.dir, env, stdin: typed });
    const says = { Arch: "arm64", NCPU: 1 };
    await using node = await startEngineRelay({ socket, isBlind: true, says });
    const failed = await run("bad", "--platform", "linux/arm64", "--keep", "--node", `linux/arm64=${node.endpoint}`);
    assert.equal(failed.code, 1, failed.stderr);
    await node.cut();
    const down = await shell();
    assert.equal(down.code, 3, down.stderr);
    assert.match(down.stderr, /The container engine at tcp:\/\/[\d.:]+ does not answer/);
    const next = await run("good", "--platform", "linux/amd64", "--keep");
    assert.equal(next.code, 0, next.stderr);
    assert.match(
      next.stderr,
      /warning: what an earlier run kept at tcp:\/\/[\d.:]+ stays until a run uses that engine/,
    );
    assert.notDeepEqual(await contentOf(endpoint), []);

    await using again = await startEngineRelay({ socket, isBlind: true, says });
    const args = ["--platform", "linux/arm64", "--keep", "--node", `linux/arm64=${again.endpoint}`];
    assert.equal((await run("bad", ...args)).code, 1);
    const kept = await contentOf(endpoint);
    assert.equal(kindsOf(kept).filter((kind) => kind === "network").length, 1, "what was left before is gone");
    for (const part of kept.filter((one) => one.startsWith("container ")))
      execFileSync("docker", ["rm", "-f", part.split("/")[1] ?? ""], { env: { ...bed.env, DOCKER_HOST: endpoint } });
    const gone = await shell();
    assert.equal(gone.code, 2, gone.stderr);
    assert.match(gone.stderr, /has no more what was kept of the job "bad@linux\/arm64" \(container \w{12}\)/);
    const bare = await archway(["run", "bad", "--shell", "bad"], { cwd: place.dir, env });
    assert.equal(bare.code, 2);
    assert.match(bare.stderr, /--shell.*runs nothing: leave out bad/);
    assert.equal((await run("good", ...args)).code, 0);
    assert.deepEqual(await contentOf(endpoint), []);
  });

  /** A repository with a first commit. */
  async function repositoryIn(place: Workplace, pipeline: string) {
    const repository = join(place.dir, "app");
    await mkdir(repository);
    const git = (...args: readonly string[]) =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: repository });
    git("init", "--quiet", "-b", "main");
    await writeFile(join(repository, ".archway.yaml"), head + pipeline);
    git("add", ".");
    git("commit", "--quiet", "-m", "one");
    return { repository, git };
  }

  for (const kind of ["docker", "podman"] as const) {
    test(`what failed of a source is kept with its files (${kind})`, async () => {
      await using place = await workplace(bed, {});
      await repositoryIn(place, bad);
      const { endpoint } = await bed[kind]();
      const env = { ...place.env, DOCKER_HOST: endpoint, TOKEN: "s3cret-value" };
      const run = (...args: string[]) =>
        archway(["run", "--source", "app#main", "--platform", "linux/amd64", "--secret-env", "TOKEN", ...args], {
          cwd: place.dir,
          env,
        });
      const failed = await run("bad", "--keep");
      assert.equal(failed.code, 1, failed.stderr);
      assert.equal((await workOf(place)).length, 1);
      // Where the source was is of no more use.
      await rm(join(place.dir, "app"), { recursive: true });
      for (let time = 0; time < 2; time++) {
        const shell = await archway(["run", "--shell", "bad"], { cwd: place.dir, env, stdin: typed });
        assert.equal(shell.code, 4, shell.stderr);
        assert.equal(shell.stdout, seen("x86_64"), shell.stderr);
      }
      await repositoryIn(place, bad);
      assert.equal((await run("good")).code, 0);
      assert.equal((await workOf(place)).length, 1, "a run without --keep leaves it");
      assert.equal((await run("good", "--keep")).code, 0);
      assert.deepEqual(await contentOf(endpoint), []);
      assert.deepEqual(await leftOnDisk(place), []);
    });
  }

  test("--only with --source takes what an earlier run of the same source left, and runs are counted together", async () => {
    await using place = await workplace(bed, {});
    const { repository, git } = await repositoryIn(
      place,
      `jobs:
  make: { image: busybox, platforms: [linux/amd64], steps: ['echo "made by $ARCHWAY_RUN_NUMBER" > out'], artifacts: { out: out } }
  use: { needs: make, image: busybox, platforms: [linux/amd64], inputs: { in: make.out }, steps: [cat in/out; echo "run $ARCHWAY_RUN_NUMBER"] }
`,
    );
    const env = { ...place.env, DOCKER_HOST: (await bed.docker()).endpoint };
    const run = (source: string, ...args: string[]) =>
      archway(["run", "--source", source, ...args], { cwd: place.dir, env });
    const before = await run("app#main", "use", "--only");
    assert.equal(before.code, 2, before.stderr);
    assert.match(before.stderr, /no earlier run of this pipeline[^]*archway run --source '\/.*\/app#main' use/);
    const first = await run("app#main");
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /│ made by 1\n.*│ run 1\n/);
    await writeFile(join(repository, "more"), "more\n");
    git("add", ".");
    git("commit", "--quiet", "-m", "two");
    const only = await run(`${repository}#main`, "use", "--only");
    assert.equal(only.code, 0, only.stderr);
    assert.match(
      only.stderr,
      /The artifact "out" of "make@linux\/amd64" is that of run \d+-\d+\.[^]*│ made by 1\n.*│ run 2\n/,
    );
    // Another reference is another pipeline.
    git("branch", "other");
    assert.equal((await run("app#other", "use", "--only")).code, 2);
  });
});
