import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtempDisposable, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { CacheSpec } from "../../pipeline/job-spec.ts";
import { parsePlatform } from "../../platform/platform.ts";
import { Artifacts } from "./artifacts.ts";
import { Caches } from "./caches.ts";
import { removeAbandonedWorkspaces, removeOldRuns, Volumizer } from "./volumizer.ts";
import { hashFiles, readWorkingTree } from "./working-tree.ts";

const signal = new AbortController().signal;
const [amd64, arm64] = [parsePlatform("linux/amd64"), parsePlatform("linux/arm64")];
const folderOfTest = () => mkdtempDisposable(join(tmpdir(), "archway-volumes-"));

describe("caches", () => {
  const spec = (key: string, more: Partial<CacheSpec> = {}): CacheSpec => ({
    path: "/c",
    key,
    restore: [],
    maxSize: 1000,
    save: "success",
    ...more,
  });
  const filled = async (caches: Caches, key: string, platform = amd64, content = key) => {
    await using target = await folderOfTest();
    const cache = await caches.open(spec(key), platform, target.path);
    await writeFile(join(target.path, "file"), content);
    return await cache.save();
  };

  test("a cache of one platform is never another's", async () => {
    await using root = await folderOfTest();
    const caches = new Caches(join(root.path, "caches"));
    assert.deepEqual(await filled(caches, "k", arm64), { saved: true, bytes: 1 });
    const target = join(root.path, "target");
    assert.equal((await caches.open(spec("k", { restore: ["k", ""] }), amd64, target)).result, "miss");
    assert.deepEqual(await readdir(target), []);
    assert.equal((await caches.open(spec("k"), arm64, target)).result, "hit");
    assert.equal(await readFile(join(target, "file"), "utf8"), "k");
  });

  test("the beginning of a key restores the last used, and what is too large is not saved", async () => {
    await using root = await folderOfTest();
    const caches = new Caches(join(root.path, "caches"));
    await filled(caches, "go-1");
    await filled(caches, "go-2");
    await filled(caches, "other");
    const restored = await caches.open(spec("go-3", { restore: ["go-"] }), amd64, join(root.path, "a"));
    assert.deepEqual([restored.result, restored.from], ["restored", "go-2"]);
    assert.match((await filled(caches, "big", amd64, "x".repeat(2000))).reason ?? "", /2000 bytes, max_size is 1000/);
  });

  test("what nobody used for long, and what is too much, goes", async () => {
    await using root = await folderOfTest();
    const caches = new Caches(join(root.path, "caches"));
    await filled(caches, "a", amd64, "x".repeat(600));
    await filled(caches, "b", amd64, "x".repeat(600));
    await caches.collectGarbage({ bytes: 1000, age: 60, now: Date.now() });
    const results = await Promise.all(
      ["a", "b"].map(async (key) => (await caches.open(spec(key), amd64, join(root.path, key))).result),
    );
    assert.deepEqual(results, ["miss", "hit"]);
    await caches.collectGarbage({ bytes: 1000, age: 60, now: Date.now() + 120_000 });
    assert.equal((await caches.open(spec("b"), amd64, join(root.path, "again"))).result, "miss");
  });
});

describe("artifacts", () => {
  test("keep their paths, and come together in folders", async () => {
    await using root = await folderOfTest();
    const artifacts = new Artifacts(join(root.path, "artifacts"));
    const from = join(root.path, "from");
    await mkdir(join(from, "out/deep"), { recursive: true });
    for (const name of ["out/a.xml", "out/deep/b.xml", "out/skip.xml", "other"])
      await writeFile(join(from, name), name);
    await symlink("a.xml", join(from, "out/link.xml"));
    const spec = {
      name: "report",
      paths: ["out", "!out/skip.xml"],
      when: "success",
      expires: 60,
      optional: false,
    } as const;
    assert.equal((await artifacts.save("test@linux/amd64", from, spec, signal)).files, 3);
    const to = join(root.path, "to");
    await mkdir(to);
    await artifacts.place(
      to,
      { path: "in", artifact: "report", from: [{ job: "test@linux/amd64", folder: "linux_amd64" }] },
      signal,
    );
    assert.deepEqual((await readdir(join(to, "in/linux_amd64/out"))).toSorted(), ["a.xml", "deep", "link.xml"]);
    assert.equal(await readlink(join(to, "in/linux_amd64/out/link.xml")), "a.xml");
    await assert.rejects(artifacts.save("x", from, { ...spec, paths: ["*.nothing"] }, signal), {
      code: "ARTIFACT_EMPTY",
    });
  });

  test("links lead neither out of the workspace nor out of the place they are put to", async () => {
    await using root = await folderOfTest();
    const artifacts = new Artifacts(join(root.path, "artifacts"));
    const [from, to, secret] = ["from", "to", "secret"].map((name) => join(root.path, name));
    assert.ok(from && to && secret);
    for (const folder of [from, to, secret]) await mkdir(folder);
    const spec = { name: "a", paths: ["**"], when: "success", expires: 60, optional: true } as const;
    await symlink(secret, join(from, "link"));
    await assert.rejects(artifacts.save("x", from, spec, signal), { code: "ARTIFACT_ESCAPES" });
    await symlink(secret, join(to, "out"));
    await assert.rejects(artifacts.place(to, { path: "out/deep", artifact: "a", from: [] }, signal), {
      code: "PATH_ESCAPES",
    });
    assert.deepEqual(await readdir(secret), []);
  });
});

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
    const tree = await readWorkingTree(repository, signal);
    assert.deepEqual(tree.paths, [".gitignore", "bin/run", "fresh", "tracked"]);
    const volumizer = new Volumizer({
      stateFolder: join(root.path, "state"),
      cacheFolder: root.path,
      owner: "me-1-1",
      run: "r",
    });
    const snapshot = await volumizer.snapshot(tree, signal);
    await writeFile(join(repository, "tracked"), "edited meanwhile");
    const job = await volumizer.openJob(snapshot, signal);
    assert.equal(await readFile(join(job.workspace, "tracked"), "utf8"), "new");
    assert.equal((await stat(join(job.workspace, "bin/run"))).mode & 0o777, 0o755);
    assert.equal(hashFiles(snapshot, ["tracked"]), hashFiles({ folder: job.workspace, paths: ["tracked"] }, ["*"]));
    assert.notEqual(hashFiles(snapshot, ["tracked"]), hashFiles(tree, ["tracked"]));
    await job.remove();
    await assert.rejects(stat(job.workspace));
    await volumizer.close();
  });

  test("a repository that Git cannot read is told, and never taken whole", async () => {
    await using root = await folderOfTest();
    await mkdir(join(root.path, ".git"));
    await writeFile(join(root.path, ".env"), "SECRET");
    await assert.rejects(readWorkingTree(root.path, signal), { code: "GIT_FAILED" });
  });

  test("those of processes that have gone are removed, others stay", async () => {
    await using root = await folderOfTest();
    for (const owner of ["gone", "here", "elsewhere"])
      await mkdir(join(root.path, "work", owner, "1"), { recursive: true });
    await removeAbandonedWorkspaces(root.path, async (owner) => (owner === "elsewhere" ? undefined : owner === "here"));
    assert.deepEqual((await readdir(join(root.path, "work"))).toSorted(), ["elsewhere", "here"]);
  });
});

test("of old runs only the last stay", async () => {
  await using root = await folderOfTest();
  for (const name of ["20260102000000-1", "20260103000000-2", "20260101000000-3"])
    await mkdir(join(root.path, "runs", name, "artifacts"), { recursive: true });
  await removeOldRuns(root.path, 2);
  assert.deepEqual((await readdir(join(root.path, "runs"))).toSorted(), ["20260102000000-1", "20260103000000-2"]);
});
