import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { architectureOfElf, readElfIdentity } from "./architecture.ts";
import { runTinyPrograms } from "./execution.ts";
import { aarch32Question, tinyProgram, tinyProgramArchitectures } from "./tiny-program.ts";

const linux = process.platform === "linux" ? false : "tiny programs are for Linux";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "archway-test-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("every tiny program is a small static ELF of its architecture", () => {
  for (const architecture of tinyProgramArchitectures) {
    const program = tinyProgram(architecture);
    assert.ok(program && program.length < 256);
    const elf = readElfIdentity(program);
    assert.equal(elf && architectureOfElf(elf), architecture);
  }
  assert.equal(tinyProgram("sparc64"), undefined);
  assert.deepEqual(readElfIdentity(aarch32Question()), { bits: 64, endian: "little", machine: 183 });
});

test("the kernel runs this process's own architecture, and nothing is left behind", { skip: linux }, async (t) => {
  const path = folder(t);
  const { programs } = await runTinyPrograms([join(path, "missing"), path], t.signal);
  assert.deepEqual(Object.keys(programs).sort(), [...tinyProgramArchitectures].sort());
  const own = { x64: "amd64", arm64: "arm64", arm: "arm" }[process.arch as string];
  if (own !== undefined) assert.deepEqual(programs[own], { by: "kernel" });
  assert.ok(
    Object.values(programs).every((one) => one.by !== "unknown"),
    JSON.stringify(programs),
  );
  assert.deepEqual(readdirSync(path), []);
});

test("where no folder can be written the answer is unknown, with the reason", { skip: linux }, async (t) => {
  const { programs, aarch32 } = await runTinyPrograms([join(folder(t), "missing")], t.signal);
  assert.equal(aarch32, undefined);
  for (const one of Object.values(programs)) assert.ok(one.by === "unknown" && one.reason.includes("ENOENT"));
});

test("cancelling stops it and leaves nothing behind", { skip: linux }, async (t) => {
  const path = folder(t);
  const stop = new AbortController();
  const running = runTinyPrograms([path], stop.signal);
  stop.abort();
  await assert.rejects(running, { name: "AbortError" });
  assert.deepEqual(readdirSync(path), []);
});
