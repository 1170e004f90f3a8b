/** BuildKit through buildctl, against a real buildkitd on a real registry. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openBuildkit } from "../../src/engine/buildkit.ts";
import type { Engine, EngineEvent } from "../../src/engine/engine.ts";
import { scratchPrefix } from "../../src/platform/scratch-name.ts";
import { formatPlatform, parsePlatform } from "../../src/platform/platform.ts";
import { startBed, unavailable, type BaseImage, type Bed } from "../bed/bed.ts";
import { makeAuthority, makeCertificate } from "../bed/certificates.ts";
import { startDaemon } from "../bed/daemon.ts";
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

const skip = await unavailable("registry", "buildkit", "qemu", "bases");

describe("BuildKit", { skip, timeout: 600_000 }, () => {
  let bed: Bed;
  let engine: Engine;
  let alpine: BaseImage;
  let pin: string;
  let bases: Record<string, string>;

  before(async () => {
    bed = await startBed({ need: ["registry", "buildkit", "qemu", "bases"] });
    const node = await bed.buildkit("a");
    engine = openBuildkit(node.endpoint, bed.env);
    alpine = await bed.base("alpine");
    pin = `${alpine.repository}@${alpine.tags[0]?.digest}`;
    bases = { "docker.io/library/alpine:latest": pin };
  });
  after(() => bed.stop());

  it("says what it is, and its native platform first", async () => {
    const info = await engine.probe(AbortSignal.timeout(10_000));
    assert.equal(info.name, "buildkit");
    assert.deepEqual([info.pushesByDigest, info.attests, info.setsEmulatedCpu], [true, true, true]);
    const platforms = info.platforms.map(formatPlatform);
    const native = { x64: "linux/amd64", arm64: "linux/arm64" }[process.arch as string];
    assert.equal(platforms[0], native);
    assert.ok(platforms.includes("linux/arm/v7"));
    const b = openBuildkit((await bed.buildkit("b")).endpoint, bed.env);
    const other = await b.probe(AbortSignal.timeout(10_000));
    assert.deepEqual(other.platforms.slice(0, 2).map(formatPlatform), ["linux/arm64", "linux/arm/v7"]);
  });

  it("pushes one platform by digest, without a tag, and tells where every step ran", async () => {
    const registry = await bed.registry();
    await using project = await makeProject({
      Dockerfile: [
        "FROM --platform=$BUILDPLATFORM alpine AS build",
        "ARG TARGETARCH",
        "RUN echo made for $TARGETARCH on $(uname -m) > /made",
        "FROM alpine",
        "COPY --from=build /made /made",
        "RUN cat /made && uname -m",
      ].join("\n"),
    });
    const { result, events, log } = await buildWith(
      engine,
      requestOf(project.dir, {
        bases,
        labels: { note: "a=b, c" },
        annotations: { "org.example.note": 'with "quotes", commas' },
        output: { kind: "registry", repository: `${registry.host}/engine/pushed`, plainHttp: true },
      }),
    );
    assert.match(log, /made for arm64 on x86_64\naarch64/);
    assert.deepEqual(whereRunsRan(events), {
      "RUN echo made for arm64 on $(uname -m) > /made": "linux/amd64",
      "RUN cat /made && uname -m": "linux/arm64",
    });
    assert.equal(result.mediaType, "application/vnd.oci.image.index.v1+json");
    const accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
    const get = async (path: string) => fetch(`${registry.url}/v2/engine/pushed/${path}`, { headers: { accept } });
    const index = (await (await get(`manifests/${result.digest}`)).json()) as { manifests: { digest: string }[] };
    const manifest = (await (await get(`manifests/${index.manifests[0]?.digest}`)).json()) as {
      annotations: unknown;
      config: { digest: string };
    };
    assert.deepEqual(manifest.annotations, { "org.example.note": 'with "quotes", commas' });
    const config = (await (await get(`blobs/${manifest.config.digest}`)).json()) as Record<string, unknown>;
    assert.deepEqual(
      [config["architecture"], config["config"]],
      ["arm64", { ...(config["config"] as object), Labels: { note: "a=b, c" } }],
    );
    assert.equal(
      (await get("tags/list")).status === 404 ||
        ((await (await get("tags/list")).json()) as { tags: unknown }).tags === null,
      true,
    );
  });

  it("writes an OCI layout with attestations when they are asked for", async () => {
    await using project = await makeProject({ Dockerfile: "FROM alpine\nRUN true\n" });
    await using out = await makeProject({});
    const { result } = await buildWith(
      engine,
      requestOf(project.dir, { bases, provenance: "mode=min", output: { kind: "layout", directory: out.dir } }),
    );
    const index = await layoutBlob(out.dir, result.digest ?? "");
    const kinds = (index["manifests"] as { platform: { architecture: string } }[]).map(
      (entry) => entry.platform.architecture,
    );
    assert.deepEqual(kinds, ["arm64", "unknown"]);
  });

  it("writes plain files flat", async () => {
    await using project = await makeProject({ Dockerfile: "FROM scratch\nCOPY Dockerfile /made/here\n" });
    await using out = await makeProject({});
    const { result } = await buildWith(
      engine,
      requestOf(project.dir, { output: { kind: "files", value: `type=local,dest=${out.dir}` } }),
    );
    assert.equal(result.digest, undefined);
    assert.deepEqual(await readdir(out.dir), ["made"]);
  });

  describe("takes bases from where the planner found them", () => {
    const uses = (from: string) => `FROM ${from}\nRUN cat /etc/alpine-release\n`;
    const digest = `sha256:${"0".repeat(64)}`;
    // What the Dockerfile writes → the full reference that the planner resolves. Nothing of it exists: only the pin does.
    const cases: readonly (readonly [dockerfile: string, reference: string])[] = [
      [uses("alpine"), "docker.io/library/alpine:latest"],
      [uses("alpine:latest"), "docker.io/library/alpine:latest"],
      [uses("library/alpine"), "docker.io/library/alpine:latest"],
      [uses("docker.io/library/alpine"), "docker.io/library/alpine:latest"],
      [uses("index.docker.io/library/alpine:latest"), "docker.io/library/alpine:latest"],
      [uses("--platform=$BUILDPLATFORM alpine"), "docker.io/library/alpine:latest"],
      [`ARG V=3.4\n${uses("alpine:$V")}`, "docker.io/library/alpine:3.4"],
      [uses("team/app:1.0"), "docker.io/team/app:1.0"],
      [uses("registry.invalid/team/app:1.0"), "registry.invalid/team/app:1.0"],
      [uses(`alpine@${digest}`), `docker.io/library/alpine@${digest}`],
      [uses(`alpine:3.4@${digest}`), `docker.io/library/alpine:3.4@${digest}`],
      [uses("alpine AS alpine"), "docker.io/library/alpine:latest"],
      [
        "FROM scratch AS x\nFROM tool AS tool\nRUN echo kept > /kept\nFROM tool\nRUN cat /kept /etc/alpine-release\n",
        "docker.io/library/tool:latest",
      ],
      [
        "FROM alpine\nCOPY --from=other/image /etc/alpine-release /seen\nRUN cat /seen\n",
        "docker.io/other/image:latest",
      ],
      ["FROM alpine\nRUN --mount=from=other/image:2,target=/m cat /m/etc/alpine-release\n", "docker.io/other/image:2"],
    ];
    for (const [dockerfile, reference] of cases) {
      it(`${dockerfile.trim().split("\n").join(" ⏎ ")} by ${reference}`, async () => {
        await using project = await makeProject({ Dockerfile: dockerfile });
        await using out = await makeProject({});
        const { log } = await buildWith(
          engine,
          requestOf(project.dir, {
            bases: { ...bases, [reference]: pin },
            noCache: true,
            output: { kind: "layout", directory: out.dir },
          }),
        );
        assert.match(log, /^3\.6/m);
      });
    }
  });

  it("takes named contexts from folders, layouts and other images", async () => {
    await using project = await makeProject({
      Dockerfile: [
        "FROM one/base AS final",
        "COPY --from=extra file /file",
        "COPY --from=docker.io/library/laid:latest /etc/alpine-release /laid",
        "RUN cat /file /laid",
      ].join("\n"),
      "extra/file": "from a folder\n",
    });
    await using out = await makeProject({});
    const { log } = await buildWith(
      engine,
      requestOf(project.dir, {
        buildContexts: {
          "docker.io/one/base:latest": `docker-image://${pin}`,
          extra: join(project.dir, "extra"),
          laid: `oci-layout://${alpine.layout}@${alpine.tags[0]?.digest}`,
        },
        output: { kind: "layout", directory: out.dir },
      }),
    );
    assert.match(log, /from a folder\n3\.6/);
  });

  it("builds a subfolder of a Git repository", async () => {
    await using project = await makeProject({
      "sub/Dockerfile": "FROM alpine\nCOPY file /file\nRUN cat /file\n",
      "sub/file": "from Git\n",
    });
    const git = async (...args: string[]) => {
      const child = spawn("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: project.dir });
      assert.deepEqual(await once(child, "close"), [0, null]);
    };
    await git("init", "-q", "-b", "main");
    await git("add", ".");
    await git("commit", "-q", "-m", "one");
    await git("update-server-info");
    const server = createServer((request, response) => {
      readFile(join(project.dir, ".git", (request.url ?? "").replace(/^\/repo\.git|\?.*$/g, ""))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    await using out = await makeProject({});
    try {
      const { log } = await buildWith(
        engine,
        requestOf(project.dir, {
          context: { kind: "git", url: `http://127.0.0.1:${port}/repo.git#main:sub` },
          dockerfile: "Dockerfile",
          bases,
          output: { kind: "layout", directory: out.dir },
        }),
      );
      assert.match(log, /from Git/);
    } finally {
      server.close();
    }
  });

  it("gives secrets to the steps that ask for them, and shows them nowhere", async () => {
    await using project = await makeProject({
      Dockerfile: [
        "FROM alpine",
        "RUN --mount=type=secret,id=one --mount=type=secret,id=two test $(cat /run/secrets/one /run/secrets/two | wc -c) = 13",
      ].join("\n"),
      "secret,file": "hush,1",
    });
    await using out = await makeProject({});
    const secretEngine = openBuildkit(engine.endpoint, { ...bed.env, TOKEN: "secret2" });
    const building = buildWith(
      secretEngine,
      requestOf(project.dir, {
        bases,
        secrets: [
          { id: "one", file: join(project.dir, "secret,file") },
          { id: "two", env: "TOKEN" },
        ],
        output: { kind: "layout", directory: out.dir },
      }),
    );
    const ended = building.then(
      () => true,
      () => true,
    );
    let commands: readonly string[] = [];
    do commands = processes(readdirSync("/proc")).filter((line) => line.includes(out.dir));
    while (commands.length === 0 && !(await Promise.race([ended, sleep(20)])));
    assert.ok(commands.length > 0, "buildctl runs");
    const { events, result } = await building;
    assert.doesNotMatch(JSON.stringify([commands, events, result]), /hush,1|secret2/);
  });

  describe("says what went wrong", () => {
    const cases: readonly (readonly [name: string, dockerfile: string, code: string, message: RegExp])[] = [
      [
        "a failed step",
        "FROM alpine\n\nRUN echo said; \\\n  exit 7\n",
        "BUILD_STEP_FAILED",
        /Dockerfile:3-4\) ended with exit code 7\.\nsaid$/,
      ],
      [
        "a missing file",
        "FROM alpine\nCOPY nowhere /\n",
        "BUILD_STEP_FAILED",
        /Dockerfile:2\) copies \/nowhere, which does not exist/,
      ],
      ["an unknown instruction", "FROM alpine\nRUNN x\n", "DOCKERFILE_INVALID", /unknown instruction: RUNN/],
      ["an empty Dockerfile", "", "DOCKERFILE_INVALID", /cannot be empty/],
      [
        "a secret that was not given",
        "FROM alpine\nRUN --mount=type=secret,id=t,required=true x\n",
        "BUILD_SECRET_MISSING",
        /secret t: not found/,
      ],
      [
        "an agent that was not given",
        "FROM alpine\nRUN --mount=type=ssh,required=true x\n",
        "BUILD_SSH_MISSING",
        /no SSH key ".*" forwarded/,
      ],
    ];
    for (const [name, dockerfile, code, message] of cases) {
      it(name, async () => {
        await using project = await makeProject({ Dockerfile: dockerfile });
        const error = await failWith(
          engine,
          requestOf(project.dir, { bases, output: { kind: "layout", directory: project.dir } }),
        );
        assert.equal(error.code, code);
        assert.match(error.message, message);
      });
    }

    it("a base that does not exist", async () => {
      await using project = await makeProject({ Dockerfile: `FROM ${alpine.repository}:none\n` });
      const error = await failWith(
        engine,
        requestOf(project.dir, { output: { kind: "layout", directory: project.dir } }),
      );
      assert.equal(error.code, "BASE_NOT_FOUND");
      assert.equal(error.place?.line, 1);
    });

    it("a base without the platform", async () => {
      await using project = await makeProject({ Dockerfile: `FROM ${alpine.repository}:3.4\nRUN x\n` });
      const error = await failWith(
        engine,
        requestOf(project.dir, { output: { kind: "layout", directory: project.dir } }),
      );
      assert.equal(error.code, "BASE_PLATFORM_MISSING");
    });

    it("a registry that is not there", async () => {
      await using project = await makeProject({ Dockerfile: "FROM alpine\n" });
      const error = await failWith(
        engine,
        requestOf(project.dir, { bases, output: { kind: "registry", repository: "127.0.0.1:1/x/y", plainHttp: true } }),
      );
      assert.deepEqual([error.code, error.kind], ["REGISTRY_ERROR", "unreachable"]);
      assert.match(error.message, /127\.0\.0\.1:1.*connection refused/);
    });

    it("an engine that is not there", async () => {
      const nothing = openBuildkit(`unix://${bed.dir}/nothing`, bed.env);
      await assert.rejects(nothing.probe(AbortSignal.timeout(10_000)), {
        code: "ENGINE_UNREACHABLE",
        kind: "unreachable",
      });
      await using project = await makeProject({ Dockerfile: "FROM scratch\n" });
      const error = await failWith(
        nothing,
        requestOf(project.dir, { output: { kind: "layout", directory: project.dir } }),
      );
      assert.equal(error.code, "ENGINE_UNREACHABLE");
    });

    it("an engine whose client is not installed", async () => {
      const nothing = openBuildkit(engine.endpoint, { PATH: "/nowhere" });
      await assert.rejects(nothing.probe(AbortSignal.timeout(10_000)), {
        code: "ENGINE_UNREACHABLE",
        message: /"buildctl" is not installed/,
      });
    });
  });

  it("stops everything when it is cancelled", async () => {
    const mark = `${41_000 + (process.pid % 1000)}`;
    await using project = await makeProject({ Dockerfile: `FROM alpine\nRUN echo on; sleep ${mark}\n` });
    const controller = new AbortController();
    const events: EngineEvent[] = [];
    const building = engine.build(
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
    const left = (await readdir(tmpdir())).filter((name) => name.startsWith(`${scratchPrefix}${process.pid}-`));
    assert.deepEqual(left, []);
  });

  it("says that the node was lost when it is killed during a step", async () => {
    const node = await bed.otherBuildkit({ name: "k" });
    const lost = openBuildkit(node.endpoint, bed.env);
    await using project = await makeProject({ Dockerfile: "FROM alpine\nRUN echo on; sleep 60\n" });
    const events: EngineEvent[] = [];
    let killing: Promise<void> | undefined;
    const building = lost.build(
      requestOf(project.dir, { bases, output: { kind: "layout", directory: project.dir } }),
      (event) => {
        events.push(event);
        if (logOf(events).includes("on\n")) killing ??= node.kill("SIGKILL");
      },
      AbortSignal.timeout(60_000),
    );
    await assert.rejects(building, {
      code: "ENGINE_UNREACHABLE",
      kind: "unreachable",
      message: /^BuildKit at unix:\/\/\S+ was lost while it built linux\/arm64/,
    });
    await killing;
    await node.restart();
    await using out = await makeProject({});
    await using again = await makeProject({ Dockerfile: "FROM alpine\nRUN true\n" });
    const { result } = await buildWith(
      lost,
      requestOf(again.dir, { bases, output: { kind: "layout", directory: out.dir } }),
    );
    assert.match(result.digest ?? "", /^sha256:/);
  });

  describe("gives emulated steps a CPU model", () => {
    const dockerfile = 'FROM alpine\nRUN env | sed -n s/QEMU_//p; \\\n  echo x > /x\nENTRYPOINT ["/bin/sh"]\n';
    const build = async (model?: string, text = dockerfile) => {
      await using project = await makeProject({ Dockerfile: text, "Dockerfile.dockerignore": "Dockerfile\n" });
      await using out = await makeProject({});
      const built = await buildWith(
        engine,
        requestOf(project.dir, {
          bases,
          noCache: true,
          args: { SOURCE_DATE_EPOCH: "1700000000" },
          ...(model === undefined ? {} : { emulatedCpu: { model, chosen: false, runLines: [2] } }),
          output: { kind: "layout", directory: out.dir },
        }),
      );
      const index = await layoutBlob(out.dir, built.result.digest ?? "");
      const entry = (index["manifests"] as { digest: string }[])[0];
      const manifest = (await layoutBlob(out.dir, entry?.digest ?? "")) as unknown as { config: { digest: string } };
      const { history, config } = await layoutBlob(out.dir, manifest.config.digest);
      return { ...built, image: { history, config } };
    };

    it("which the step sees, and neither image nor names show", async () => {
      const [with_, without] = [await build("cortex-a57"), await build()];
      assert.match(with_.log, /^CPU=cortex-a57$/m);
      assert.doesNotMatch(without.log, /CPU=/);
      assert.deepEqual(with_.image, without.image);
      assert.deepEqual(Object.keys(whereRunsRan(with_.events)), Object.keys(whereRunsRan(without.events)));
      assert.doesNotMatch(JSON.stringify([with_.events, with_.image]), /archway-qemu-cpu/);
    });

    it("and builds without it when the emulator does not know the model", async () => {
      const { log, events } = await build("cortex-a999");
      assert.doesNotMatch(log, /CPU=/);
      assert.deepEqual(
        events.flatMap((event) => (event.type === "warning" ? [event.text] : [])),
        [`The node's emulator does not know the CPU "cortex-a999": building again with its default.`],
      );
    });

    it("and a failed step is told as the user wrote it", async () => {
      await using project = await makeProject({ Dockerfile: "FROM alpine\nRUN exit 3\n" });
      const error = await failWith(
        engine,
        requestOf(project.dir, {
          bases,
          emulatedCpu: { model: "cortex-a57", chosen: true, runLines: [2] },
          output: { kind: "layout", directory: project.dir },
        }),
      );
      assert.equal(
        error.message,
        `The build for linux/arm64 failed: "[linux/arm64 stage-0 2/2] RUN exit 3" (${join(project.dir, "Dockerfile")}:2) ended with exit code 3.`,
      );
    });
  });

  it("reaches a node over TCP with TLS, and only with the right certificates", async () => {
    const dir = join(bed.dir, "tls");
    await mkdir(dir);
    const authority = await makeAuthority(dir, "node-ca");
    const server = await makeCertificate(dir, "node", authority);
    const client = await makeCertificate(dir, "client", authority);
    const config = join(dir, "buildkitd.toml");
    await writeFile(config, "[worker.oci]\nenabled = true\n[worker.containerd]\nenabled = false\n");
    const port = await freePort();
    const daemon = await startDaemon({
      name: "buildkitd with TLS",
      program: "buildkitd",
      args: [
        `--config=${config}`,
        `--root=${join(dir, "root")}`,
        `--addr=tcp://127.0.0.1:${port}`,
        `--tlscacert=${authority.cert}`,
        `--tlscert=${server.cert}`,
        `--tlskey=${server.key}`,
      ],
      log: join(dir, "log"),
      env: bed.env,
      ready: (logged) => logged.includes("running server on"),
    });
    try {
      const address = `tcp://127.0.0.1:${port}`;
      const files = new URLSearchParams({ cacert: authority.cert, cert: client.cert, key: client.key });
      const node = openBuildkit(`${address}?${files.toString()}`, bed.env);
      const info = await node.probe(AbortSignal.timeout(10_000));
      assert.ok(info.platforms.length > 0);
      await using project = await makeProject({ Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
      await using out = await makeProject({});
      const { result } = await buildWith(
        node,
        requestOf(project.dir, { output: { kind: "layout", directory: out.dir } }),
      );
      assert.match(result.digest ?? "", /^sha256:/);
      const stranger = openBuildkit(`${address}?cacert=${authority.cert}`, bed.env);
      // TLS 1.3 refuses a client after its handshake: it sees an alert, or only a broken pipe.
      await assert.rejects(stranger.probe(AbortSignal.timeout(10_000)), { code: "ENGINE_UNREACHABLE" });
      const noFile = openBuildkit(`${address}?cacert=/nowhere.pem`, bed.env);
      await assert.rejects(noFile.probe(AbortSignal.timeout(10_000)), { message: /nowhere\.pem/ });
    } finally {
      await daemon.stop();
    }
  });

  it("builds 32-bit ARM, which the config says with its variant", async () => {
    await using project = await makeProject({ Dockerfile: "FROM alpine\nRUN uname -m\n" });
    await using out = await makeProject({});
    const { log } = await buildWith(
      engine,
      requestOf(project.dir, {
        platform: parsePlatform("linux/arm/v7"),
        bases,
        output: { kind: "layout", directory: out.dir },
      }),
    );
    assert.match(log, /armv7l/);
    assert.ok((await stat(join(out.dir, "index.json"))).size > 0);
  });
});

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : assert.fail("no port");
}
