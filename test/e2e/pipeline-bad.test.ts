/**
 * Broken pipelines that only the program itself shows: files that are made to exhaust a machine. What is said of 60 others is in
 * `test/scenarios/pipeline-bad`, and tested beside the command.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startArchway } from "./archway.ts";

let cwd: string;
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), "archway-bad-"));
});
after(() => rm(cwd, { recursive: true }));

async function check(content: string) {
  await writeFile(join(cwd, ".archway.yaml"), content);
  const { ended } = startArchway(["pipeline", "check", "--offline"], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd, NODE_OPTIONS: "--max-old-space-size=256" },
  });
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stdout], [2, ""], stderr);
  return stderr;
}

test("a file of 10 MB is not read", async () => {
  const job = (index: number) => `  j${index}: { image: alpine, steps: ["uname -m # ${"x".repeat(1000)}"] }`;
  const jobs = Array.from({ length: 10_000 }, (_, index) => job(index));
  assert.match(
    await check(`version: 1\njobs:\n${jobs.join("\n")}\n`),
    /^error: \.archway\.yaml: .*larger than 1048576/,
  );
});

test("a matrix of billions of jobs is not expanded", async () => {
  const axes = ["a", "b", "c", "d", "e"].map(
    (name) => `${name}: [${Array.from({ length: 100 }, (_, index) => index).join(", ")}]`,
  );
  const text = `version: 1\njobs:\n  many: { image: alpine, matrix: { ${axes.join(", ")} }, steps: [uname] }\n`;
  assert.match(
    await check(text),
    /"many" has 10000000000 combinations; a run has 1000 jobs at most[^]*hint: Take values out/,
  );
});

test("aliases that stand for billions of values are not followed", async () => {
  const levels = Array.from({ length: 9 }, (_, index) => {
    const one = index === 0 ? "x" : `*l${index - 1}`;
    return `l${index}: &l${index} [${Array.from({ length: 10 }, () => one).join(", ")}]`;
  });
  assert.match(await check(`version: 1\n${levels.join("\n")}\n`), /^error: \.archway\.yaml:\d+:\d+: /);
});

test("a deep nest of lists is told, not a crash", async () => {
  const text = `version: 1\nplatforms: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`;
  assert.match(await check(text), /^error: \.archway\.yaml/);
});
