import assert from "node:assert/strict";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { BuildkitNode } from "../bed/buildkit.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";
import type { Ended, Workplace } from "./archway.ts";

const needs = ["registry", "registry-basic", "registry-token", "registry-tls", "buildkit", "bases"] as const;

/** Nothing of the engine's or of ours that only a developer could use. */
function assertClear({ stderr }: Ended): void {
  assert.doesNotMatch(stderr, /\n\s+at .*\.ts:\d+/, "no stack trace");
  assert.match(stderr, /^error: /m);
}

describe("archway build with bad input", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  let node: BuildkitNode;
  before(async () => {
    bed = await startBed({ need: needs });
    registry = await bed.registry();
    node = await bed.buildkit("a");
    await bed.base("busybox");
    await bed.base("alpine");
  });
  after(() => bed.stop());

  const place = (files: Readonly<Record<string, string>>) => workplace(bed, { mirror: registry.host, files });
  const build = (
    at: Workplace,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    through: readonly string[] = [],
  ) =>
    archway(["build", ".", "--progress", "plain", ...args], {
      cwd: at.dir,
      env: { ...at.env, BUILDKIT_HOST: node.endpoint, ...env },
      through,
    });
  const push = (name: string) => ["--push", "-t", `${registry.host}/bad/${name}:1`];
  const good = "FROM busybox\nRUN true\n";

  const texts: readonly (readonly [name: string, dockerfile: string, message: RegExp])[] = [
    ["an empty Dockerfile", "", /Dockerfile.*empty/i],
    ["a Dockerfile that is not text", "\u0000\u0001\u007fELF\u0000", /Dockerfile.*(binary|not text)/i],
    ["an unknown instruction", "FROM busybox\nRNU true\n", /Dockerfile:2.*RNU[\s\S]*RUN/],
    ["an unknown stage to copy from an invalid name", "FROM busybox\nCOPY --from=NoSuch! /a /b\n", /Dockerfile:2/],
    ["a base image without a name", "ARG BASE\nFROM $BASE\n", /Dockerfile:2/],
  ];
  for (const [name, dockerfile, message] of texts) {
    test(`${name}: exit 2, with the place`, async () => {
      await using at = await place({ Dockerfile: dockerfile });
      const ended = await build(at, push("text"));
      assert.equal(ended.code, 2, ended.stderr);
      assert.match(ended.stderr, message);
      assertClear(ended);
    });
  }

  const nowhere = ["--push", "-t", "127.0.0.1:1/x:1"];
  const options: readonly (readonly [name: string, args: readonly string[], message: RegExp])[] = [
    ["an unknown platform", ["--platform", "linux/amr64", "--push", "-t", "127.0.0.1:1/x:1"], /linux\/arm64/],
    ["a tag with capitals", ["--push", "-t", "127.0.0.1:1/Team/App:1"], /team\/app/],
    ["a secret file that is missing", ["--secret", "id=key,src=nothere", "--push", "-t", "127.0.0.1:1/x:1"], /nothere/],
    ["a Dockerfile that is missing", ["-f", "Nothere", "--push", "-t", "127.0.0.1:1/x:1"], /Nothere/],
    ["a metadata file without a folder", [...nowhere, "--metadata-file", "nothere/m.json"], /no folder .*nothere/],
    ["an archive without a folder", ["--output", "type=oci,dest=nothere/i.tar"], /no folder .*nothere/],
    ["a flag that does not exist", ["--pusch"], /--push/],
    ["an unknown target stage", ["--target", "nothere", "--push", "-t", "127.0.0.1:1/x:1"], /nothere/],
  ];
  for (const [name, args, message] of options) {
    test(`${name}: exit 2, with a suggestion or the name`, async () => {
      await using at = await place({ Dockerfile: good });
      const ended = await build(at, args);
      assert.equal(ended.code, 2, ended.stderr);
      assert.match(ended.stderr, message);
      assertClear(ended);
    });
  }

  test("a folder below the configuration, outside of any repository: the configuration holds", async () => {
    await using at = await place({ ".archway.yaml": "version: 1\nbogus: 1\n" });
    await mkdir(join(at.dir, "below"));
    await writeFile(join(at.dir, "below/Dockerfile"), good);
    const ended = await archway(["build", "below", "--plan"], { cwd: at.dir, env: at.env });
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, /\.archway\.yaml:2:1.*bogus/);
  });

  test("a step that fails: exit 1, the folder of the logs, and the same for programs", async () => {
    await using at = await place({ Dockerfile: "FROM busybox\nRUN echo a last word; exit 7\n" });
    const ended = await build(at, [...push("step"), "--platform", "linux/amd64", "--format", "json"]);
    assert.equal(ended.code, 1, ended.stderr);
    const report = JSON.parse(ended.stdout);
    assert.ok(ended.stderr.includes(`Full logs: ${report.logs}`), ended.stderr);
    assert.match(await readFile(join(report.logs, "linux-amd64.log"), "utf8"), /a last word/);
    assert.deepEqual(
      report.failure.unbuilt.map((one: { platform: string }) => one.platform),
      ["linux/amd64"],
    );
  });

  test("a base image that does not exist: exit 2, its line", async () => {
    await using at = await place({ Dockerfile: "FROM busybox:nothere\n" });
    // The mirror alone is asked: what stands behind it cannot be reached from a closed network.
    await writeFile(join(at.dir, "Dockerfile"), `FROM ${registry.host}/library/busybox:nothere\n`);
    const ended = await build(at, push("nobase"));
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, /Dockerfile:1.*no image .*busybox:nothere/);
    assertClear(ended);
  });

  test("a private base image: exit 3, and how to log in", async () => {
    const secret = await bed.registry("basic");
    await using at = await place({ Dockerfile: `FROM ${secret.host}/library/busybox\n` });
    const ended = await build(at, push("private"));
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, new RegExp(`login ${secret.host}`));
    assertClear(ended);
  });

  test("no right to push: exit 3, names the repository, no tag", async () => {
    const secret = await bed.registry("basic");
    await using at = await place({ Dockerfile: good });
    const ended = await build(at, ["--push", "-t", `${secret.host}/team/app:1`]);
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, new RegExp(secret.host));
    assertClear(ended);
  });

  test("an unknown certificate: exit 3, and where the authority goes", async () => {
    const tls = await bed.registry("tls");
    await using at = await place({ Dockerfile: `FROM ${tls.host}/library/busybox\n` });
    const ended = await build(at, push("tls"));
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /certificate/i);
    assert.match(ended.stderr, /\bca\b/);
    assertClear(ended);
  });

  test("no engine at all: exit 3, and what to install", async () => {
    await using at = await place({ Dockerfile: good });
    const bare = join(at.dir, "..", "bin");
    await mkdir(bare);
    for (const name of ["sh", "uname", "dirname", "readlink"]) await symlink(`/bin/${name}`, join(bare, name));
    const ended = await build(at, push("noengine"), { BUILDKIT_HOST: undefined, PATH: bare });
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /install/);
    assertClear(ended);
  });

  test("a context with sockets and dangling links builds; the socket is left out", async () => {
    await using at = await place({ Dockerfile: "FROM busybox\nCOPY . /app\n" });
    await symlink("nowhere", join(at.dir, "dangling"));
    const server = createServer();
    await new Promise<void>((ready) => server.listen(join(at.dir, "s"), ready));
    try {
      const ended = await build(at, push("socket"));
      assert.equal(ended.code, 0, ended.stderr);
    } finally {
      server.close();
    }
  });

  test("a file that may not be read, a folder that may not be written to: exit 2, its name", async () => {
    await using at = await place({ Dockerfile: "FROM busybox\nCOPY . /app\n", closed: "x" });
    await chmod(join(at.dir, "closed"), 0);
    await mkdir(join(at.dir, "locked"));
    await chmod(join(at.dir, "locked"), 0o555);
    // Root without what sets it above permissions.
    const bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
    const through = process.getuid?.() === 0 ? bound : [];
    const cases = [
      ["", [], /closed/],
      ["closed", ["--secret", "id=a,src=closed"], /closed.*may not be read by this user/],
      ["closed", ["--metadata-file", "locked/m.json"], /locked.*may not be written to/],
    ] as const;
    for (const [ignored, args, message] of cases) {
      await writeFile(join(at.dir, ".dockerignore"), ignored);
      const ended = await build(at, [...push("unreadable"), ...args], {}, through);
      assert.equal(ended.code, 2, ended.stderr);
      assert.match(ended.stderr, message);
      assertClear(ended);
    }
  });

  test("a context of 50,000 files", async () => {
    await using at = await place({ Dockerfile: "FROM busybox\nCOPY . /app\n" });
    for (let folder = 0; folder < 50; folder += 1) {
      const path = join(at.dir, `d${folder}`);
      await mkdir(path);
      await Promise.all(Array.from({ length: 1000 }, (_, file) => writeFile(join(path, `f${file}`), "")));
    }
    const ended = await build(at, push("many"));
    assert.equal(ended.code, 0, ended.stderr);
    await rm(join(at.dir, "d0"), { recursive: true });
  });
});
