import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { BuildkitNode } from "../bed/buildkit.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";
import type { Workplace } from "./archway.ts";

const run = promisify(execFile);
const needs = ["registry", "buildkit", "qemu", "bases", "crane"] as const;
const told = ["--progress", "plain", "--format", "json", "--metadata-file", "result.json"];
const both = "linux/amd64,linux/arm64";

interface Silent {
  readonly scenario: string;
  /** Code and words of the cause that the refusal has to name. */
  readonly cause: RegExp;
  /** The file that is wrong, as the image has it. */
  readonly path: RegExp;
  readonly slow?: boolean;
}

/** The silent failures of the field: a plain multi-platform build publishes each of them happily. */
const silent: readonly Silent[] = [
  { scenario: "S01-final-stage-on-buildplatform", cause: /S01/, path: /\/bin\/busybox/ },
  { scenario: "S02-targetarch-default", cause: /S02/, path: /\/usr\/local\/bin\/hello/, slow: true },
  { scenario: "S03-hard-coded-goarch", cause: /S03/, path: /\/usr\/local\/bin\/hello/, slow: true },
  { scenario: "S04-prebuilt-binary", cause: /S04/, path: /\/usr\/local\/bin\/hello/ },
  { scenario: "S05-x86-download", cause: /S05/, path: /\/sbin\/tini/ },
  { scenario: "S16-missing-arg", cause: /S16/, path: /\/usr\/local\/bin\/hello/, slow: true },
];

describe("the gate refuses what a plain build publishes", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  let node: BuildkitNode;
  let binaries: string;
  let downloads: string;
  let close: () => void;

  before(async () => {
    bed = await startBed({ need: needs });
    registry = await bed.registry();
    node = await bed.buildkit("a");
    await bed.base("busybox");
    await bed.base("golang");
    binaries = await mkdtemp(join(tmpdir(), "archway-e2e-bin-"));
    // A real x86-64 program, as a developer's machine would have left it: the base image's own busybox.
    const { reference } = await bed.base("busybox");
    await run(
      "sh",
      ["-c", `crane export --insecure --platform linux/amd64 ${reference} - | tar -xO bin/busybox > ${binaries}/hello`],
      { env: bed.env },
    );
    const server = createServer(async (request, response) => {
      if (!request.url?.endsWith("tini-v0.19.0-linux-x86_64")) {
        response.writeHead(404).end();
        return;
      }
      response.end(await readFile(join(binaries, "hello")));
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    downloads = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => server.close();
  });
  after(async () => {
    close();
    await rm(binaries, { recursive: true, force: true });
    await bed.stop();
  });

  async function prepared(scenario: string): Promise<Workplace> {
    const place = await workplace(bed, { scenario, mirror: registry.host });
    if (scenario === "S04-prebuilt-binary") {
      await mkdir(place.dir, { recursive: true });
      await copyFile(join(binaries, "hello"), join(place.dir, "hello"));
      await run("chmod", ["755", join(place.dir, "hello")]);
    }
    return place;
  }

  for (const { scenario, cause, path } of silent) {
    test(`${scenario}: refused with its cause, nothing tagged`, async () => {
      await using place = await prepared(scenario);
      const image = `${registry.host}/silent/${scenario.toLowerCase()}`;
      const args = scenario.startsWith("S05") ? ["--build-arg", `DOWNLOADS=${downloads}`] : [];
      const built = await archway(["build", ".", "--platform", both, "--push", "-t", `${image}:1`, ...told, ...args], {
        cwd: place.dir,
        env: { ...place.env, BUILDKIT_HOST: node.endpoint },
      });
      assert.equal(built.code, 1, built.stderr);
      assert.match(built.stderr, /linux\/arm64/);
      assert.match(built.stderr, path);
      assert.match(built.stderr, cause);
      await assert.rejects(run("crane", ["digest", "--insecure", `${image}:1`], { env: bed.env }), "no tag");
      const report = JSON.parse(built.stdout);
      assert.equal(report.failure.code, "GATE_REFUSED");
      assert.equal(report.index, undefined);
      const arm64 = report.platforms.find((one: { platform: string }) => one.platform === "linux/arm64");
      assert.equal(arm64.verdict, "fail");
      assert.match(arm64.digest, /^sha256:/);
      assert.ok(
        arm64.findings.some((one: { path: string; cause?: { code: string } }) => {
          return path.test(one.path) && one.cause && cause.test(one.cause.code);
        }),
        JSON.stringify(arm64.findings),
      );
      const metadata = JSON.parse(await readFile(join(place.dir, "result.json"), "utf8"));
      assert.deepEqual(Object.keys(metadata), ["archway"]);
      assert.deepEqual(metadata.archway, report);

      const plain = await archway(
        [
          "build",
          ".",
          "--platform",
          both,
          "--push",
          "-t",
          `${image}:plain`,
          "--no-verify",
          "--format",
          "json",
          "--progress",
          "plain",
          ...args,
        ],
        { cwd: place.dir, env: { ...place.env, BUILDKIT_HOST: node.endpoint } },
      );
      assert.equal(plain.code, 0, plain.stderr);
      assert.deepEqual(
        JSON.parse(plain.stdout).platforms.map((one: { verdict: string }) => one.verdict),
        ["skipped", "skipped"],
      );
    });
  }

  test("S15: two platforms with equal bytes keep two entries", async () => {
    await using place = await workplace(bed, {
      files: { Dockerfile: "FROM scratch\nCOPY data /data\n", data: "no machine code" },
    });
    const image = `${registry.host}/silent/s15`;
    const built = await archway(
      ["build", ".", "--platform", both, "--push", "-t", `${image}:1`, "--provenance", "false", "--progress", "plain"],
      {
        cwd: place.dir,
        env: { ...place.env, BUILDKIT_HOST: node.endpoint },
      },
    );
    assert.equal(built.code, 0, built.stderr);
    const { stdout } = await run("crane", ["manifest", "--insecure", `${image}:1`], { env: bed.env });
    const platforms = JSON.parse(stdout).manifests.map(
      (one: { platform: { architecture: string } }) => one.platform.architecture,
    );
    assert.deepEqual(platforms, ["amd64", "arm64"]);
  });
});
