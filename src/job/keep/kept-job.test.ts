import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { forgetKept, withKept, writeKept } from "./kept-job.ts";

test("what a process left stays as long as a job of it is kept, also one that was kept after the question was made", async () => {
  await using state = await mkdtempDisposable(join(tmpdir(), "archway-kept-"));
  const isInUse = withKept(state.path, async (owner) => (owner === "elsewhere" ? undefined : owner === "here"));
  const all = () => Promise.all(["here", "elsewhere", "gone", "kept"].map(isInUse));
  assert.deepEqual(await all(), [true, undefined, false, false]);
  const kept = {
    run: "20260101000000-1",
    job: "test",
    step: "run",
    platform: "linux/amd64",
    failure: "exit code 1",
    owner: "kept",
    container: "c",
    network: "n",
    directory: "/workspace",
    mounts: [],
  };
  await writeKept(join(state.path, "runs", kept.run), kept, "unix:///run/docker.sock");
  assert.deepEqual(await all(), [true, undefined, false, true]);
  await forgetKept(state.path);
  assert.deepEqual(await all(), [true, undefined, false, false]);
});
