import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtempDisposable,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { ArtifactSpec } from "../../pipeline/job-spec.ts";
import { Artifacts, removeExpired } from "./artifacts.ts";
import { removeFolder } from "./remove-folder.ts";

const signal = new AbortController().signal;
const folderOfTest = () => mkdtempDisposable(join(tmpdir(), "archway-artifacts-"));
const artifact = (paths: readonly string[], more: Partial<ArtifactSpec> = {}): ArtifactSpec => ({
  name: "out",
  paths,
  when: "success",
  expires: 60,
  optional: false,
  ...more,
});

describe("artifacts", () => {
  test("are kept for jobs with long ids, each for itself", async () => {
    await using root = await folderOfTest();
    const artifacts = new Artifacts(join(root.path, "artifacts"));
    const jobs = ["a", "b"].map((end) => `test[name=${"\u{1F980}".repeat(90)},other="${"x".repeat(100)}${end}"]`);
    for (const job of jobs) {
      const from = join(root.path, "from");
      await mkdir(from, { recursive: true });
      await writeFile(join(from, "file"), job);
      await artifacts.save(job, from, artifact(["file"]), signal);
    }
    for (const job of jobs) {
      const to = join(root.path, "to");
      await rm(to, { recursive: true, force: true });
      await mkdir(to);
      await artifacts.place(to, { path: "in", artifact: "out", from: [{ job }] }, signal);
      assert.equal(await readFile(join(to, "in/file"), "utf8"), job);
    }
  });

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

  test("have the permissions of what they are made of, and run as nobody else", async () => {
    await using root = await folderOfTest();
    const artifacts = new Artifacts(join(root.path, "artifacts"));
    const [from, to] = [join(root.path, "from"), join(root.path, "to")];
    await mkdir(join(from, "folder"), { recursive: true });
    await mkdir(to);
    for (const name of ["plain", "root"]) await writeFile(join(from, "folder", name), "");
    await chmod(join(from, "folder/plain"), 0o640);
    await chmod(join(from, "folder/root"), 0o6755);
    await chmod(join(from, "folder"), 0o3775);
    await artifacts.save("x", from, artifact(["folder"]), signal);
    await artifacts.place(to, { path: ".", artifact: "out", from: [{ job: "x" }] }, signal);
    for (const home of [join(root.path, "artifacts/x/out"), to]) {
      const modes = ["folder", "folder/plain", "folder/root"].map(async (path) => (await stat(join(home, path))).mode);
      assert.deepEqual(
        (await Promise.all(modes)).map((mode) => (mode & 0o7777).toString(8)),
        ["775", "640", "755"],
      );
    }
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

  test("keep modes, times and empty folders, also closed ones, on their way to another job", async () => {
    await using root = await folderOfTest();
    const artifacts = new Artifacts(join(root.path, "artifacts"));
    const [from, to] = [join(root.path, "from"), join(root.path, "to")];
    await mkdir(join(from, "out/empty"), { recursive: true });
    await mkdir(join(from, "out/closed"));
    await mkdir(to);
    await writeFile(join(from, "out/closed/program"), "#!", { mode: 0o751 });
    await utimes(join(from, "out/closed/program"), 1_000_000, 1_000_000);
    await chmod(join(from, "out/closed"), 0o555);
    const { files } = await artifacts.save("make", from, artifact(["out"]), signal);
    assert.equal(files, 1);
    await artifacts.place(to, { path: "in", artifact: "out", from: [{ job: "make" }] }, signal);
    assert.deepEqual((await readdir(join(to, "in"), { recursive: true })).toSorted(), [
      "out",
      "out/closed",
      "out/closed/program",
      "out/empty",
    ]);
    const program = await stat(join(to, "in/out/closed/program"));
    assert.deepEqual([program.mode & 0o777, program.mtimeMs], [0o751, 1_000_000_000]);
    assert.equal((await stat(join(to, "in/out/closed"))).mode & 0o777, 0o555);
    await removeFolder(root.path);
  });

  test("are refused when they are too much or no files, and the one before stays whole", async () => {
    await using root = await folderOfTest();
    const folder = join(root.path, "artifacts");
    const artifacts = new Artifacts(folder, { files: 3, bytes: 100 });
    const from = join(root.path, "from");
    await mkdir(from);
    await writeFile(join(from, "a"), "first");
    await artifacts.save("make", from, artifact(["*"]), signal);
    await writeFile(join(from, "large"), "x".repeat(101));
    await assert.rejects(artifacts.save("make", from, artifact(["*"]), signal), {
      code: "ARTIFACT_TOO_LARGE",
      message: 'The artifact "out" has more than 100 bytes; no more are allowed.',
    });
    await rm(join(from, "large"));
    for (const name of ["b", "c", "d"]) await writeFile(join(from, name), "");
    await assert.rejects(artifacts.save("make", from, artifact(["*"]), signal), {
      code: "ARTIFACT_TOO_LARGE",
      message: 'The artifact "out" has 4 files; 3 are allowed.',
    });
    execFileSync("mkfifo", [join(from, "pipe")]);
    await assert.rejects(artifacts.save("make", from, artifact(["a", "pipe"]), signal), {
      code: "ARTIFACT_INVALID",
      message: /^pipe is a socket, a pipe or a device/,
    });
    await assert.rejects(artifacts.save("make", from, artifact(["a", "b"]), AbortSignal.abort(new Error("killed"))), {
      message: "killed",
    });
    assert.equal(await readFile(join(folder, "make/out/a"), "utf8"), "first");
    assert.deepEqual((await readdir(join(folder, "make"))).toSorted(), [".expires-out", "out"]);
    await artifacts.save("make", from, artifact(["a", "!pipe"]), signal);
  });

  test("are measured whole, though many are copied at a time", async () => {
    await using root = await folderOfTest();
    const from = join(root.path, "from");
    await mkdir(from);
    for (let index = 0; index < 30; index++) await writeFile(join(from, `${index}`), "x".repeat(10));
    const save = (bytes: number) =>
      new Artifacts(join(root.path, "artifacts"), { files: 30, bytes }).save("make", from, artifact(["*"]), signal);
    assert.deepEqual(await save(300), { files: 30, bytes: 300 });
    await assert.rejects(save(299), { code: "ARTIFACT_TOO_LARGE" });
  });

  test("expire, each by its own time", async () => {
    await using root = await folderOfTest();
    const folder = join(root.path, "artifacts");
    const artifacts = new Artifacts(folder);
    await mkdir(join(root.path, "from/x"), { recursive: true });
    await writeFile(join(root.path, "from/x/file"), "");
    const save = (job: string, name: string, expires: number) =>
      artifacts.save(job, join(root.path, "from"), artifact(["x"], { name, expires }), signal);
    await save("a", "short", 60);
    await save("a", "long", 3600);
    await save("b", "short", 60);
    await removeExpired(folder, 59);
    assert.equal((await readdir(join(folder, "a"))).length, 4);
    await removeExpired(folder, 61);
    assert.deepEqual(await readdir(folder), ["a"]);
    assert.deepEqual((await readdir(join(folder, "a"))).toSorted(), [".expires-long", "long"]);
  });
});
