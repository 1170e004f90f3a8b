import assert from "node:assert/strict";
import { lstat, mkdir, mkdtempDisposable, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Pack } from "tar-stream";
import { tarOf } from "../containerizer/engine-archive.ts";
import { addFolder, packFiles, packFolder } from "./pack-files.ts";
import { unpackTar } from "./unpack-tar.ts";

const signal = new AbortController().signal;
const folderOfTest = () => mkdtempDisposable(join(tmpdir(), "archway-tar-"));
const asIs = { place: (name: string) => name };
const unpack = (folder: string, fill: (tar: Pack) => void, options: Parameters<typeof unpackTar>[2] = asIs) =>
  unpackTar(tarOf(fill), folder, options, signal);

test("a folder comes back as it was sent: contents, modes, times, links, and folders that are closed", async () => {
  await using root = await folderOfTest();
  const [from, to] = [join(root.path, "from"), join(root.path, "to")];
  await mkdir(join(from, "a/b"), { recursive: true });
  await mkdir(to);
  await writeFile(join(from, "a/b/large"), "x".repeat(700_000), { mode: 0o751 });
  await writeFile(join(from, "a/ü".repeat(40).replaceAll("/", "")), "long name");
  await symlink("../elsewhere", join(from, "a/link"));
  await mkdir(join(from, "closed"), { mode: 0o555 });
  await unpackTar(
    tarOf((tar) => packFolder(tar, from, signal)),
    to,
    asIs,
    signal,
  );
  for (const path of (await readdir(from, { recursive: true })).toSorted()) {
    const [was, is] = await Promise.all([lstat(join(from, path)), lstat(join(to, path))]);
    assert.deepEqual([path, is.mode, is.size], [path, was.mode, is.isDirectory() ? is.size : was.size]);
    if (!is.isSymbolicLink()) assert.equal(Math.floor(is.mtimeMs / 1000), Math.floor(was.mtimeMs / 1000), path);
  }
  assert.equal(await readlink(join(to, "a/link")), "../elsewhere");
  assert.equal((await readFile(join(to, "a/b/large"), "utf8")).length, 700_000);
});

test("chosen files come with the folders on their way", async () => {
  await using root = await folderOfTest();
  const [from, to] = [join(root.path, "from"), join(root.path, "to")];
  await mkdir(join(from, "a"), { recursive: true });
  await mkdir(to);
  for (const name of ["a/one", "two"]) await writeFile(join(from, name), name);
  await unpackTar(
    tarOf((tar) => packFiles(tar, from, ["a/one"], signal)),
    to,
    asIs,
    signal,
  );
  assert.deepEqual((await readdir(to, { recursive: true })).toSorted(), ["a", "a/one"]);
});

test("nothing gets out of the folder, by names or by links", async () => {
  await using root = await folderOfTest();
  const [to, outside] = [join(root.path, "to"), join(root.path, "outside")];
  await Promise.all([mkdir(to), mkdir(outside)]);
  await unpack(to, (tar) => {
    tar.entry({ name: "../outside/up" }, "x");
    tar.entry({ name: `${outside}/absolute` }, "x");
    tar.entry({ name: "hard", type: "link", linkname: "../outside/secret" });
  });
  await assert.rejects(
    unpack(to, (tar) => {
      tar.entry({ name: "way", type: "symlink", linkname: outside });
      tar.entry({ name: "way/through" }, "x");
    }),
    { code: "PATH_ESCAPES" },
  );
  assert.deepEqual(await readdir(outside), []);
});

test("a folder that a later link replaces is forgotten, with all that was below it", async () => {
  await using root = await folderOfTest();
  const [to, outside] = [join(root.path, "to"), join(root.path, "outside")];
  await mkdir(to);
  await mkdir(join(outside, "deep"), { recursive: true, mode: 0o755 });
  const replace = (tar: Pack) => {
    tar.entry({ name: "way/deep", type: "directory", mode: 0o711 });
    tar.entry({ name: "way", type: "directory", mode: 0o711 });
    tar.entry({ name: "way/deep/file" }, "x");
    tar.entry({ name: "way", type: "symlink", linkname: outside });
  };
  await unpack(to, replace);
  assert.equal(await readlink(join(to, "way")), outside);
  for (const folder of [outside, join(outside, "deep")])
    assert.equal((await lstat(folder)).mode & 0o777, 0o755, folder);
  const again = join(root.path, "again");
  await mkdir(again);
  await assert.rejects(
    unpack(again, (tar) => {
      replace(tar);
      tar.entry({ name: "way/deep/through" }, "x");
    }),
    { code: "PATH_ESCAPES" },
  );
  assert.deepEqual(await readdir(join(outside, "deep")), []);
});

test("a file whose other name was not wanted is named as missing; what is too much is not taken", async () => {
  await using root = await folderOfTest();
  const fill = (tar: Pack) => {
    tar.entry({ name: "first" }, "content");
    tar.entry({ name: "second", type: "link", linkname: "first" });
    tar.entry({ name: "third" }, "content");
  };
  const chosen = join(root.path, "chosen");
  await mkdir(chosen);
  const place = (name: string) => (name === "first" ? undefined : name);
  assert.deepEqual(await unpack(chosen, fill, { place }), { bytes: 7, missing: ["second"] });
  const all = join(root.path, "all");
  await mkdir(all);
  await unpack(all, fill);
  assert.equal(await readFile(join(all, "second"), "utf8"), "content");
  const little = join(root.path, "little");
  await mkdir(little);
  await unpack(little, fill, { ...asIs, maxBytes: 3 });
  assert.deepEqual(await readdir(little), ["first"]);
});

test("what should be a folder and is a link is refused", async () => {
  await using root = await folderOfTest();
  const to = join(root.path, "to");
  await mkdir(to);
  const place = (name: string) => name.split("/").slice(1).join("/") || ".";
  await assert.rejects(
    unpack(to, (tar) => void tar.entry({ name: "cache", type: "symlink", linkname: "/etc" }), { place }),
    { code: "PATH_ESCAPES" },
  );
  await unpackTar(
    tarOf(async (tar) => addFolder(tar, "cache", 0o700)),
    to,
    { place },
    signal,
  );
  assert.equal((await lstat(to)).mode & 0o777, 0o700);
});
