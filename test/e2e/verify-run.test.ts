/** `archway verify --run` with real engines: what starts, what does not, and that nothing is left behind. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { verifySchema } from "../../src/cli/schemas/verify.ts";
import { writeDockerArchive } from "../../src/image/docker-archive.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Reference } from "../../src/oci/reference.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { BaseImage, Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import { archway, startArchway, workplace } from "./archway.ts";
import type { Started, Workplace } from "./archway.ts";
import { putBase, putChild, putCommand, putFiles, putIndex } from "./image-parts.ts";

const runners = ["docker", "podman"] as const;

for (const runner of runners) {
  const needs = [
    "registry",
    "qemu",
    "bases",
    ...(runner === "docker" ? (["docker"] as const) : (["buildah", "podman"] as const)),
  ] as const;

  describe(`archway verify --run with ${runner}`, { skip: await unavailable(...needs) }, () => {
    let bed: Bed;
    let place: Workplace;
    let busybox: BaseImage;
    let env: NodeJS.ProcessEnv;
    let store: LayoutStore;

    before(async () => {
      bed = await startBed({ need: needs });
      busybox = await bed.base("busybox");
      const engine = runner === "docker" ? await bed.docker() : await bed.buildah();
      place = await workplace({ env: engine.env });
      // A Docker of this machine would be taken before Podman.
      env = runner === "docker" ? place.env : { ...place.env, DOCKER_HOST: `unix://${join(bed.dir, "no-docker")}` };
      store = new LayoutStore(join(place.dir, "images"));
      const command = (name: string, words: string[], declared = "linux/amd64", layersOf = declared) =>
        putCommand(store, busybox, { layersOf, declared, command: words }).then((image) => store.tag(name, image));
      const both = ["linux/amd64", "linux/arm64"];
      await store.tag(
        "right",
        await putIndex(store, await Promise.all(both.map((one) => putBase(store, busybox, one)))),
      );
      await command("wrong", ["busybox", "true"], "linux/arm64", "linux/amd64");
      await command("service", ["sleep", "1000"]);
      await command("unconfigured", ["sh", "-c", "echo DATABASE_URL is not set >&2; exit 3"]);
      await command("absent", ["/usr/bin/app"]);
      const parent = await putBase(store, busybox, "linux/amd64");
      await store.tag("parent", parent);
      await store.tag("child", await putChild(store, parent, ["sh", "-c", "true"]));
      await store.tag("foreign", await putFiles(store, "linux/mips64le", { data: "x" }));
    });
    after(async () => {
      await place[Symbol.asyncDispose]();
      await bed.stop();
    });

    const started = (image: string, ...args: readonly string[]) =>
      startArchway(["verify", `oci:images:${image}`, "--format", "json", "--run", ...args], { cwd: place.dir, env });
    const verify = async (image: string, ...args: readonly string[]) => {
      const { code, stdout, stderr } = await started(image, ...args).ended;
      assert.notEqual(stdout, "", stderr);
      const { images } = z.strictObject(verifySchema.shape).parse(JSON.parse(stdout));
      const platforms = images.flatMap((one) => one.platforms);
      await leavesNothing();
      return {
        code,
        verdict: images[0]?.verdict,
        runs: platforms.map((one) => one.run),
        findings: platforms.flatMap((one) => one.findings).filter(({ rule }) => rule.startsWith("run-")),
      };
    };
    const left = async () => {
      const engine = (...args: string[]) => run(runner, args, { env });
      const all = await Promise.all([
        engine("ps", "--all", "--format", "{{.Names}}"),
        engine("images", "--format", "{{.Repository}}"),
      ]);
      return all.flatMap((names) => names.split("\n")).filter((name) => name.includes("archway-run"));
    };
    const leavesNothing = async () => assert.deepEqual(await left(), []);
    const untilRunning = async ({ ended }: Started) => {
      const names = async () => run(runner, ["ps", "--format", "{{.Names}}"], { env });
      let isOver = false;
      void ended.then(() => (isOver = true));
      while (!(await names()).includes("archway-run")) {
        assert.ok(!isOver, "it ended before it ran");
        await sleep(100);
      }
    };

    test("a command that succeeds, natively and emulated, each said so", async () => {
      const { code, verdict, runs, findings } = await verify("right", "--", "uname", "-m");
      assert.equal(code, 0);
      assert.equal(verdict, "pass");
      assert.deepEqual(
        runs.map((one) => [one?.execution, one?.result, one?.exitCode, one?.output]),
        [
          ["native", "exited", 0, "x86_64"],
          ["emulated", "exited", 0, "aarch64"],
        ],
      );
      assert.match(runs[1]?.emulator ?? "", /^QEMU \d/);
      assert.deepEqual(
        findings.map(({ rule, severity }) => [rule, severity]),
        [
          ["run-native", "note"],
          ["run-emulated", "note"],
        ],
      );
      assert.match(
        findings[1]?.message ?? "",
        /under QEMU \d[^:]*: this shows that it starts, and is no proof of its architecture/,
      );
    });

    test("amd64 code in an arm64 image runs, and is refused all the same", async () => {
      const { code, verdict, runs, findings } = await verify("wrong");
      assert.equal(runs[0]?.result, "exited");
      assert.equal(runs[0].exitCode, 0);
      assert.equal(findings[0]?.rule, "run-emulated");
      assert.match(findings[0].message, /no proof of its architecture \(code of linux\/amd64 would have started too\)/);
      assert.equal(verdict, "fail");
      assert.equal(code, 1);
    });

    test("a service that keeps running has started", async () => {
      const { code, runs, findings } = await verify("service", "--run-timeout", "2");
      assert.equal(runs[0]?.result, "kept-running");
      assert.equal(findings[0]?.rule, "run-native");
      assert.equal(code, 0);
    });

    test("its own entrypoint may want configuration: a warning with what it said", async () => {
      const { code, findings } = await verify("unconfigured", "--severity", "error");
      assert.equal(code, 0);
      assert.deepEqual([findings[0]?.rule, findings[0]?.severity], ["run-exit-code", "warning"]);
      assert.match(findings[0]?.message ?? "", /exit code 3 natively on linux\/amd64\.\nDATABASE_URL is not set$/);
    });

    test("an entrypoint and a command that are not there do not start", async () => {
      const own = await verify("absent");
      assert.deepEqual([own.runs[0]?.result, own.findings[0]?.rule, own.code], ["failed-to-start", "run-failed", 1]);
      const given = await verify("right", "--platform", "linux/arm64", "--", "/nope", "--version");
      assert.deepEqual(
        [given.runs[0]?.result, given.findings[0]?.severity, given.code],
        ["failed-to-start", "error", 1],
      );
      assert.match(given.findings[0]?.message ?? "", /^\/nope --version does not start under QEMU[^]*no such file/);
    });

    test("a command that fails, crashes or does not end is an error", async () => {
      const fails = await verify(
        "right",
        "--platform",
        "linux/amd64",
        "--",
        "sh",
        "-c",
        'sh -c "kill -SEGV \\$\\$"; exit $?',
      );
      assert.deepEqual([fails.runs[0]?.exitCode, fails.findings[0]?.rule, fails.code], [139, "run-failed", 1]);
      // QEMU as process 1 cannot kill itself, and hangs.
      const crash = ["--platform", "linux/arm64", "--run-timeout", "3", "--", "sh", "-c", "kill -SEGV $$"];
      const emulated = await verify("right", ...crash);
      assert.deepEqual([emulated.runs[0]?.exitCode, emulated.findings[0]?.rule, emulated.code], [139, "run-failed", 1]);
      const endless = await verify("right", "--platform", "linux/amd64", "--run-timeout", "2", "--", "sleep", "1000");
      assert.match(endless.findings[0]?.message ?? "", /^sleep 1000 did not end within \d/);
      assert.equal(endless.code, 1);
    });

    test("a platform that this machine cannot run keeps its verdict", async () => {
      const { code, verdict, findings } = await verify("foreign");
      assert.deepEqual([findings[0]?.rule, findings[0]?.severity], ["run-not-possible", "note"]);
      assert.deepEqual([verdict, code], ["pass", 0]);
    });

    test("an image of the user's without a name is run as it is and stays, and so do those that an image was built from", async () => {
      const engine = (...args: readonly string[]) => run(runner, args, { env });
      const load = async (file: string, name: string, as: readonly Reference[]) => {
        const path = join(place.dir, file);
        await writeDockerArchive(path, store, await store.resolve(name), as, AbortSignal.timeout(60_000));
        await engine("load", "--input", path);
      };
      const images = async () => (await engine("images", "--all", "--quiet", "--no-trunc")).split("\n").toSorted();
      await load("own.tar", "unconfigured", []);
      await load("parent.tar", "parent", []);
      const before = await images();
      assert.notEqual(before.length, 0);
      const own = await verify("unconfigured", "--severity", "error");
      assert.equal(own.runs[0]?.exitCode, 3);
      assert.deepEqual(await images(), before);
      // The engine gets this one for the run alone, over the layer of the other.
      const child = await verify("child");
      assert.equal(child.runs[0]?.exitCode, 0);
      assert.deepEqual(await images(), before);
      // One with a name keeps it.
      await load("named.tar", "child", [parseReference("localhost/own:1")]);
      const named = await images();
      await verify("child");
      assert.deepEqual(await images(), named);
      assert.match(await engine("images", "--format", "{{.Repository}}:{{.Tag}}"), /^localhost\/own:1$/m);
    });

    test("Ctrl-C leaves neither container nor image", async () => {
      const program = started("service", "--run-timeout", "300");
      await untilRunning(program);
      program.child.kill("SIGINT");
      const { code, stderr } = await program.ended;
      assert.equal(code, 130, stderr);
      await leavesNothing();
    });

    test("what a killed run leaves, the next one removes", async () => {
      const program = started("service", "--run-timeout", "300");
      await untilRunning(program);
      program.child.kill("SIGKILL");
      await program.ended;
      assert.notDeepEqual(await left(), []);
      await verify("unconfigured");
    });
  });
}

describe("archway verify --run", () => {
  const usage = (...args: readonly string[]) =>
    archway(["verify", "oci:images", ...args], { cwd: "/", env: process.env });

  test("a command without --run, or a time that is none, is refused", async () => {
    const forgotten = await usage("--", "true");
    assert.equal(forgotten.code, 2);
    assert.match(forgotten.stderr, /Add --run\./);
    const endless = await usage("--run", "--run-timeout", "1h");
    assert.equal(endless.code, 2);
    assert.match(endless.stderr, /--run-timeout 1h: must be whole seconds from 1 to 3600/);
  });

  test("without an engine it says so at once", async () => {
    const { code, stderr } = await archway(["verify", "oci:images", "--run"], {
      cwd: "/",
      env: {
        ...process.env,
        DOCKER_HOST: "unix:///nowhere",
        PATH: "/nowhere",
      },
    });
    assert.equal(code, 3, stderr);
    assert.match(stderr, /neither Docker nor Podman/);
  });
});
