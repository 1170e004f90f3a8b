import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
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
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { removeUnusedCheckouts, takeCheckout } from "./kept-checkout.ts";
import { readWorkingTree } from "./working-tree.ts";

const never = new AbortController().signal;
const isInUse = async (owner: string) => (owner === "elsewhere" ? undefined : owner === "here");
/** A moment at which files that were just written are old enough to be known again. */
const later = () => Date.now() + 60_000;

const writtenAt = async (file: string) => (await stat(file, { bigint: true })).ctimeNs;

/** A working tree, and a kept copy of it. */
async function placeOfTest() {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-kept-"));
  const [tree, folder] = [join(root.path, "tree"), join(root.path, "checkouts")];
  await mkdir(tree);
  const write = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(tree, name)), { recursive: true });
      await writeFile(join(tree, name), text);
    }
  };
  const take = async (owner = "me") => takeCheckout(folder, tree, { owner, isInUse });
  const refresh = async ({ now = later, signal = never } = {}) => {
    const kept = await take();
    assert.ok(kept);
    try {
      const read = await readWorkingTree(tree, { env: process.env, signal: never, now });
      const paths = await kept.fill(read, signal);
      const listed = execFileSync("find", [".", "!", "-type", "d", "-print0"], { cwd: kept.folder, encoding: "utf8" });
      const names = listed.split("\0").flatMap((path) => (path === "" ? [] : [path.slice("./".length)]));
      assert.deepEqual(paths, names.sort());
      return { paths, files: kept.folder };
    } finally {
      await kept.release();
    }
  };
  /** Contents, modes and times of the copy are those of the tree. */
  const sameAs = (files: string) => execFileSync("diff", ["-r", "--no-dereference", tree, files], { encoding: "utf8" });
  return {
    root: root.path,
    tree,
    folder,
    write,
    take,
    refresh,
    sameAs,
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

test("what has not changed is copied once; what has is copied again, whatever it pretends", async () => {
  await using place = await placeOfTest();
  const { tree, refresh, write, sameAs } = place;
  await write({
    kept: "kept",
    "in/changed": "before",
    "in/sly": "before",
    "in/mode": "#!",
    gone: "",
    "old/deep/gone": "",
  });
  const { files } = await refresh();
  const before = await writtenAt(join(files, "kept"));
  const { mtime } = await stat(join(tree, "in/sly"));
  await write({ "in/changed": "after", "in/sly": "AFTER!", new: "" });
  await utimes(join(tree, "in/sly"), mtime, mtime);
  await chmod(join(tree, "in/mode"), 0o755);
  await rm(join(tree, "gone"));
  await rm(join(tree, "old"), { recursive: true });
  await chmod(join(tree, "in"), 0o700);
  const { paths } = await refresh();
  assert.deepEqual(paths, ["in/changed", "in/mode", "in/sly", "kept", "new"]);
  assert.equal(sameAs(files), "");
  assert.equal(await writtenAt(join(files, "kept")), before);
  assert.equal((await stat(join(files, "in/mode"))).mode & 0o777, 0o755);
  assert.equal((await stat(join(files, "in"))).mode & 0o777, 0o700);
  await assert.rejects(stat(join(files, "old")));
});

test("a file that changed a moment ago is copied again: it may change once more and look the same", async () => {
  await using place = await placeOfTest();
  await place.write({ file: "a" });
  const { files } = await place.refresh({ now: Date.now });
  const before = await writtenAt(join(files, "file"));
  await place.refresh({ now: Date.now });
  assert.notEqual(await writtenAt(join(files, "file")), before);
});

test("files, folders and links take each other's places, and nothing behind a link is touched", async () => {
  await using place = await placeOfTest();
  const { root, tree, refresh, write, sameAs } = place;
  const outside = join(root, "outside");
  await mkdir(outside);
  await writeFile(join(outside, "x"), "theirs");
  await write({ "a/x": "", b: "", "c/x": "c", d: "d" });
  await refresh();
  for (const name of ["a", "b", "c", "d"]) await rm(join(tree, name), { recursive: true });
  await symlink(outside, join(tree, "a"));
  await write({ "b/deep/x": "b", c: "now a file" });
  await symlink("c", join(tree, "d"));
  const { files, paths } = await refresh();
  assert.deepEqual(paths, ["a", "b/deep/x", "c", "d"]);
  assert.equal(await readlink(join(files, "a")), outside);
  await rm(join(tree, "a"));
  await write({ "a/x": "ours" });
  await refresh();
  assert.equal(sameAs(files), "");
  assert.equal(await readFile(join(outside, "x"), "utf8"), "theirs");
});

test("what somebody changed in the copy is made good, and leads nowhere else", async () => {
  await using place = await placeOfTest();
  const { root, refresh, write, sameAs } = place;
  await mkdir(join(root, "outside"));
  await writeFile(join(root, "outside/x"), "theirs");
  await write({ "in/x": "x", long: "long", lost: "lost" });
  const { files } = await refresh();
  await truncate(join(files, "long"), 1);
  await rm(join(files, "lost"));
  await refresh();
  assert.equal(sameAs(files), "");
  await rm(join(files, "in"), { recursive: true });
  await symlink(join(root, "outside"), join(files, "in"));
  await refresh();
  assert.ok((await lstat(join(files, "in"))).isDirectory());
  assert.equal(sameAs(files), "");
  assert.equal(await readFile(join(root, "outside/x"), "utf8"), "theirs");
});

test("one that was cut off, or written by another boot, is completed", async () => {
  await using place = await placeOfTest();
  const { folder, refresh, write, sameAs } = place;
  await write(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`${index % 7}/${index}`, `${index}`])));
  await assert.rejects(refresh({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
  const { files } = await refresh();
  assert.equal(sameAs(files), "");
  const index = join(files, "..", "index");
  const text = await readFile(index, "utf8");
  await writeFile(join(files, "0/unknown"), "");
  await writeFile(index, text.replace(/ \S+\n/, " another\n"));
  await refresh();
  assert.equal(sameAs(files), "");
  await writeFile(join(files, "0/unknown"), "");
  await writeFile(index, text.slice(0, 100));
  await refresh();
  assert.equal(sameAs(files), "");
  assert.equal((await readdir(folder)).filter((name) => !name.startsWith(".")).length, 1);
});

test("one process has it; that of a process that has gone is free, and of one that cannot be asked it is not", async () => {
  await using place = await placeOfTest();
  const { take } = place;
  assert.ok(await take("gone"));
  const mine = await take("here");
  assert.ok(mine);
  assert.equal(await take("me"), undefined);
  await mine.release();
  assert.ok(await take("elsewhere"));
  assert.equal(await take("me"), undefined);
});

test("those that nobody has used for long are removed", async () => {
  await using place = await placeOfTest();
  const { folder, root } = place;
  for (const [days, owner] of [
    [1, ""],
    [20, ""],
    [20, "here"],
    [20, "gone"],
  ] as const) {
    const kept = await takeCheckout(folder, `${days} ${owner}`, { owner: owner || "me", isInUse });
    assert.ok(kept);
    await mkdir(kept.folder);
    if (owner === "") await kept.release();
    const used = new Date(Date.now() - days * 86_400_000);
    await utimes(join(kept.folder, "..", "used"), used, used);
  }
  await removeUnusedCheckouts(folder, { now: Date.now(), isInUse });
  const left = (await readdir(folder)).filter((name) => name !== ".archway.lock");
  assert.equal(left.length, 2);
  for (let count = 0; count < 11; count += 1)
    await (await takeCheckout(folder, join(root, `${count}`), { owner: "me", isInUse }))?.release();
  await removeUnusedCheckouts(folder, { now: Date.now(), isInUse });
  // The ten that were used last, and the one that is in use.
  assert.equal((await readdir(folder)).filter((name) => name !== ".archway.lock").length, 11);
});
