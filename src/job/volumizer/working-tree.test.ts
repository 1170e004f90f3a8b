import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmod,
  lstat,
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
import { dirname, join } from "node:path";
import { test } from "node:test";
import { asOrdinaryUser } from "../../../test/faults/ordinary-user.ts";
import { copyFiles } from "./copy-files.ts";
import { readWorkingTree } from "./working-tree.ts";

const signal = new AbortController().signal;

/** A repository, and what of it comes into a workspace. */
async function repositoryOfTest() {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-tree-"));
  const gitIn =
    (folder: string) =>
    (...args: readonly string[]) =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
        cwd: folder,
        stdio: "pipe",
      });
  const make = async (name: string, files: Readonly<Record<string, string>>) => {
    const folder = join(root.path, name);
    await mkdir(folder);
    gitIn(folder)("init", "--quiet", "-b", "main");
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    }
    gitIn(folder)("add", ".");
    gitIn(folder)("commit", "--quiet", "--allow-empty", "-m", "one");
    return { folder, git: gitIn(folder) };
  };
  let count = 0;
  const workspaceOf = async (folder: string) => {
    const to = join(root.path, `workspace-${++count}`);
    await mkdir(to);
    const tree = await readWorkingTree(folder, { env: process.env, signal });
    const copied = await copyFiles(tree, to, signal);
    const listed = execFileSync("find", [".", "!", "-type", "d", "-print0"], { cwd: to, encoding: "latin1" });
    const names = listed.split("\0").flatMap((path) => (path === "" ? [] : [path.slice("./".length)]));
    return { to, tree, copied, names: names.sort() };
  };
  return { make, workspaceOf, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

test("files come with their modes, times, links and names, whatever bytes those are", async () => {
  await using place = await repositoryOfTest();
  const odd = ["-a", "a b", 'q"uote', "line\nend", "tab\t", "ümlaut", "$(x)", "*"];
  const { folder, git } = await place.make("app", Object.fromEntries(odd.map((name) => [`in/${name}`, name])));
  const raw = Buffer.concat([Buffer.from(`${folder}/in/`), Buffer.from([0xff, 0x41])]);
  await writeFile(raw, "raw");
  git("add", ".");
  await writeFile(join(folder, "program"), "#!", { mode: 0o755 });
  await utimes(join(folder, "program"), 1_000_000, 1_000_000);
  await symlink("in", join(folder, "to-folder"));
  await symlink("/etc/hostname", join(folder, "to-elsewhere"));
  await mkdir(join(folder, "empty"));
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const { to, names, copied, tree } = await place.workspaceOf(folder);
  const expected = [...odd.map((name) => Buffer.from(`in/${name}`).toString("latin1")), "in/ÿA"];
  assert.deepEqual(names, [...expected, "program", "to-elsewhere", "to-folder"].sort());
  assert.deepEqual(copied, [...tree.paths]);
  for (const name of odd) assert.equal(await readFile(join(to, "in", name), "utf8"), name);
  const program = await stat(join(to, "program"));
  assert.deepEqual([program.mode & 0o777, program.mtimeMs], [0o755, 1_000_000_000]);
  assert.deepEqual(
    [await readlink(join(to, "to-folder")), await readlink(join(to, "to-elsewhere"))],
    ["in", "/etc/hostname"],
  );
});

test("what is gone, ignored, replaced or left out by a sparse checkout is not there", async () => {
  await using place = await repositoryOfTest();
  const files = ["gone", "kept", "was-file", "was-folder/inside", "sparse/out", "in/x"];
  const { folder, git } = await place.make("app", {
    ...Object.fromEntries(files.map((name) => [name, name])),
    ".gitignore": "*.log\n.env\n",
  });
  for (const name of [".env", "a.log", "in/b.log"]) await writeFile(join(folder, name), "secret");
  await rm(join(folder, "gone"));
  await rm(join(folder, "was-file"));
  await mkdir(join(folder, "was-file"));
  await writeFile(join(folder, "was-file/now"), "");
  await rm(join(folder, "was-folder"), { recursive: true });
  await symlink("in", join(folder, "was-folder"));
  await writeFile(join(folder, "in/inside"), "behind the link");
  git("sparse-checkout", "set", "--no-cone", "/*", "!/sparse");
  const { names, to } = await place.workspaceOf(folder);
  assert.deepEqual(names, [".gitignore", "in/inside", "in/x", "kept", "was-file/now", "was-folder"]);
  assert.ok((await lstat(join(to, "was-folder"))).isSymbolicLink());
});

test("submodules come with their own new and without their ignored files; repositories that are unknown do not", async () => {
  await using place = await repositoryOfTest();
  const inner = await place.make("inner", { deep: "deep" });
  const lib = await place.make("lib", { file: "lib", ".gitignore": "*.o\n" });
  const add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"];
  lib.git(...add, inner.folder, "inner");
  lib.git("commit", "--quiet", "-m", "two");
  const app = await place.make("app", { own: "" });
  app.git(...add, lib.folder, "libs/lib");
  app.git(...add, lib.folder, "not-there");
  app.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive", "libs/lib");
  app.git("submodule", "--quiet", "deinit", "--force", "not-there");
  for (const name of ["fresh", "a.o", "inner/fresh"]) await writeFile(join(app.folder, "libs/lib", name), "");
  await mkdir(join(app.folder, "stranger"));
  execFileSync("git", ["init", "--quiet"], { cwd: join(app.folder, "stranger") });
  await writeFile(join(app.folder, "stranger/file"), "");
  const { names } = await place.workspaceOf(app.folder);
  const below = [".gitignore", ".gitmodules", "file", "fresh", "inner/deep", "inner/fresh"];
  assert.deepEqual(names, [".gitmodules", ...below.map((name) => `libs/lib/${name}`), "own"]);
});

test("files in Git LFS come as they are in the working tree", async (t) => {
  if (spawnSync("git-lfs", ["version"]).status !== 0) return t.skip("there is no git-lfs");
  await using place = await repositoryOfTest();
  const { folder, git } = await place.make("app", {});
  git("lfs", "install", "--local");
  git("lfs", "track", "*.bin");
  await writeFile(join(folder, "a.bin"), "large");
  git("add", ".");
  git("commit", "--quiet", "-m", "lfs");
  const { to } = await place.workspaceOf(folder);
  assert.equal(await readFile(join(to, "a.bin"), "utf8"), "large");
});

test("a file that goes away meanwhile is left out, and one that cannot be read is named", async () => {
  await using place = await repositoryOfTest();
  const { folder } = await place.make("app", { a: "a", b: "b", c: "c" });
  const tree = await readWorkingTree(folder, { env: process.env, signal });
  await rm(join(folder, "b"));
  const to = join(folder, "../to");
  await mkdir(to);
  assert.deepEqual(await copyFiles(tree, to, signal), ["a", "c"]);
  assert.deepEqual((await readdir(to)).toSorted(), ["a", "c"]);
  for (const open of [join(folder, ".."), folder]) await chmod(open, 0o755);
  await chmod(to, 0o777);
  await chmod(join(folder, "c"), 0);
  const copying = asOrdinaryUser(() => copyFiles(tree, to, signal));
  await assert.rejects(copying, {
    code: "FILE_UNREADABLE",
    message: /^c belongs to the workspace/,
  });
});

test("many files are copied in batches, and all of them", async () => {
  await using place = await repositoryOfTest();
  const names = Array.from({ length: 650 }, (_, index) => `folder-${index % 7}/${"x".repeat(95)}${index}`);
  const { folder } = await place.make("app", Object.fromEntries(names.map((name) => [name, name])));
  const { copied, to } = await place.workspaceOf(folder);
  assert.deepEqual(copied, names.toSorted());
  for (const name of names) assert.equal(await readFile(join(to, name), "utf8"), name);
});
