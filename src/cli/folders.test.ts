import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { withScratch } from "../engine/scratch.ts";
import { withScratchFolder } from "./folders.ts";

test("a run removes the scratch folders of dead processes, an engine's too, and leaves those of living ones", async (t) => {
  const own = await mkdtemp(join(tmpdir(), "archway-test-"));
  t.after(() => rm(own, { recursive: true, force: true }));
  const before = process.env["TMPDIR"];
  t.after(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
  process.env["TMPDIR"] = own;
  const dead = spawnSync(process.execPath, ["--version"]).pid;

  await withScratch(async (living) => {
    const name = basename(living);
    const abandoned = name.replace(`${process.pid}`, `${dead}`);
    assert.notEqual(abandoned, name);
    await mkdir(join(own, abandoned, "dockerfile"), { recursive: true });
    await withScratchFolder(async (folder) => {
      assert.deepEqual((await readdir(own)).toSorted(), [name, basename(folder)].toSorted());
    });
  });
  assert.deepEqual(await readdir(own), []);
});
