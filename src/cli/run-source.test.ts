import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { openSource } from "./run-source.ts";

const person = { GIT_AUTHOR_NAME: "n", GIT_AUTHOR_EMAIL: "e", GIT_COMMITTER_NAME: "n", GIT_COMMITTER_EMAIL: "e" };

/** A repository of two commits and a tag, with a submodule; its folders `.` and `tools` can be a source. */
async function sourceOfTest() {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-source-"));
  const allowed = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "protocol.file.allow", GIT_CONFIG_VALUE_0: "always" };
  const env = { PATH: process.env["PATH"], HOME: root.path, XDG_STATE_HOME: root.path, ...person, ...allowed };
  const git = (folder: string, ...args: readonly string[]) =>
    execFileSync("git", ["-C", folder, ...args], { env, stdio: "pipe" })
      .toString()
      .trim();
  const [app, module] = [join(root.path, "app"), join(root.path, "module")];
  for (const folder of [module, app]) {
    await mkdir(join(folder, "tools"), { recursive: true });
    git(folder, "init", "--quiet", "--initial-branch=main");
    for (const text of ["one", "two"]) {
      await writeFile(join(folder, "tools/file"), text);
      git(folder, "add", ".");
      git(folder, "commit", "--quiet", `--message=${text}`);
    }
  }
  git(app, "submodule", "--quiet", "add", module, "mod");
  git(app, "commit", "--quiet", "--message=three");
  git(app, "tag", "v1");
  const { signal } = new AbortController();
  const nothing = new PassThrough();
  const context = { env, cwd: root.path, stdin: nothing, stdout: nothing, stderr: nothing, signal, now: Date.now };
  const open = async (source: string, depth: "none" | "commit" | "history") => {
    const opened = await openSource(context, { source }, new Map());
    assert.ok(opened);
    return { opened, checkout: await opened.checkout(opened.folder, depth, signal) };
  };
  return { root: root.path, app, git, open, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

for (const [source, paths] of [
  ["app", [".gitmodules", "mod/tools/file", "tools/file"]],
  ["app#main:tools", ["file"]],
] as const) {
  test(`a workspace of ${source} has a .git of its own, without a remote`, async () => {
    await using place = await sourceOfTest();
    for (const [depth, commits, known] of [
      ["commit", "1", ["HEAD"]],
      ["history", "3", ["HEAD", "v1"]],
    ] as const) {
      const { opened, checkout } = await place.open(source, depth);
      const { folder } = checkout;
      assert.equal(checkout.hasRepository, true);
      assert.deepEqual(checkout.paths, paths);
      assert.equal(place.git(folder, "rev-parse", ...known), place.git(place.app, "rev-parse", ...known));
      assert.equal(place.git(folder, "rev-list", "--count", "HEAD"), commits);
      assert.equal(place.git(folder, "remote"), "");
      assert.doesNotMatch(await readFile(join(folder, ".git/config"), "utf8"), /remote|submodule/);
      const left = (await readdir(folder, { recursive: true })).filter((name) => /(^|\/)\.git$/.test(name));
      assert.deepEqual(left, [".git"]);
      await opened.remove();
      assert.deepEqual(await readdir(join(place.root, "archway/work")), []);
    }
  });
}

test("a workspace of a source has no .git where none is wanted", async () => {
  await using place = await sourceOfTest();
  const { opened, checkout } = await place.open("app", "none");
  assert.equal(checkout.hasRepository, false);
  const left = (await readdir(checkout.folder, { recursive: true })).filter((name) => /(^|\/)\.git$/.test(name));
  assert.deepEqual(left, []);
  await opened.remove();
});
