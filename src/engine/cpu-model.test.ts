import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ArchwayError } from "../error/error.ts";
import { parsePlatform } from "../platform/platform.ts";
import {
  cpuRefused,
  cpuRefusedCode,
  fastCpuModel,
  frontendSetsCpu,
  withCpuModel,
  withModelOrDefault,
  withoutCpuModel,
} from "./cpu-model.ts";
import type { EngineEvent } from "./engine.ts";

const dockerfile = "FROM a\nRUN one\n  run --network=none two\nRUN \\\n  three\nRUN <<EOF\nRUN not\nEOF\n";
const cpu = { model: "max,pauth=off", chosen: false, runLines: [2, 3, 4, 6] };

describe("the CPU model of emulated steps", () => {
  it("is put after RUN, on the same lines, and can be taken out again", () => {
    const changed = withCpuModel(dockerfile, cpu);
    const flag = "--mount=type=secret,id=archway-qemu-cpu,env=QEMU_CPU";
    assert.equal(
      changed,
      `FROM a\nRUN ${flag} one\n  run ${flag} --network=none two\nRUN ${flag} \\\n  three\nRUN ${flag} <<EOF\nRUN not\nEOF\n`,
    );
    assert.equal(withoutCpuModel(changed), dockerfile);
  });

  it("refuses a line that begins no RUN", () => {
    assert.throws(() => withCpuModel(dockerfile, { ...cpu, runLines: [5] }), RangeError);
    assert.throws(() => withCpuModel(dockerfile, { ...cpu, runLines: [99] }), RangeError);
  });

  it("is only for architectures that gain", () => {
    const models = ["linux/arm64", "linux/arm/v7", "linux/amd64", "linux/riscv64"];
    assert.deepEqual(
      models.map((platform) => fastCpuModel(parsePlatform(platform))),
      ["max,pauth-impdef=on", undefined, undefined, undefined],
    );
  });

  for (const [syntax, knows] of [
    ["", true],
    ["# syntax=docker/dockerfile:1\n", true],
    ["#syntax = docker.io/docker/dockerfile:1.10\n", true],
    ["# escape=`\n# syntax=docker/dockerfile:1.20.1-labs\n", true],
    ["# syntax=docker/dockerfile:1@sha256:00\n", true],
    ["# syntax=docker/dockerfile\n", true],
    ["# syntax=docker/dockerfile:1.4\n", false],
    ["# syntax=docker/dockerfile:1.9.0\n", false],
    ["# syntax=someone/frontend\n", false],
    ["# a comment ends the directives\n# syntax=docker/dockerfile:1.4\n", true],
  ] as const) {
    it(`${JSON.stringify(syntax)}: the frontend ${knows ? "knows" : "does not know"} secrets as variables`, () => {
      assert.equal(frontendSetsCpu(`${syntax}${dockerfile}`), knows);
    });
  }

  it("recognises QEMU's refusals", () => {
    // QEMU 7.2.
    assert.match("aarch64-binfmt-P: unable to find CPU model 'nosuch'", cpuRefused);
    const property = "can't apply global max-arm-cpu.nosuch=on: Property 'max-arm-cpu.nosuch' not found";
    assert.match(`aarch64-binfmt-P: ${property}`, cpuRefused);
  });

  it("is left away when the emulator refuses it, and for nothing else", async () => {
    const attempts: (string | undefined)[] = [];
    const events: EngineEvent[] = [];
    const request = { emulatedCpu: cpu, args: {}, source: { text: dockerfile, bases: [] } };
    const build = (code: string) =>
      withModelOrDefault(
        request,
        (event) => events.push(event),
        async (given) => {
          attempts.push(given?.model);
          if (given) throw new ArchwayError({ code, kind: "failed", message: "no" });
          return "built";
        },
      );
    assert.equal(await build(cpuRefusedCode), "built");
    assert.deepEqual([attempts.splice(0), events.length], [["max,pauth=off", undefined], 1]);
    await assert.rejects(build("BUILD_STEP_FAILED"), { code: "BUILD_STEP_FAILED" });
    assert.deepEqual(attempts, ["max,pauth=off"]);
  });

  it("fails where the emulator refuses the user's own choice, with the emulator's words", async () => {
    const refusal = new ArchwayError({
      code: cpuRefusedCode,
      kind: "failed",
      message: "unable to find CPU model 'nosuch'",
    });
    const events: EngineEvent[] = [];
    await assert.rejects(
      withModelOrDefault(
        { emulatedCpu: { ...cpu, model: "nosuch", chosen: true }, args: {}, source: { text: dockerfile, bases: [] } },
        (event) => events.push(event),
        () => Promise.reject(refusal),
      ),
      { code: cpuRefusedCode, kind: "input", message: refusal.message, hint: /"nosuch".*--emulated-cpu/ },
    );
    assert.deepEqual(events, []);
  });

  it("is not added where the user gives QEMU_CPU", async () => {
    const request = { emulatedCpu: cpu, args: { QEMU_CPU: "max" }, source: { text: dockerfile, bases: [] } };
    assert.equal(
      await withModelOrDefault(
        request,
        () => undefined,
        async (given) => given,
      ),
      undefined,
    );
  });
});
