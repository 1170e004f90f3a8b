import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { BuildkitNode } from "../bed/buildkit.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";

const run = promisify(execFile);
const three = "linux/amd64,linux/arm64,linux/arm/v7";

describe(
  "archway build --push with BuildKit",
  { skip: await unavailable("registry", "buildkit", "qemu", "bases", "skopeo", "crane") },
  () => {
    let bed: Bed;
    let registry: Registry;
    let node: BuildkitNode;
    const env = (own: NodeJS.ProcessEnv) => ({ ...own, BUILDKIT_HOST: node.endpoint });

    before(async () => {
      bed = await startBed({ need: ["registry", "buildkit", "qemu", "bases", "skopeo", "crane"] });
      registry = await bed.registry();
      node = await bed.buildkit("a");
      await bed.base("alpine");
      await bed.base("busybox");
    });
    after(() => bed.stop());

    test("three platforms under one tag: every reader agrees, children are what the report says", async () => {
      await using place = await workplace(bed, {
        mirror: registry.host,
        files: { Dockerfile: 'FROM alpine:3.6\nRUN uname -m > /machine\nCMD ["cat", "/machine"]\n' },
      });
      const image = `${registry.host}/demo/three`;
      const args = [
        "build",
        ".",
        "--platform",
        three,
        "-t",
        `${image}:1.0`,
        "-t",
        `${image}:latest`,
        "--push",
        "--format",
        "json",
        "--metadata-file",
        "meta.json",
      ];
      const built = await archway(args, { cwd: place.dir, env: env(place.env) });
      assert.equal(built.code, 0, built.stderr);
      const report = JSON.parse(built.stdout);
      assert.deepEqual(
        report.platforms.map((one: { platform: string }) => one.platform),
        three.split(","),
      );
      assert.deepEqual(
        report.platforms.map((one: { verdict: string }) => one.verdict),
        ["pass", "pass", "pass"],
      );
      assert.deepEqual(
        report.platforms.map((one: { strategy: string }) => one.strategy),
        ["native", "emulated", "emulated"],
      );
      assert.ok(report.platforms[1].seconds.emulated > 0, "the emulated seconds are reported");

      const raw = (
        await run("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${image}:1.0`], { env: bed.env })
      ).stdout;
      const index = JSON.parse(raw);
      assert.equal(index.mediaType, "application/vnd.oci.image.index.v1+json");
      const shown = index.manifests.map(
        (one: { digest: string; platform: { os: string; architecture: string; variant?: string } }) => {
          const { os, architecture, variant } = one.platform;
          return [[os, architecture, variant].filter(Boolean).join("/"), one.digest];
        },
      );
      assert.deepEqual(
        shown,
        report.platforms.map((one: { platform: string; digest: string }) => [one.platform, one.digest]),
      );
      for (const tag of ["1.0", "latest"]) {
        const { stdout } = await run("crane", ["digest", "--insecure", `${image}:${tag}`], { env: bed.env });
        assert.equal(stdout.trim(), report.index.digest);
      }
      for (const [platform, machine] of [
        ["linux/amd64", "x86_64"],
        ["linux/arm64", "aarch64"],
        ["linux/arm/v7", "armv7l"],
      ] as const) {
        const { stdout } = await run(
          "sh",
          ["-c", `crane export --insecure --platform ${platform} ${image}:1.0 - | tar -xO machine`],
          { env: bed.env },
        );
        assert.equal(stdout.trim(), machine);
      }
      const metadata = JSON.parse(await readFile(join(place.dir, "meta.json"), "utf8"));
      assert.equal(metadata["containerimage.digest"], report.index.digest);
      assert.equal(metadata["image.name"], `${image}:1.0,${image}:latest`);
      assert.deepEqual(metadata.archway, report);

      const again = await archway(args, { cwd: place.dir, env: env(place.env) });
      assert.equal(again.code, 0, again.stderr);
      assert.equal(JSON.parse(again.stdout).index.digest, report.index.digest, "the same inputs give the same digest");
    });

    test("a base image without the platform stops the build before it starts, with the newest tag that has it", async () => {
      await using place = await workplace(bed, {
        mirror: registry.host,
        files: { Dockerfile: "FROM alpine:3.4\nRUN true\n" },
      });
      const args = [
        "build",
        ".",
        "--platform",
        "linux/amd64,linux/arm64",
        "-t",
        `${registry.host}/demo/old:1`,
        "--push",
      ];
      const built = await archway(args, { cwd: place.dir, env: env(place.env) });
      assert.equal(built.code, 1, built.stderr);
      assert.match(built.stderr, /Dockerfile:1: alpine:3\.4 has no image for linux\/arm64/);
      assert.match(built.stderr, /it has: linux\/amd64/);
      assert.match(built.stderr, /newest tag that has it: alpine:3\.6/);
      await assert.rejects(run("crane", ["digest", "--insecure", `${registry.host}/demo/old:1`], { env: bed.env }));

      const allowed = await archway([...args, "--allow-missing", "linux/arm64"], {
        cwd: place.dir,
        env: env(place.env),
      });
      assert.equal(allowed.code, 0, allowed.stderr);
      const { stdout } = await run("crane", ["manifest", "--insecure", `${registry.host}/demo/old:1`], {
        env: bed.env,
      });
      assert.equal(JSON.parse(stdout).annotations["io.archway.missing-platforms"], "linux/arm64");
    });

    test("--plan builds nothing and says where, how and why", async () => {
      await using place = await workplace(bed, {
        mirror: registry.host,
        files: { Dockerfile: "FROM alpine:3.6\nRUN true\n" },
      });
      const args = ["build", ".", "--platform", three, "-t", `${registry.host}/demo/plan:1`, "--push", "--plan"];
      const text = await archway(args, { cwd: place.dir, env: env(place.env) });
      assert.equal(text.code, 0, text.stderr);
      assert.match(text.stdout, /linux\/arm64\s+emulated/);
      assert.match(text.stdout, /alpine:3\.6\s+sha256:/);
      const json = await archway([...args, "--format", "json"], { cwd: place.dir, env: env(place.env) });
      const plan = JSON.parse(json.stdout);
      assert.deepEqual(
        plan.platforms.map((one: { strategy: string }) => one.strategy),
        ["native", "emulated", "emulated"],
      );
      await assert.rejects(run("crane", ["digest", "--insecure", `${registry.host}/demo/plan:1`], { env: bed.env }));
      const refused = await archway([...args, "--native-only"], { cwd: place.dir, env: env(place.env) });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /--native-only refuses/);
    });
  },
);
