import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { emulatedPlatforms } from "../platform/emulators.ts";
import { parsePlatform } from "../platform/platform.ts";
import { howRun } from "./verify-run.ts";

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
