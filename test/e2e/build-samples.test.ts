import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { BaseName } from "../bed/base/recipes.ts";
import type { BuildkitNode } from "../bed/buildkit.ts";
import type { DockerEngine } from "../bed/docker.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";

const run = promisify(execFile);
const needs = ["registry", "buildkit", "docker", "qemu", "bases", "crane"] as const;
const three = ["linux/amd64", "linux/arm64", "linux/arm/v7"] as const;
type Machine = (typeof three)[number];

interface Sample {
  readonly scenario: string;
  readonly bases: readonly BaseName[];
  /** What each platform's image prints when it runs. */
  readonly prints: Readonly<Record<Machine, RegExp>>;
  /** How the report says that the two foreign platforms were made. */
  readonly strategy: "native" | "cross" | "emulated";
}

const samples: readonly Sample[] = [
  {
    scenario: "seed-4-python",
    bases: ["python"],
    prints: { "linux/amd64": /x86_64/, "linux/arm64": /aarch64/, "linux/arm/v7": /armv7l/ },
    strategy: "native",
  },
  {
    scenario: "seed-3-cgo",
    bases: ["golang", "debian"],
    prints: { "linux/amd64": /^hello world$/m, "linux/arm64": /^hello world$/m, "linux/arm/v7": /^hello world$/m },
    strategy: "cross",
  },
  {
    scenario: "rust-hello",
    bases: ["rust", "debian"],
    prints: {
      "linux/amd64": /hello from x86_64/,
      "linux/arm64": /hello from aarch64/,
      "linux/arm/v7": /hello from arm/,
    },
    strategy: "cross",
  },
  {
    scenario: "node-addon",
    bases: ["node"],
    prints: {
      "linux/amd64": /answers 42 on x64/,
      "linux/arm64": /answers 42 on arm64/,
      "linux/arm/v7": /answers 42 on arm$/m,
    },
    strategy: "cross",
  },
];

describe("samples of the field, built for three platforms and run", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  let node: BuildkitNode;
  let docker: DockerEngine;

  before(async () => {
    bed = await startBed({ need: needs });
    registry = await bed.registry();
    node = await bed.buildkit("a");
    docker = await bed.docker();
  });
  after(() => bed.stop());

  async function runsAs(image: string, platform: Machine): Promise<string> {
    // On a terminal: what C prints into a pipe waits in a buffer that Go does not flush at its end.
    // By digest: an engine that already has the tag for another platform would run that one.
    const digest = (
      await run("crane", ["digest", "--insecure", "--platform", platform, image], { env: bed.env })
    ).stdout.trim();
    const reference = `${image.replace(/:[^:/]+$/, "")}@${digest}`;
    const { stdout } = await run(
      "docker",
      ["run", "--rm", "--tty", "--network", "none", "--platform", platform, reference],
      {
        env: docker.env,
      },
    );
    return stdout.replaceAll("\r", "");
  }

  for (const { scenario, bases, prints, strategy } of samples) {
    test(`${scenario}: three platforms, each prints what it should`, async () => {
      for (const base of bases) await bed.base(base);
      await using place = await workplace(bed, { scenario, mirror: registry.host });
      const image = `${registry.host}/samples/${scenario}:1`;
      const built = await archway(
        ["build", ".", "--platform", three.join(","), "-t", image, "--push", "--format", "json", "--progress", "plain"],
        {
          cwd: place.dir,
          env: { ...place.env, BUILDKIT_HOST: node.endpoint },
        },
      );
      assert.equal(built.code, 0, built.stderr);
      const { platforms } = JSON.parse(built.stdout);
      assert.deepEqual(
        platforms.map((one: { verdict: string }) => one.verdict),
        ["pass", "pass", "pass"],
      );
      assert.equal(platforms[1].strategy, strategy);
      for (const platform of three) assert.match(await runsAs(image, platform), prints[platform]);
    });
  }

  test("seed 2, Typha repaired: one run a platform with its ARCHITECTURE, by digest, then one join", async () => {
    await bed.base("alpine");
    const { reference } = await bed.base("busybox");
    await using place = await workplace(bed, { scenario: "seed-2-typha", mirror: registry.host });
    await mkdir(join(place.dir, "bin"), { recursive: true });
    const repository = `${registry.host}/samples/typha`;
    const env = { ...place.env, BUILDKIT_HOST: node.endpoint };
    const sources: string[] = [];
    for (const [architecture, platform] of [
      ["amd64", "linux/amd64"],
      ["arm64", "linux/arm64"],
      ["arm", "linux/arm/v7"],
    ] as const) {
      // The program stands for Typha: a static binary of the architecture, as its make target leaves it in bin/.
      await run(
        "sh",
        [
          "-c",
          `crane export --insecure --platform ${platform} ${reference} - | tar -xO bin/busybox > bin/calico-typha-${architecture} && chmod 755 bin/calico-typha-${architecture}`,
        ],
        { cwd: place.dir, env: bed.env },
      );
    }
    for (const [architecture, platform] of [
      ["amd64", "linux/amd64"],
      ["arm64", "linux/arm64"],
      ["arm", "linux/arm/v7"],
    ] as const) {
      const built = await archway(
        [
          "build",
          ".",
          "--platform",
          platform,
          "--build-arg",
          `ARCHITECTURE=${architecture}`,
          "--output",
          `type=image,name=${repository},push-by-digest=true,push=true`,
          "--format",
          "json",
          "--progress",
          "plain",
        ],
        { cwd: place.dir, env },
      );
      assert.equal(built.code, 0, built.stderr);
      sources.push(`${repository}@${JSON.parse(built.stdout).index.digest}`);
    }
    const joined = await archway(["image", "create", "-t", `${repository}:v3`, ...sources], { cwd: place.dir, env });
    assert.equal(joined.code, 0, joined.stderr);
    const { stdout } = await run("crane", ["manifest", "--insecure", `${repository}:v3`], { env: bed.env });
    const { manifests } = JSON.parse(stdout);
    assert.deepEqual(
      manifests.map((one: { platform: { architecture: string } }) => one.platform.architecture),
      ["amd64", "arm64", "arm"],
    );

    const forgotten = await archway(
      ["build", ".", "--platform", "linux/arm64", "-t", `${repository}:forgotten`, "--push", "--progress", "plain"],
      { cwd: place.dir, env },
    );
    assert.equal(forgotten.code, 1, "make forgot --build-arg: the default is amd64's binary");
    assert.match(forgotten.stderr, /calico-typha-amd64/);
  });
});
