import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";
import type { Ended, Workplace } from "./archway.ts";

const needs = ["registry", "buildkit", "buildah", "podman", "docker", "qemu", "bases", "skopeo", "crane"] as const;

const machines = { "linux/amd64": "x86_64", "linux/arm64": "aarch64", "linux/arm/v7": "armv7l" } as const;
const three = Object.keys(machines).join(",");

/** The part of `archway build --format json` that is looked at. */
interface Report {
  readonly index: { readonly digest: string };
  readonly platforms: readonly {
    readonly platform: string;
    readonly digest: string;
    readonly engine: string;
    readonly strategy: string;
    readonly verdict: string;
  }[];
}

describe("every engine", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  /** How each engine is chosen: its name, and what its users have in their environment. */
  const engines: Record<string, { readonly name: string; readonly env: NodeJS.ProcessEnv }> = {};
  let podman: NodeJS.ProcessEnv;
  let docker: NodeJS.ProcessEnv;

  before(async () => {
    bed = await startBed({ need: needs });
    registry = await bed.registry();
    await bed.base("alpine");
    await bed.base("busybox");
    const node = await bed.buildkit("a");
    podman = (await bed.buildah()).env;
    docker = (await bed.docker()).env;
    await run("docker", ["buildx", "create", "--name", "far", "--driver", "remote", node.endpoint], { env: docker });
    engines["buildkit"] = { name: "buildkit", env: { BUILDKIT_HOST: node.endpoint } };
    engines["buildah"] = { name: "buildah", env: podman };
    engines["buildx"] = { name: "buildx", env: docker };
    engines["buildx with a remote builder"] = { name: "buildx", env: { ...docker, BUILDX_BUILDER: "far" } };
  });
  after(() => bed.stop());

  const build = (engine: string, at: Workplace, args: readonly string[]): Promise<Ended> => {
    const { name, env } = engines[engine] ?? assert.fail(engine);
    return archway(["build", ".", "--engine", name, "--progress", "plain", "--format", "json", ...args], {
      cwd: at.dir,
      env: { ...at.env, ...env, XDG_STATE_HOME: at.env["XDG_STATE_HOME"], XDG_CACHE_HOME: at.env["XDG_CACHE_HOME"] },
    });
  };
  const place = (dockerfile: string) => workplace(bed, { mirror: registry.host, files: { Dockerfile: dockerfile } });
  const fileIn = async (image: string, platform: string, file: string) => {
    const export_ = `crane export --insecure --platform ${platform} ${image} - | tar -xO ${file}`;
    return (await run("sh", ["-c", export_], { env: bed.env })).trim();
  };

  for (const engine of ["buildkit", "buildah", "buildx", "buildx with a remote builder"]) {
    test(`${engine}: an image as named context comes by digest from where base images come from`, async () => {
      await using at = await place("FROM busybox AS first\nCOPY --from=img /etc/alpine-release /release\nRUN true\n");
      const image = `${registry.host}/contexts/${engine.replaceAll(" ", "-")}:1`;
      const context = ["--build-context", "img=docker-image://alpine:3.6"];
      const built = await build(engine, at, ["--platform", "linux/arm64", ...context, "--push", "-t", image]);
      assert.equal(built.code, 0, built.stderr);
      assert.match(await fileIn(image, "linux/arm64", "release"), /^\d+\.\d+/);
    });

    test(`${engine}: three platforms that every tool reads and runs`, async () => {
      await using at = await place(
        [
          // Buildah 1.39.3 gives the final stage the file system of this one.
          "FROM --platform=$BUILDPLATFORM alpine:3.6 AS tool",
          "RUN uname -m > /made-on",
          "FROM alpine:3.6",
          "COPY --from=tool /made-on /made-on",
          "RUN uname -m > /machine",
          'CMD ["sh", "-c", "uname -m; cat /made-on /machine"]',
        ].join("\n"),
      );
      const repository = `${registry.host}/engines/${engine.replaceAll(" ", "-")}`;
      const built = await build(engine, at, ["--platform", three, "--push", "-t", `${repository}:1`]);
      assert.equal(built.code, 0, built.stderr);
      const report = JSON.parse(built.stdout) as Report;
      assert.deepEqual(
        report.platforms.map(({ platform, verdict }) => [platform, verdict]),
        Object.keys(machines).map((platform) => [platform, "pass"]),
      );
      for (const one of report.platforms) assert.match(one.engine, new RegExp(`^${engines[engine]?.name} \\d`));

      const image = `${repository}:1`;
      const digest = report.index.digest;
      const [skopeo, imagetools, crane] = await Promise.all([
        run("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${image}`], { env: bed.env }),
        run("docker-buildx", ["imagetools", "inspect", "--raw", image], { env: bed.env }),
        run("crane", ["digest", "--insecure", image], { env: bed.env }),
        run("crane", ["validate", "--insecure", "--remote", image], { env: bed.env }),
      ]);
      assert.deepEqual(JSON.parse(skopeo), JSON.parse(imagetools));
      assert.equal(crane.trim(), digest);

      for (const [platform, machine] of Object.entries(machines)) {
        const child = report.platforms.find((one) => one.platform === platform)?.digest;
        const expected = [machine, "x86_64", machine].join("\n");
        const [byPodman, byDocker] = await Promise.all([
          // Podman keeps one platform for an index: the child's digest is what names this one.
          run("podman", ["run", "--rm", "--platform", platform, `${repository}@${child}`], { env: podman }),
          run("docker", ["run", "--rm", "--network=none", "--platform", platform, `${repository}@${digest}`], {
            env: docker,
          }),
        ]);
        assert.equal(byPodman.trim(), expected, `podman ${platform}`);
        assert.equal(byDocker.trim(), expected, `docker ${platform}`);
      }
    });
  }

  for (const engine of ["buildkit", "buildah"]) {
    test(`${engine}: every way to name a base image leads to the mirror, for docker.io cannot be reached`, async () => {
      const digest = (
        await run("crane", ["digest", "--insecure", `${registry.host}/library/alpine:3.6`], { env: bed.env })
      ).trim();
      await using at = await place(
        [
          "ARG VERSION=3.6",
          `FROM alpine:3.6@${digest} AS pinned`,
          "RUN uname -m > /pinned",
          "FROM docker.io/library/alpine:$VERSION AS long",
          "RUN cat /etc/alpine-release > /long",
          // A stage with the name of an image: what comes after it means the stage.
          "FROM busybox AS busybox",
          "RUN echo stage > /stage",
          "FROM alpine",
          "COPY --from=pinned /pinned /pinned",
          "COPY --from=long /long /long",
          "COPY --from=busybox /stage /stage",
          "COPY --from=busybox:1.35 /bin/busybox /copied",
          "RUN --mount=from=busybox:latest,target=/mounted /mounted/bin/busybox uname -m > /mounted-machine",
          "RUN --mount=type=bind,from=alpine:3.6,source=/etc,target=/other cp /other/alpine-release /other-release",
        ].join("\n"),
      );
      const image = `${registry.host}/bases/${engine}:1`;
      const built = await build(engine, at, ["--platform", "linux/amd64,linux/arm64", "--push", "-t", image]);
      assert.equal(built.code, 0, built.stderr);
      for (const [platform, machine] of [
        ["linux/amd64", "x86_64"],
        ["linux/arm64", "aarch64"],
      ] as const) {
        assert.equal(await fileIn(image, platform, "pinned"), machine);
        assert.equal(await fileIn(image, platform, "mounted-machine"), machine);
        assert.equal(await fileIn(image, platform, "stage"), "stage");
        assert.match(await fileIn(image, platform, "other-release"), /^3\.6/);
      }
    });

    test(`${engine}: the triggers of a base image fire, and what they need comes from the mirror`, async () => {
      await using base = await place(
        [
          "FROM busybox",
          "ENV NAME=value",
          "ONBUILD RUN uname -m > /fired; echo $NAME >> /fired",
          ...(engine === "buildah" ? [] : ["ONBUILD COPY --from=alpine:3.6 /etc/alpine-release /release"]),
        ].join("\n"),
      );
      const two = ["--platform", "linux/amd64,linux/arm64", "--push"];
      const parent = await build("buildkit", base, [...two, "-t", `${registry.host}/library/parent-${engine}:1`]);
      assert.equal(parent.code, 0, parent.stderr);

      await using at = await place(`FROM parent-${engine}:1\n`);
      const image = `${registry.host}/triggers/${engine}:1`;
      const built = await build(engine, at, [...two, "-t", image]);
      assert.equal(built.code, 0, built.stderr);
      const { platforms } = JSON.parse(built.stdout) as Report;
      assert.deepEqual(
        platforms.map(({ strategy }) => strategy),
        ["native", "emulated"],
        "the triggers count as steps",
      );
      assert.equal(await fileIn(image, "linux/amd64", "fired"), "x86_64\nvalue");
      assert.equal(await fileIn(image, "linux/arm64", "fired"), "aarch64\nvalue");
      if (engine === "buildah") return;
      assert.match(await fileIn(image, "linux/arm64", "release"), /^3\.6/);
      const plan = await build("buildah", at, ["--platform", "linux/amd64", "--output", "type=oci,dest=x", "--plan"]);
      const { warnings } = JSON.parse(plan.stdout) as { warnings: string[] };
      assert.ok(
        warnings.includes("Line 1: a trigger of the base image names alpine:3.6, which Buildah looks up by itself."),
        plan.stdout,
      );
    });
  }

  test("a version with a known fault is told by platforms and by the plan", async () => {
    await using at = await place("FROM alpine:3.6\nRUN true\n");
    const programs = join(at.dir, "..", "programs");
    await mkdir(programs);
    const real = (await run("sh", ["-c", "command -v buildah"], { env: bed.env })).trim();
    const version = (await run("buildah", ["version", "--json"], { env: podman })).match(/"version": *"([\d.]+)/)?.[1];
    assert.ok(version);
    // The Buildah that is here, as if it were Debian 13's.
    const script = `#!/bin/sh\nif [ "$1" = version ]; then ${real} "$@" | sed 's/${version}/1.39.3/'; else exec ${real} "$@"; fi\n`;
    await writeFile(join(programs, "buildah"), script);
    await chmod(join(programs, "buildah"), 0o755);
    const env = { ...at.env, ...podman, PATH: `${programs}:${podman["PATH"]}` };

    const platforms = await archway(["platforms"], { cwd: at.dir, env });
    assert.equal(platforms.code, 0, platforms.stderr);
    assert.match(platforms.stdout, /1\.39\.3/);
    assert.match(platforms.stdout.replaceAll(/\s+/g, " "), /gives a final stage the file system of another platform/);

    const args = ["build", ".", "--engine", "buildah", "--platform", "linux/arm64", "--output", "type=oci,dest=x.tar"];
    const plan = await archway([...args, "--plan"], { cwd: at.dir, env });
    assert.equal(plan.code, 0, plan.stderr);
    assert.match(plan.stdout, /warning: buildah 1\.39\.3: gives a final stage the file system of another platform/);
    const json = await archway([...args, "--plan", "--format", "json"], { cwd: at.dir, env });
    const { warnings } = JSON.parse(json.stdout) as { warnings: string[] };
    assert.equal(warnings.filter((warning) => warning.includes("1.39.3")).length, 1);
  });
});
