import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runFinding } from "./run-findings.ts";
import type { RunOutcome } from "./run-findings.ts";

const emulated: RunOutcome = {
  platform: { os: "linux", architecture: "arm64" },
  host: { os: "linux", architecture: "amd64" },
  execution: "emulated",
  emulator: "QEMU 7.2.22",
  command: [],
  result: "exited",
  exitCode: 0,
  seconds: 1.5,
  output: "ready",
};
const native: RunOutcome = {
  ...emulated,
  platform: emulated.host,
  execution: "native",
};

/** Severity, rule and message of the finding. */
function told(outcome: RunOutcome): readonly [string, string, string] {
  const { severity, rule, message } = runFinding(outcome);
  return [severity, rule, message];
}

describe("the finding about a run", () => {
  test("what started under an emulator is no proof of its architecture", () => {
    assert.deepEqual(told(emulated), [
      "note",
      "run-emulated",
      "The image's own entrypoint ended with exit code 0 after 1.5 s. Ran under QEMU 7.2.22: this shows that it starts, and is no proof of its architecture (code of linux/amd64 would have started too).",
    ]);
  });

  test("what started natively says so", () => {
    assert.deepEqual(told({ ...native, result: "kept-running", seconds: 10 }), [
      "note",
      "run-native",
      "The image's own entrypoint still ran after 10 s, and was ended. Ran natively on linux/amd64.",
    ]);
  });

  test("an exit code of its own entrypoint may only be missing configuration", () => {
    assert.deepEqual(told({ ...native, exitCode: 1, output: "DATABASE_URL is not set" }), [
      "warning",
      "run-exit-code",
      "The image's own entrypoint ended with exit code 1 natively on linux/amd64.\nDATABASE_URL is not set",
    ]);
  });

  test("a command that was given has to succeed, and to end", () => {
    const asked = { ...emulated, command: ["/app", "--say", "a b"], output: "" };
    assert.deepEqual(told({ ...asked, exitCode: 139 }), [
      "error",
      "run-failed",
      '/app --say "a b" ended with exit code 139 (it crashed) under QEMU 7.2.22.',
    ]);
    assert.deepEqual(told({ ...asked, result: "kept-running", seconds: 60 }), [
      "error",
      "run-failed",
      '/app --say "a b" did not end within 60 s under QEMU 7.2.22.',
    ]);
  });

  test("what does not start fails", () => {
    assert.deepEqual(told({ ...native, result: "failed-to-start", output: "exec /app: exec format error" }), [
      "error",
      "run-failed",
      "The image's own entrypoint does not start natively on linux/amd64.\nexec /app: exec format error",
    ]);
  });

  test("what this machine cannot run is neither a fault nor a proof", () => {
    const { execution: _, emulator: __, ...nobody } = emulated;
    assert.deepEqual(told({ ...nobody, result: "not-runnable-here", reason: "there is no emulator." }), [
      "note",
      "run-not-possible",
      "linux/arm64 was not run here: there is no emulator.",
    ]);
  });
});
