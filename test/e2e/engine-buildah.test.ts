/** Buildah and Podman, against those of this machine, with storage of its own. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openBuildah } from "../../src/engine/buildah.ts";
import type { BaseUse, Engine, EngineEvent, EngineRequest } from "../../src/engine/engine.ts";
import { scratchPrefix } from "../../src/platform/scratch-name.ts";
import { formatPlatform, parsePlatform } from "../../src/platform/platform.ts";
import { startBed, unavailable, type BaseImage, type Bed } from "../bed/bed.ts";
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
  type Project,
} from "./engine-request.ts";

const skips = {
  buildah: await unavailable("registry", "buildah", "qemu", "bases"),
  podman: await unavailable("registry", "buildah", "podman", "qemu", "bases"),
};

describe("Buildah", { timeout: 600_000 }, () => {
  describeProgram("buildah", "local");
  describeProgram("podman", "podman");
});

function describeProgram(program: "buildah" | "podman", endpoint: string): void {
  describe(program, { skip: skips[program] }, () => {
    let bed: Bed;
    let env: NodeJS.ProcessEnv;
    let engine: Engine;
    let alpine: BaseImage;
    /** Platform → manifest of alpine. */
    let manifests: Readonly<Record<string, string>>;

    before(async () => {
      bed = await startBed({ need: ["registry", "buildah", program, "qemu", "bases"] });
      env = (await bed.buildah()).env;
      engine = openBuildah(endpoint, env);
      alpine = await bed.base("alpine");
      const index = await layoutBlob(alpine.layout, alpine.tags[0]?.digest ?? "");
      const entries = index["manifests"] as { digest: string; platform: { architecture: string } }[];
      manifests = Object.fromEntries(
        entries.map(({ digest, platform }) => [`linux/${platform.architecture}`, `${alpine.repository}@${digest}`]),
      );
    });
    after(() => bed.stop());

    /** What the planner says of a Dockerfile: `BASE` stands for the base of that platform. */
    function basesOf(text: string, ...platforms: readonly string[]): BaseUse[] {
      const uses = [...text.matchAll(/BASE/g)];
      assert.equal(uses.length, platforms.length);
      return uses.map(({ index }, at) => {
        const platform = platforms[at] ?? "";
        const manifest = manifests[platform] ?? "";
        return { start: index, end: index + 4, manifest, platform: parsePlatform(platform) };
      });
    }

    /** Builds a Dockerfile whose bases have these platforms, into a folder. */
    async function request(
      project: Project,
      output: string,
      platforms: readonly string[],
      asked: Partial<EngineRequest> = {},
    ): Promise<EngineRequest> {
      const text = await readFile(join(project.dir, "Dockerfile"), "utf8");
      return requestOf(project.dir, {
        source: { text, bases: basesOf(text, ...platforms) },
        output: { kind: "layout", directory: output },
        ...asked,
      });
    }

    it("says what it is, and this machine's platform first", async () => {
      const info = await engine.probe(AbortSignal.timeout(10_000));
      assert.match(info.version, /^\d+\.\d+/);
      assert.deepEqual([info.pushesByDigest, info.attests], [false, false]);
      const platforms = info.platforms.map(formatPlatform);
      assert.equal(platforms[0], { x64: "linux/amd64", arm64: "linux/arm64" }[process.arch as string]);
      assert.ok(platforms.includes("linux/arm64") && platforms.includes("linux/arm/v7"));
      assert.equal(new Set(platforms).size, platforms.length);
    });

    it("makes a layout of the right architecture, and tells where every step ran", async () => {
      await using project = await makeProject({
        Dockerfile: [
          "FROM --platform=$BUILDPLATFORM BASE AS build",
          "ARG TARGETARCH",
          "RUN echo made for $TARGETARCH on $(uname -m) > /made",
          "FROM build AS more",
          "RUN echo more >> /made",
          "FROM BASE",
          "COPY --from=more /made /made",
          "COPY --from=BASE /etc/alpine-release /copied",
          "RUN --mount=type=bind,from=BASE,target=/mounted cat /made /copied /mounted/etc/alpine-release && uname -m",
          "HEALTHCHECK NONE",
        ].join("\n"),
      });
      await using out = await makeProject({});
      const built = await buildWith(
        engine,
        await request(project, out.dir, ["linux/amd64", "linux/arm64", "linux/arm64", "linux/arm64"], {
          labels: { note: "a=b, c" },
          annotations: { "org.example.note": 'with "quotes", commas' },
        }),
      );
      assert.match(built.log, /made for arm64 on x86_64\nmore\n3\.6\S*\n3\.6\S*\naarch64/);
      assert.deepEqual(Object.values(whereRunsRan(built.events)), ["linux/amd64", "linux/amd64", "linux/arm64"]);
      assert.ok(
        built.events.some(
          (event) => event.type === "step" && event.name.startsWith("[linux/amd64->arm64 more 2/2] RUN"),
        ),
      );
      const manifest = await layoutBlob(out.dir, built.result.digest ?? "");
      assert.equal(manifest["mediaType"], built.result.mediaType);
      assert.equal((manifest["annotations"] as Record<string, string>)["org.example.note"], 'with "quotes", commas');
      const config = await layoutBlob(out.dir, (manifest["config"] as { digest: string }).digest);
      assert.equal(config["architecture"], "arm64");
      assert.equal((config["config"] as { Labels: Record<string, string> }).Labels["note"], "a=b, c");
    });

    it("tells cached steps as cached", async () => {
      await using project = await makeProject({ Dockerfile: `FROM BASE\nRUN echo ${Math.random()} > /x\n` });
      const states = async () => {
        await using out = await makeProject({});
        const { events } = await buildWith(engine, await request(project, out.dir, ["linux/arm64"]));
        return events.flatMap((event) => (event.type === "step" && event.runsOn ? [event.state] : []));
      };
      assert.deepEqual(await states(), ["started", "done"]);
      assert.deepEqual(await states(), ["started", "cached"]);
    });

    it("reaches bases on loopback without TLS by itself", async () => {
      await using project = await makeProject({ Dockerfile: "FROM BASE\nRUN true\n", "registries.conf": "" });
      await using out = await makeProject({});
      const plain = { ...env, CONTAINERS_REGISTRIES_CONF: join(project.dir, "registries.conf") };
      await run(program, ["rmi", "--all", "--force"], { env });
      const { result } = await buildWith(
        openBuildah(endpoint, plain),
        await request(project, out.dir, ["linux/arm64"]),
      );
      assert.match(result.digest ?? "", /^sha256:/);
    });

    it("gives secrets to the steps that ask for them, and obeys the Dockerfile's own ignore file", async () => {
      await using project = await makeProject({
        Dockerfile: [
          "FROM BASE",
          "RUN --mount=type=secret,id=one --mount=type=secret,id=two test $(cat /run/secrets/one /run/secrets/two | wc -c) = 13",
          "COPY . /all",
          "RUN ls /all",
        ].join("\n"),
        "Dockerfile.dockerignore": "ignored\n",
        ignored: "",
        kept: "",
        "secret,file": "hush,1",
      });
      await using out = await makeProject({});
      const { log, events } = await buildWith(
        openBuildah(endpoint, { ...env, TOKEN: "secret2" }),
        await request(project, out.dir, ["linux/arm64"], {
          secrets: [
            { id: "one", file: join(project.dir, "secret,file") },
            { id: "two", env: "TOKEN" },
          ],
        }),
      );
      assert.match(log, /^kept$/m);
      assert.doesNotMatch(log, /^ignored$/m);
      assert.doesNotMatch(JSON.stringify(events), /hush,1|secret2/);
    });

    it("writes plain files", async () => {
      await using project = await makeProject({ Dockerfile: "FROM scratch\nCOPY kept /made/here\n", kept: "" });
      await using out = await makeProject({});
      const output = { kind: "files", value: `type=local,dest=${out.dir}` } as const;
      assert.deepEqual(await buildWith(engine, await request(project, out.dir, [], { output })).then((b) => b.result), {
        metadata: {},
      });
      assert.deepEqual(await readdir(out.dir), ["made"]);
    });

    it("warns of what it cannot do", async () => {
      await using project = await makeProject({ Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
      await using out = await makeProject({});
      const asked = { provenance: "mode=max", sbom: "true", cacheTo: ["type=local,dest=/nowhere"] };
      const { events } = await buildWith(engine, await request(project, out.dir, [], asked));
      assert.equal(events.filter((event) => event.type === "warning").length, 3);
    });

    describe("says what went wrong", () => {
      const cases: readonly (readonly [name: string, dockerfile: string, code: string, message: RegExp])[] = [
        [
          "a failed step",
          "FROM BASE\nRUN echo said; \\\n  exit 7\n",
          "BUILD_STEP_FAILED",
          /2\/2\] RUN echo said;.* ended with exit code 7\.\nsaid$/,
        ],
        [
          "a missing file",
          "FROM BASE\nCOPY nowhere /\n",
          "BUILD_STEP_FAILED",
          /copies \/nowhere, which does not exist/,
        ],
        ["an unknown instruction", "FROM BASE\nRUNN x\n", "DOCKERFILE_INVALID", /Unknown instruction: "RUNN"/],
        [
          "a secret that was not given",
          "FROM BASE\nRUN --mount=type=secret,id=t,required=true x\n",
          "BUILD_SECRET_MISSING",
          /no secret with id "?t"? found/,
        ],
      ];
      for (const [name, dockerfile, code, message] of cases) {
        it(name, async () => {
          await using project = await makeProject({ Dockerfile: dockerfile });
          const error = await failWith(engine, await request(project, project.dir, ["linux/arm64"]));
          assert.equal(error.code, code, error.message);
          assert.match(error.message, message);
        });
      }

      it("an empty Dockerfile, an unknown target, a base that is not there", async () => {
        const codes: string[] = [];
        for (const [text, asked] of [
          ["", {}],
          ["FROM scratch\nCOPY Dockerfile /\n", { target: "none" }],
          [`FROM ${alpine.repository}:none\nRUN x\n`, {}],
        ] as const) {
          await using project = await makeProject({ Dockerfile: text });
          codes.push((await failWith(engine, await request(project, project.dir, [], asked))).code);
        }
        assert.deepEqual(codes, ["DOCKERFILE_INVALID", "DOCKERFILE_INVALID", "BASE_NOT_FOUND"]);
      });

      it("a program that is not installed", async () => {
        await assert.rejects(openBuildah(endpoint, { PATH: "/nowhere" }).probe(AbortSignal.timeout(10_000)), {
          code: "ENGINE_UNREACHABLE",
          message: new RegExp(`"${program}" is not installed`),
        });
      });

      it("and leaves no container behind", async () => {
        assert.equal(await run("buildah", ["containers", "--quiet"], { env }), "");
      });
    });

    it("stops everything when it is cancelled", async () => {
      const mark = `${42_000 + (process.pid % 1000)}`;
      await using project = await makeProject({ Dockerfile: `FROM BASE\nRUN echo on; sleep ${mark}\n` });
      const controller = new AbortController();
      const events: EngineEvent[] = [];
      const building = engine.build(
        await request(project, project.dir, ["linux/arm64"]),
        (event) => {
          events.push(event);
          if (/^on$/m.test(logOf(events))) controller.abort();
        },
        controller.signal,
      );
      await assert.rejects(building, { name: "AbortError" });
      const running = () =>
        processes(readdirSync("/proc")).filter((line) => line.includes(`sleep ${mark}`) || line.includes(project.dir));
      for (let tries = 0; running().length > 0 && tries < 400; tries++) await sleep(50);
      assert.deepEqual(running(), []);
      assert.equal(await run("buildah", ["containers", "--quiet"], { env }), "");
      const left = (await readdir(tmpdir())).filter((name) => name.startsWith(`${scratchPrefix}${process.pid}-`));
      assert.deepEqual(left, []);
    });

    it("gives emulated steps a CPU model where its version can, and says where not", async (t) => {
      const { setsEmulatedCpu, version } = await engine.probe(AbortSignal.timeout(10_000));
      if (!setsEmulatedCpu) return t.skip(`Buildah ${version} cannot`);
      await using project = await makeProject({ Dockerfile: "FROM BASE\nRUN env | sed -n s/QEMU_//p\n" });
      await using out = await makeProject({});
      await writeFile(join(project.dir, "x"), "");
      const { log, events } = await buildWith(
        engine,
        await request(project, out.dir, ["linux/arm64"], {
          emulatedCpu: { model: "cortex-a57", chosen: true, runLines: [2] },
        }),
      );
      assert.match(log, /^CPU=cortex-a57$/m);
      assert.doesNotMatch(JSON.stringify(events), /archway-qemu-cpu/);
    });
  });
}
