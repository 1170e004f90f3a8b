import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { BuildkitNode } from "../bed/buildkit.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, startArchway, workplace } from "./archway.ts";
import type { Workplace } from "./archway.ts";
import { startStepGate } from "./step-gate.ts";

const run = promisify(execFile);
const needs = ["registry", "buildkit", "qemu", "bases", "crane"] as const;
const both = "linux/amd64,linux/arm64";

describe("a build that is disturbed", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  let x86: BuildkitNode;
  let arm: BuildkitNode;
  before(async () => {
    bed = await startBed({ need: needs });
    registry = await bed.registry();
    x86 = await bed.buildkit("a");
    arm = await bed.buildkit("b");
    await bed.base("alpine");
  });
  after(() => bed.stop());

  const place = (dockerfile: string) => workplace(bed, { mirror: registry.host, files: { Dockerfile: dockerfile } });
  const nodes = () => ["--node", `linux/amd64=${x86.endpoint}`, "--node", `linux/arm64=${arm.endpoint}`];
  const args = (image: string, more: readonly string[] = []) => [
    "build",
    ".",
    "--platform",
    both,
    "-t",
    image,
    "--push",
    "--progress",
    "plain",
    "--format",
    "json",
    ...nodes(),
    ...more,
  ];
  const options = (at: Workplace) => ({ cwd: at.dir, env: at.env });
  const assertNoTag = (image: string) =>
    assert.rejects(run("crane", ["digest", "--insecure", image], { env: bed.env }), `${image} must not exist`);
  /** What runs in this place have left among the temporary files. */
  const temporaryFiles = (at: Workplace) => readdir(at.env["TMPDIR"] ?? "");

  test("one node is killed in the middle: a message, no tag, and the next run builds only its platform", async () => {
    const image = `${registry.host}/resilience/node:1`;
    // The other half waits until its node is gone.
    await using gate = await startStepGate();
    await using at = await place(
      `FROM alpine:3.6\nARG TARGETARCH\nRUN if [ $TARGETARCH = arm64 ]; then ${gate.wait}; fi\n`,
    );
    const started = startArchway(args(image), options(at));
    await started.shows("[linux/amd64] proven");
    await Promise.race([gate.reached, started.ended]);
    await arm.kill("SIGKILL");
    gate.open();
    const ended = await started.ended;
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /linux\/arm64/);
    assert.match(ended.stderr, /No tag was moved/);
    await assertNoTag(image);

    await arm.restart();
    const again = await archway(args(image), options(at));
    assert.equal(again.code, 0, again.stderr);
    const { platforms } = JSON.parse(again.stdout);
    assert.deepEqual(
      platforms.map((one: { resumed: boolean }) => one.resumed),
      [true, false],
    );
    await run("crane", ["validate", "--insecure", "--remote", image], { env: bed.env });

    const third = await archway(args(image), options(at));
    assert.deepEqual(
      JSON.parse(third.stdout).platforms.map((one: { resumed: boolean }) => one.resumed),
      [false, false],
      "after success nothing is resumed",
    );
  });

  test("the registry goes away between the children and the index: no tag, then resume", async () => {
    const image = `${registry.host}/resilience/registry:1`;
    await using gate = await startStepGate();
    await using at = await place(
      `FROM alpine:3.6\nARG TARGETARCH\nRUN if [ $TARGETARCH = arm64 ]; then ${gate.wait}; fi; echo two > /two\n`,
    );
    const started = startArchway(args(image), options(at));
    await started.shows("[linux/amd64] proven");
    gate.open();
    await started.shows("[linux/arm64] being proven");
    await registry.kill("SIGKILL");
    const ended = await started.ended;
    await registry.restart();
    if (ended.code !== 0) {
      assert.equal(ended.code, 3, ended.stderr);
      await assertNoTag(image);
    }
    const again = await archway(args(image), options(at));
    assert.equal(again.code, 0, again.stderr);
    await run("crane", ["validate", "--insecure", "--remote", image], { env: bed.env });
  });

  test("Ctrl-C: exit 130, no tag, nothing left behind", async () => {
    const image = `${registry.host}/resilience/interrupt:1`;
    await using gate = await startStepGate();
    await using at = await place(`FROM alpine:3.6\nRUN ${gate.wait}\n`);
    const started = startArchway(args(image), options(at));
    await Promise.race([gate.reached, started.ended]);
    started.child.kill("SIGINT");
    const ended = await started.ended;
    assert.equal(ended.code, 130, ended.stderr);
    assert.doesNotMatch(ended.stderr, /\n\s+at /);
    await assertNoTag(image);
    assert.deepEqual(await temporaryFiles(at), []);
    // Else it would wait for ever.
    await gate.left;
  });

  test("kill -9 at any phase: no half-published tag, and the same command ends well", async () => {
    const rounds = Number(process.env["ARCHWAY_SOAK"] ?? 4);
    for (let round = 0; round < rounds; round += 1) {
      const image = `${registry.host}/resilience/kill:${round}`;
      await using at = await place(`FROM alpine:3.6\nRUN echo ${round} ${Math.random()} > /round; sleep 0.3\n`);
      const started = startArchway(args(image), options(at));
      const phases = ["building on", "being proven", "publishing: index", "WHY"] as const;
      await started.shows(phases[round % phases.length] ?? "WHY");
      started.child.kill("SIGKILL");
      await started.ended;
      const tag = await run("crane", ["digest", "--insecure", image], { env: bed.env }).catch(() => undefined);
      if (tag) await run("crane", ["validate", "--insecure", "--remote", image], { env: bed.env });
      const again = await archway(args(image), options(at));
      assert.equal(again.code, 0, again.stderr);
      await run("crane", ["validate", "--insecure", "--remote", image], { env: bed.env });
      assert.deepEqual(await temporaryFiles(at), [], "the next run cleans up after a killed one");
    }
  });

  test(
    "the disk is full while the layout is written: exit 3, no file, then it works",
    { skip: process.getuid?.() !== 0 && "needs root to mount a small disk" },
    async () => {
      await using at = await place("FROM alpine:3.6\nRUN head -c 6000000 /dev/urandom > /big\n");
      const disk = join(at.dir, "..", "disk");
      await mkdir(disk);
      await run("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
      try {
        const oci = [
          "build",
          ".",
          "--platform",
          both,
          "--output",
          `type=oci,dest=${disk}/image.tar`,
          "--progress",
          "plain",
          ...nodes(),
        ];
        const full = await archway(oci, options(at));
        assert.equal(full.code, 3, full.stderr);
        assert.match(full.stderr, /full|no space/i);
        assert.deepEqual(await readdir(disk), [], "nothing half-written");
        await run("mount", ["-o", "remount,size=64m", disk]);
        const again = await archway(oci, options(at));
        assert.equal(again.code, 0, again.stderr);
        assert.deepEqual(await readdir(disk), ["image.tar"]);
      } finally {
        await run("umount", [disk]);
      }
    },
  );

  test("a cross-compiling build goes to the node that has the tool-chain, not to the target's", async () => {
    await bed.base("golang");
    await bed.base("debian");
    await using at = await workplace(bed, { scenario: "seed-3-cgo", mirror: registry.host });
    const plan = await archway(
      ["build", ".", "--platform", both, "--plan", "--format", "json", ...nodes()],
      options(at),
    );
    assert.equal(plan.code, 0, plan.stderr);
    const arm64 = JSON.parse(plan.stdout).platforms[1];
    assert.equal(arm64.node, x86.endpoint);
    assert.equal(arm64.strategy, "cross");
    assert.match(arm64.reason, /there is no golang for linux\/arm64/);
  });

  test("a resumed build never mixes sources: what changed is built again, in named contexts too", async () => {
    const image = `${registry.host}/resilience/mixed:1`;
    await using at = await place(
      "FROM alpine:3.6\nCOPY --from=extra /f /f\nRUN if [ $(uname -m) = aarch64 ]; then grep two /f; fi\n",
    );
    await mkdir(join(at.dir, "extra"));
    await writeFile(join(at.dir, "extra/f"), "one\n");
    const more = ["--build-context", "extra=extra"];
    const first = await archway(args(image, more), options(at));
    assert.equal(first.code, 1, first.stderr);
    await writeFile(join(at.dir, "extra/f"), "two\n");
    const second = await archway(args(image, more), options(at));
    assert.equal(second.code, 0, second.stderr);
    for (const platform of both.split(",")) {
      const { stdout } = await run(
        "sh",
        ["-c", `crane export --insecure --platform ${platform} ${image} - | tar -xO f`],
        { env: bed.env },
      );
      assert.equal(stdout, "two\n", platform);
    }
  });

  test("--allow-missing for all platforms leaves the cause: exit 1", async () => {
    await using at = await place("FROM alpine:3.6\nRUN false\n");
    const image = `${registry.host}/resilience/none:1`;
    const ended = await archway(args(image, ["--allow-missing", both]), options(at));
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /RUN false/);
    await assertNoTag(image);
  });

  test("a named node that is dead is an error, never a silent detour", async () => {
    await using at = await place("FROM alpine:3.6\nRUN true\n");
    const ended = await archway(
      [
        "build",
        ".",
        "--platform",
        both,
        "-t",
        `${registry.host}/resilience/dead:1`,
        "--push",
        "--node",
        `linux/amd64=${x86.endpoint}`,
        "--node",
        "linux/arm64=unix:///nothere/buildkitd.sock",
      ],
      options(at),
    );
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /nothere/);
  });
});
