import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtempDisposable, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasResults, limitResults, useResults } from "./run-results.ts";
import { openRunFolder, removeExpiredArtifacts, removeOldRuns } from "./volumizer.ts";

/** Runs of 100 bytes each, half of them artifacts and half images, the first the oldest. */
async function runsOfTest(...names: readonly string[]) {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-results-"));
  const runs = join(root.path, "runs");
  for (const name of names) {
    for (const part of ["artifacts/job/out", "images/job"]) {
      await mkdir(join(runs, name, part), { recursive: true });
      await writeFile(join(runs, name, part, "file"), "x".repeat(50));
    }
    await writeFile(join(runs, name, "artifacts/job/.expires-out"), "");
    await writeFile(join(runs, name, "summary.json"), "{}");
  }
  const isInUse = async (owner: string) => owner !== "gone";
  const limit = (bytes: number) => limitResults(runs, { bytes, isInUse });
  const left = async () => {
    const all = await readdir(runs);
    return all.filter((name) => existsSync(join(runs, name, "images"))).toSorted();
  };
  return { root: root.path, runs, limit, left, isInUse, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

test("what runs made goes when it is too much together, the oldest first, and the newest never", async () => {
  await using place = await runsOfTest("1", "2", "3", "4");
  await place.limit(400);
  assert.deepEqual(await place.left(), ["1", "2", "3", "4"]);
  await place.limit(250);
  assert.deepEqual(await place.left(), ["3", "4"]);
  assert.deepEqual(await readdir(join(place.runs, "1")), ["results-bytes", "results-removed", "summary.json"]);
  assert.deepEqual(
    ["1", "4"].map((name) => hasResults(join(place.runs, name))),
    [false, true],
  );
  await place.limit(0);
  assert.deepEqual(await place.left(), ["4"]);
});

test("what a run works with stays, its own and that of others, and counts", async () => {
  await using place = await runsOfTest("1", "2", "3", "4");
  const at = (name: string) => join(place.runs, name);
  const leave = await openRunFolder(at("1"), "here");
  const release = await useResults([at("2")], "here");
  await useResults([at("3")], "gone");
  await place.limit(0);
  assert.deepEqual(await place.left(), ["1", "2", "4"]);
  // Nor does the whole run go.
  await removeOldRuns(place.root, 1, place.isInUse);
  assert.deepEqual(await place.left(), ["1", "2", "4"]);
  await Promise.all([leave(), release()]);
  await place.limit(0);
  assert.deepEqual(await place.left(), ["4"]);
  await assert.rejects(useResults([at("4"), at("1")], "here"), { code: "EARLIER_MISSING" });
  assert.deepEqual(
    (await readdir(at("4"))).filter((name) => name.startsWith("used-by")),
    [],
  );
});

test("the size of a run is that of what is left of it", async () => {
  await using place = await runsOfTest("1", "2");
  await place.limit(200);
  await writeFile(join(place.runs, "1", "artifacts/job/.expires-out"), "60");
  await removeExpiredArtifacts(place.root, { endFile: "summary.json", now: Date.now() + 120_000 });
  await place.limit(150);
  assert.deepEqual(await place.left(), ["1", "2"]);
});
