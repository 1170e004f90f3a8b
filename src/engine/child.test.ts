import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import { ask, createLineSplitter, runChild } from "./child.ts";

const { env } = process;
const sh = (script: string) => ({ program: "sh", args: ["-c", script], env });

/** Waits until a process has ended; a zombie that nobody reaps has. */
async function ended(pid: string): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (!existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) return true;
    await sleep(20);
  }
  return false;
}

describe("a child", () => {
  it("gives its exit code and both outputs", async () => {
    const answer = await ask({ ...sh("echo out; echo err >&2; exit 3"), signal: AbortSignal.timeout(10_000) });
    assert.deepEqual(answer, { code: 3, signal: null, stdout: "out\n", stderr: "err\n" });
  });

  it("that is not installed is an error of its own", async () => {
    const missing = ask({ program: "no-such-program", args: [], env, signal: AbortSignal.timeout(10_000) });
    await assert.rejects(missing, { code: "PROGRAM_MISSING", kind: "unreachable" });
  });

  it("is not started after an abort", async () => {
    await assert.rejects(ask({ ...sh("exit 0"), signal: AbortSignal.abort() }), { name: "AbortError" });
  });

  it("ends with all its own children when it is aborted", { skip: process.platform !== "linux" }, async () => {
    const controller = new AbortController();
    let grandchild = "";
    const running = runChild({
      ...sh("sleep 300 & echo $!; wait"),
      signal: controller.signal,
      onStdout: (chunk) => {
        grandchild = chunk.toString().trim();
        controller.abort();
      },
    });
    await assert.rejects(running, { name: "AbortError" });
    assert.ok(await ended(grandchild));
  });

  it("that does not listen is killed after the bound", { skip: process.platform !== "linux" }, async () => {
    const controller = new AbortController();
    let pid = "";
    const running = runChild({
      ...sh("trap '' INT TERM; echo $$; while :; do sleep 300; done"),
      signal: controller.signal,
      stopBound: 200,
      onStdout: (chunk) => {
        pid = chunk.toString().trim();
        controller.abort();
      },
    });
    await assert.rejects(running, { name: "AbortError" });
    assert.ok(await ended(pid));
  });

  it("leaves nobody behind who holds its pipes", { skip: process.platform !== "linux" }, async () => {
    const { stdout } = await ask({ ...sh("sleep 300 & echo $!"), signal: AbortSignal.timeout(20_000) });
    assert.ok(await ended(stdout.trim()));
  });

  it("stopped for another reason than an abort is interrupted", async () => {
    const controller = new AbortController();
    const running = runChild({
      ...sh("echo on; sleep 300"),
      signal: controller.signal,
      onStdout: () => controller.abort(new Error("another platform failed")),
    });
    await assert.rejects(running, (error) => error instanceof ArchwayError && error.code === "INTERRUPTED");
  });
});

describe("lines", () => {
  const split = (chunks: readonly Buffer[], limit = 1000) => {
    const lines: string[] = [];
    const splitter = createLineSplitter(limit, (line) => lines.push(line));
    for (const chunk of chunks) splitter.push(chunk);
    splitter.end();
    return lines;
  };

  it("are the same however the bytes come", () => {
    const text = fc.array(fc.constantFrom("a", "ü", "\n", "\r\n", "x".repeat(50))).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 40 })), (text, cuts) => {
        const bytes = Buffer.from(text);
        let start = 0;
        const chunks = cuts.map((cut) => bytes.subarray(start, (start += cut)));
        const expected = text.split(/\r?\n/);
        if (expected.at(-1) === "") expected.pop();
        assert.deepEqual(split([...chunks, bytes.subarray(start)], 100_000), expected);
      }),
    );
  });

  it("have a bound", () => {
    assert.deepEqual(split([Buffer.from("x".repeat(25))], 10), ["x".repeat(10), "x".repeat(10), "x".repeat(5)]);
  });
});
