import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { JobTimes } from "./job-times.ts";

test("times of jobs are kept, the newest weighs half, and runs at the same time lose nothing of each other", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "archway-times-"));
  const path = join(folder.path, "state", "times.json");
  const [one, other] = [await JobTimes.open(path), await JobTimes.open(path)];
  one.add("/a.yaml", "test", "native", 10);
  one.add("/a.yaml", "test", "native", 20);
  one.add("/a.yaml", "test", "emulated", 100);
  other.add("/b.yaml", "test", "native", 1);
  await one.save();
  await other.save();
  const again = await JobTimes.open(path);
  assert.deepEqual(again.of("/a.yaml", "test"), { native: 15, emulated: 100 });
  assert.deepEqual(again.of("/b.yaml", "test"), { native: 1 });
  assert.deepEqual(again.of("/b.yaml", "other"), {});
});

test("a file that nobody can read knows nothing, and is written anew", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "archway-times-"));
  const path = join(folder.path, "times.json");
  await writeFile(path, '{"version":1,"jobs":{"a":{"native":"long"}}}');
  const times = await JobTimes.open(path);
  assert.deepEqual(times.of("a", ""), {});
  times.add("p", "j", "native", 2);
  await times.save();
  assert.deepEqual((await JobTimes.open(path)).of("p", "j"), { native: 2 });
});
