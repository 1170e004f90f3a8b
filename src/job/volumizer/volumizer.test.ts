import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtempDisposable, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { drivers } from "./clone/driver.ts";
import { mountsBelow } from "./clone/overlay.ts";
import {
  openRunFolder,
  removeAbandonedWorkspaces,
  removeExpiredArtifacts,
  removeOldRuns,
  Volumizer,
} from "./volumizer.ts";
import { hashFiles, readWorkingTree } from "./working-tree.ts";

const signal = new AbortController().signal;
const folderOfTest = () => mkdtempDisposable(join(tmpdir(), "archway-volumes-"));

describe("workspaces", () => {
  test("hold what Git tracks and does not ignore, as it is now, without .git", async () => {
    await using root = await folderOfTest();
    const repository = join(root.path, "repository");
    await mkdir(join(repository, "bin"), { recursive: true });
    const git = (...args: readonly string[]) => execFileSync("git", ["-C", repository, ...args], { stdio: "pipe" });
    git("init", "--quiet");
    for (const [name, text] of [
      [".gitignore", ".env\n"],
      [".env", "SECRET"],
      ["tracked", "old"],
      ["gone", ""],
      ["bin/run", "#!"],
    ] as const)
      await writeFile(join(repository, name), text, { mode: name === "bin/run" ? 0o755 : 0o644 });
    git("add", ".");
    await writeFile(join(repository, "tracked"), "new");
    await writeFile(join(repository, "fresh"), "");
    execFileSync("rm", [join(repository, "gone")]);
    const tree = await readWorkingTree(repository, { env: process.env, signal });
    assert.deepEqual(tree.paths, [".gitignore", "bin/run", "fresh", "tracked"]);
    const volumizer = new Volumizer({
      stateFolder: join(root.path, "state"),
      cacheFolder: root.path,
      repository: "/r",
      owner: "me-1-1",
      run: "r",
      driver: drivers.copy,
    });
    const snapshot = await volumizer.snapshot(tree, { git: "commit", env: process.env, signal });
    await writeFile(join(repository, "tracked"), "edited meanwhile");
    const job = await volumizer.openJob(snapshot, signal);
    const shared = await volumizer.openJob(snapshot, signal);
    assert.equal(await shared.share(signal), true);
    const modes = await Promise.all(["", "bin/run", "tracked"].map((path) => stat(join(shared.workspace, path))));
    assert.deepEqual(
      modes.map(({ mode }) => (mode & 0o777).toString(8)),
      ["777", "777", "666"],
    );
    await shared.remove();
    assert.equal(await readFile(join(job.workspace, "tracked"), "utf8"), "new");
    assert.equal((await stat(join(job.workspace, "bin/run"))).mode & 0o777, 0o755);
    assert.equal(hashFiles(snapshot, ["tracked"]), hashFiles({ folder: job.workspace, paths: ["tracked"] }, ["*"]));
    assert.notEqual(hashFiles(snapshot, ["tracked"]), hashFiles(tree, ["tracked"]));
    await job.remove();
    await assert.rejects(stat(job.workspace));
    assert.equal((await readdir(snapshot.folder)).includes(".git"), false);
    await volumizer.close();
  });

  test("a repository that Git cannot read is told, and never taken whole", async () => {
    await using root = await folderOfTest();
    await mkdir(join(root.path, ".git"));
    await writeFile(join(root.path, ".env"), "SECRET");
    await assert.rejects(readWorkingTree(root.path, { env: process.env, signal }), { code: "GIT_FAILED" });
  });

  test("those of processes that have gone are removed with what is mounted in them", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("mounts need root");
    await using root = await folderOfTest();
    const left = join(root.path, "work", "gone", "1");
    await mkdir(join(root.path, "checkout"));
    await writeFile(join(root.path, "checkout", "file"), "kept");
    await drivers.overlay.clone(join(root.path, "checkout"), join(left, "workspace"), signal);
    await removeAbandonedWorkspaces(root.path, async () => false);
    assert.deepEqual(await mountsBelow(root.path), []);
    assert.deepEqual(await readdir(join(root.path, "work")), []);
    assert.equal(await readFile(join(root.path, "checkout", "file"), "utf8"), "kept");
  });

  test("those of processes that have gone are removed, others stay", async () => {
    await using root = await folderOfTest();
    for (const owner of ["gone", "here", "elsewhere"])
      await mkdir(join(root.path, "work", owner, "1"), { recursive: true });
    await removeAbandonedWorkspaces(root.path, async (owner) => (owner === "elsewhere" ? undefined : owner === "here"));
    assert.deepEqual((await readdir(join(root.path, "work"))).toSorted(), ["elsewhere", "here"]);
  });
});

test("artifacts expire when their run has ended, and only then", async () => {
  await using root = await folderOfTest();
  for (const run of ["ended", "running"]) {
    const home = join(root.path, "runs", run, "artifacts", "job");
    await mkdir(join(home, "out"), { recursive: true });
    await writeFile(join(home, ".expires-out"), "60");
  }
  await writeFile(join(root.path, "runs", "ended", "summary.json"), "{}");
  const folders = async (run: string) => readdir(join(root.path, "runs", run, "artifacts"));
  await removeExpiredArtifacts(root.path, { endFile: "summary.json", now: Date.now() + 50_000 });
  assert.deepEqual(await folders("ended"), ["job"]);
  await removeExpiredArtifacts(root.path, { endFile: "summary.json", now: Date.now() + 70_000 });
  assert.deepEqual([await folders("ended"), await folders("running")], [[], ["job"]]);
});

test("of old runs only the last stay", async () => {
  await using root = await folderOfTest();
  for (const name of ["20260102000000-1", "20260103000000-2", "20260101000000-3"])
    await mkdir(join(root.path, "runs", name, "artifacts"), { recursive: true });
  const runs = async () => (await readdir(join(root.path, "runs"))).toSorted();
  const isInUse = async (owner: string) => (owner === "elsewhere" ? undefined : owner === "here");
  await removeOldRuns(root.path, 2, isInUse);
  assert.deepEqual(await runs(), ["20260102000000-1", "20260103000000-2"]);
  // One that goes on stays until it has ended.
  const leaves = new Map<string, () => Promise<void>>();
  for (const owner of ["here", "gone", "elsewhere"])
    leaves.set(owner, await openRunFolder(join(root.path, "runs", `20250101000000-${owner}`), owner));
  await removeOldRuns(root.path, 1, isInUse);
  assert.deepEqual(await runs(), ["20250101000000-elsewhere", "20250101000000-here", "20260103000000-2"]);
  for (const leave of leaves.values()) await leave();
  await removeOldRuns(root.path, 1, isInUse);
  assert.deepEqual(await runs(), ["20260103000000-2"]);
});
