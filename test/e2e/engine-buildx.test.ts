/** BuildKit through docker buildx, against a real Docker Engine and a builder on a remote BuildKit. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openBuildx } from "../../src/engine/buildx.ts";
import type { Engine, EngineEvent, EngineRequest } from "../../src/engine/engine.ts";
import { formatPlatform } from "../../src/platform/platform.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import {
  buildWith,
  failWith,
  layoutBlob,
  logOf,
  makeProject,
  processes,
  requestOf,
  whereRunsRan,
} from "./engine-request.ts";

const skip = await unavailable("registry", "docker", "buildkit", "qemu", "bases");

describe("docker buildx", { skip, timeout: 600_000 }, () => {
  let bed: Bed;
  let env: NodeJS.ProcessEnv;
  /** The docker driver, and a remote BuildKit. */
  let engines: { readonly docker: Engine; readonly remote: Engine };
  let bases: Record<string, string>;

  before(async () => {
    bed = await startBed({ need: ["registry", "docker", "buildkit", "qemu", "bases"] });
    const alpine = await bed.base("alpine");
    bases = { "docker.io/library/alpine:latest": `${alpine.repository}@${alpine.tags[0]?.digest}` };
    // What a user's shell may hold must change nothing.
    env = { ...(await bed.docker()).env, DOCKER_DEFAULT_PLATFORM: "linux/s390x", BUILDX_NO_DEFAULT_ATTESTATIONS: "1" };
    const node = await bed.buildkit("a");
    await run("docker", ["buildx", "create", "--name", "far", "--driver", "remote", node.endpoint], { env });
    engines = { docker: openBuildx("", env), remote: openBuildx("far", env) };
  });
  after(() => bed.stop());

  it("says what its builders are", async () => {
    const [docker, remote] = await Promise.all(
      [engines.docker, engines.remote].map((engine) => engine.probe(AbortSignal.timeout(20_000))),
    );
    assert.deepEqual([docker?.pushesByDigest, remote?.pushesByDigest], [false, true]);
    const native = { x64: "linux/amd64", arm64: "linux/arm64" }[process.arch as string];
    for (const info of [docker, remote]) {
      assert.match(info?.version ?? "", /^\d+\.\d+\.\d+/);
      assert.deepEqual([info?.attests, info?.setsEmulatedCpu], [true, true]);
      const platforms = info?.platforms.map(formatPlatform) ?? [];
      assert.equal(platforms[0], native);
      assert.ok(platforms.includes("linux/arm/v7"));
    }
  });

  const dockerfile = [
    "FROM --platform=$BUILDPLATFORM alpine AS alpine",
    "ARG TARGETARCH",
    "RUN echo made for $TARGETARCH on $(uname -m) > /made",
    "FROM docker.io/library/alpine",
    "COPY --from=alpine /made /made",
    "RUN cat /made && uname -m && env | sed -n s/QEMU_//p",
  ].join("\n");

  for (const kind of ["docker", "remote"] as const) {
    it(`makes a layout of one platform with the ${kind} driver`, async () => {
      await using project = await makeProject({ Dockerfile: dockerfile });
      await using out = await makeProject({});
      const { result, events, log } = await buildWith(
        engines[kind],
        requestOf(project.dir, {
          bases,
          annotations: { "org.example.note": 'with "quotes", commas' },
          labels: { note: "a=b, c" },
          emulatedCpu: { model: "cortex-a57", chosen: true, runLines: [6] },
          output: { kind: "layout", directory: out.dir },
        }),
      );
      assert.match(log, /made for arm64 on x86_64\naarch64\nCPU=cortex-a57/);
      assert.deepEqual(Object.values(whereRunsRan(events)), ["linux/amd64", "linux/arm64"]);
      const index = await layoutBlob(out.dir, result.digest ?? "");
      const entries = index["manifests"] as { digest: string; platform: { architecture: string } }[];
      assert.deepEqual(
        entries.map(({ platform }) => platform.architecture),
        ["arm64", "unknown"],
      );
      const manifest = await layoutBlob(out.dir, entries[0]?.digest ?? "");
      assert.deepEqual(manifest["annotations"], { "org.example.note": 'with "quotes", commas' });
    });
  }

  it("pushes by digest where the driver can", async () => {
    const registry = await bed.registry();
    await using project = await makeProject({ Dockerfile: "FROM alpine\nRUN true\n" });
    const { result } = await buildWith(
      engines.remote,
      requestOf(project.dir, {
        bases,
        provenance: "false",
        output: { kind: "registry", repository: `${registry.host}/engine/buildx`, plainHttp: true },
      }),
    );
    const answer = await fetch(`${registry.url}/v2/engine/buildx/manifests/${result.digest}`, {
      headers: { accept: "application/vnd.oci.image.index.v1+json" },
    });
    const index = (await answer.json()) as { manifests: unknown[] };
    assert.equal(index.manifests.length, 1);
  });

  it("gives secrets, named contexts and arguments to the steps", async () => {
    await using project = await makeProject({
      Dockerfile: [
        "FROM alpine",
        "ARG WORD",
        "COPY --from=extra file /file",
        'RUN --mount=type=secret,id=one cat /file && test $(wc -c < /run/secrets/one) = 7 && echo "$WORD"',
      ].join("\n"),
      "extra/file": "from a folder\n",
    });
    await using out = await makeProject({});
    const { log, events } = await buildWith(
      openBuildx("", { ...env, TOKEN: "secret2" }),
      requestOf(project.dir, {
        bases,
        args: { WORD: "a, b=c" },
        buildContexts: { extra: join(project.dir, "extra") },
        secrets: [{ id: "one", env: "TOKEN" }],
        output: { kind: "layout", directory: out.dir },
      }),
    );
    assert.match(log, /from a folder\na, b=c/);
    assert.doesNotMatch(JSON.stringify(events), /secret2/);
  });

  describe("says what went wrong", () => {
    const layout = (directory: string): Pick<EngineRequest, "output"> => ({ output: { kind: "layout", directory } });

    it("a failed step", async () => {
      await using project = await makeProject({ Dockerfile: "FROM alpine\nRUN echo said; exit 7\n" });
      const error = await failWith(engines.docker, requestOf(project.dir, { bases, ...layout(project.dir) }));
      assert.equal(error.code, "BUILD_STEP_FAILED");
      assert.match(error.message, /Dockerfile:2\) ended with exit code 7\.\nsaid$/);
    });

    it("an invalid Dockerfile", async () => {
      await using project = await makeProject({ Dockerfile: "FROM alpine\nRUNN x\n" });
      const error = await failWith(engines.docker, requestOf(project.dir, { bases, ...layout(project.dir) }));
      assert.deepEqual([error.code, error.place?.line], ["DOCKERFILE_INVALID", 2]);
    });

    it("a builder that does not exist", async () => {
      const none = openBuildx("none", env);
      const unreachable = { code: "ENGINE_UNREACHABLE", message: /builder none .*no builder "none" found/ };
      await assert.rejects(none.probe(AbortSignal.timeout(20_000)), unreachable);
    });

    it("a builder that is not started", async () => {
      await run("docker", ["buildx", "create", "--name", "asleep", "--driver", "docker-container"], { env });
      await assert.rejects(openBuildx("asleep", env).probe(AbortSignal.timeout(20_000)), {
        code: "ENGINE_UNREACHABLE",
        hint: /docker buildx inspect --bootstrap asleep/,
      });
    });

    it("a Docker that does not answer", async () => {
      const gone = openBuildx("", { ...env, DOCKER_HOST: `unix://${bed.dir}/nothing` });
      await assert.rejects(gone.probe(AbortSignal.timeout(20_000)), {
        code: "ENGINE_UNREACHABLE",
        message: /failed to connect/,
      });
    });

    it("a docker without buildx, and no docker", async () => {
      await mkdir(join(bed.dir, "bare"));
      const docker = await run("sh", ["-c", "command -v docker"], { env });
      await symlink(docker, join(bed.dir, "bare/docker"));
      const bare = openBuildx("", { PATH: join(bed.dir, "bare"), DOCKER_CONFIG: join(bed.dir, "bare") });
      await assert.rejects(bare.probe(AbortSignal.timeout(20_000)), { message: /has no buildx plugin/ });
      const none = openBuildx("", { PATH: "/nowhere" });
      await assert.rejects(none.probe(AbortSignal.timeout(20_000)), { message: /"docker" is not installed/ });
    });
  });

  it("stops everything when it is cancelled", async () => {
    const mark = `${43_000 + (process.pid % 1000)}`;
    await using project = await makeProject({ Dockerfile: `FROM alpine\nRUN echo on; sleep ${mark}\n` });
    const controller = new AbortController();
    const events: EngineEvent[] = [];
    const building = engines.docker.build(
      requestOf(project.dir, { bases, output: { kind: "layout", directory: project.dir } }),
      (event) => {
        events.push(event);
        if (logOf(events).includes("on\n")) controller.abort();
      },
      controller.signal,
    );
    await assert.rejects(building, { name: "AbortError" });
    const running = () =>
      processes(readdirSync("/proc")).filter((line) => line.includes(`sleep ${mark}`) || line.includes(project.dir));
    for (let tries = 0; running().length > 0 && tries < 100; tries++) await sleep(50);
    assert.deepEqual(running(), []);
  });
});
