import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { emulatedPlatforms } from "../platform/emulators.ts";
import { parsePlatform } from "../platform/platform.ts";
import { howRun, runningHost } from "./verify-run.ts";

const qemu = {
  platform: emulatedPlatforms("arm64")[0],
  platforms: emulatedPlatforms("arm64"),
  interpreter: "/usr/bin/qemu-aarch64-static",
  flags: "POCF",
  version: "7.2.22",
  missing: [],
};
const host = {
  platform: parsePlatform("linux/amd64"),
  native: [parsePlatform("linux/amd64"), parsePlatform("linux/amd64/v2")],
  emulators: [qemu],
};

describe("who runs a platform here", () => {
  test("the machine itself, an emulator, or nobody", () => {
    assert.deepEqual(howRun(host, parsePlatform("linux/amd64/v2")), { execution: "native" });
    assert.deepEqual(howRun(host, parsePlatform("linux/arm64")), { execution: "emulated", emulator: "QEMU 7.2.22" });
    for (const other of ["linux/amd64/v4", "linux/riscv64"])
      assert.deepEqual(howRun(host, parsePlatform(other)), {
        reason: "this machine runs it neither natively nor emulated.",
      });
  });

  test("an emulator that containers cannot find is none", () => {
    const unfixed = { ...host, emulators: [{ ...qemu, flags: "PO" }] };
    assert.deepEqual(howRun(unfixed, parsePlatform("linux/arm64")), {
      reason: "its emulator /usr/bin/qemu-aarch64-static is registered without flag F.",
    });
  });
});

describe("the machine that an engine runs containers on", () => {
  const report = {
    ...host,
    kernel: "Linux",
    kernelArchitecture: "amd64",
    userlandBits: 64,
    emulated: false,
    warnings: [],
  } as const;

  test("is this one", () => {
    assert.equal(runningHost(report, "docker", parsePlatform("linux/amd64")), report);
    const both = [parsePlatform("linux/arm/v7"), parsePlatform("linux/arm64")] as const;
    const pi = { ...report, platform: both[0], native: both, kernelArchitecture: "arm64" };
    for (const said of both) assert.equal(runningHost(pi, "podman", said), pi);
  });

  test("is a virtual machine on other systems, whose emulators are not known", () => {
    const mac = { os: "darwin", architecture: "arm64" };
    const inside = runningHost({ ...report, platform: mac, native: [mac] }, "docker", parsePlatform("arm64"));
    assert.deepEqual(howRun(inside, parsePlatform("linux/arm64")), { execution: "native" });
    assert.ok("reason" in howRun(inside, parsePlatform("linux/amd64")));
  });

  test("may not be of another architecture: nothing could be called native", () => {
    assert.throws(() => runningHost(report, "docker", parsePlatform("linux/arm64")), {
      code: "RUNNER_ELSEWHERE",
      message: /docker runs containers on a machine for linux\/arm64, and this one is linux\/amd64/,
    });
  });
});
