import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { withScratch } from "../engine/scratch.ts";
import { closeRunFolders, withScratchFolder } from "./folders.ts";

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

test("the folders of runs are closed to other users, also those that are there", async (t) => {
  const own = await mkdtemp(join(tmpdir(), "archway-test-"));
  t.after(() => rm(own, { recursive: true, force: true }));
  const env = { XDG_STATE_HOME: join(own, "state"), XDG_CACHE_HOME: join(own, "cache") };
  const folders = ["state/archway/work", "state/archway/runs", "state/archway/checkouts", "cache/archway/jobs"].map(
    (name) => join(own, name),
  );
  const modes = () => Promise.all(folders.map(async (folder) => ((await stat(folder)).mode & 0o777).toString(8)));
  await closeRunFolders(env);
  assert.deepEqual(new Set(await modes()), new Set(["700"]));
  for (const folder of folders) await chmod(folder, 0o755);
  await closeRunFolders(env);
  assert.deepEqual(new Set(await modes()), new Set(["700"]));
});
