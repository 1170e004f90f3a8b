import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { CacheSpec } from "../../pipeline/job-spec.ts";
import { parsePlatform } from "../../platform/platform.ts";
import { Artifacts } from "./artifacts.ts";
import { Caches } from "./caches.ts";
import { drivers } from "./clone/driver.ts";
import { LocalFolder } from "./local-folder.ts";

const signal = new AbortController().signal;
const amd64 = parsePlatform("linux/amd64");
const spec = (path: string): CacheSpec => ({ path, key: path, restore: [], maxSize: 1000, save: "success" });

async function folderOfTest() {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-folder-"));
  const open = async (name: string): Promise<LocalFolder> => {
    const folder = join(root.path, name);
    await mkdir(join(folder, "workspace"), { recursive: true });
    await mkdir(join(folder, "scratch"), { mode: 0o700 });
    const stores = {
      artifacts: new Artifacts(join(root.path, "a")),
      caches: new Caches(join(root.path, "c"), { repository: "/r", driver: drivers.copy, owner: "me-1-1" }),
    };
    return new LocalFolder({ folder, made: { driver: "copy", files: 0 }, ...stores });
  };
  return { root, open };
}

test("what is added can be read by every user of a container, and by nobody else here", async () => {
  const { root, open } = await folderOfTest();
  await using _ = root;
  const folder = await open("one");
  const before = process.umask(0o077);
  try {
    const [secret, script] = [
      await folder.addFile("secret", "s", { mode: 0o444 }),
      await folder.addFile("script", "x", { mode: 0o755 }),
    ];
    const docker = await folder.addFolder("docker", { "config.json": "{}" });
    const modes = await Promise.all(
      [secret, script, docker, join(docker, "config.json"), dirname(secret)].map(
        async (path) => (await stat(path)).mode & 0o777,
      ),
    );
    assert.deepEqual(modes, [0o444, 0o755, 0o755, 0o644, 0o700]);
    assert.notEqual(await folder.addFile("secret", "t", { mode: 0o444 }), secret);
    assert.equal(await readFile(secret, "utf8"), "s");
  } finally {
    process.umask(before);
  }
});

test("what is shared can be changed by every user of a container, caches and inputs too, and runs as before", async () => {
  const { root, open } = await folderOfTest();
  await using _ = root;
  const folder = await open("one");
  const { source } = await folder.openCache(spec("/deps"), amd64, signal);
  assert.ok(typeof source === "string");
  await mkdir(join(folder.workspace, "in"), { mode: 0o755 });
  await writeFile(join(folder.workspace, "in/run"), "", { mode: 0o755 });
  await writeFile(join(source, "file"), "", { mode: 0o600 });
  assert.equal(await folder.share(signal), true);
  const paths = [join(folder.workspace, "in"), join(folder.workspace, "in/run"), source, join(source, "file")];
  const modes = await Promise.all(paths.map(async (path) => ((await stat(path)).mode & 0o777).toString(8)));
  assert.deepEqual(modes, ["777", "777", "777", "666"]);
});

test("a cache in the workspace needs no mount, and may be removed and made again by a step", async () => {
  const { root, open } = await folderOfTest();
  await using _ = root;
  const [first, second] = [await open("one"), await open("two")];
  const { cache, source } = await first.openCache(spec("deps"), amd64, signal);
  assert.equal(source, undefined);
  await rm(join(first.workspace, "deps"), { recursive: true });
  await mkdir(join(first.workspace, "deps"));
  await writeFile(join(first.workspace, "deps", "file"), "kept");
  assert.deepEqual(await cache.save(), { saved: true, bytes: 4 });
  assert.equal((await second.openCache(spec("deps"), amd64, signal)).cache.result, "hit");
  assert.equal(await readFile(join(second.workspace, "deps", "file"), "utf8"), "kept");
});

test("a link in the place of a cache is neither filled nor saved", async () => {
  const { root, open } = await folderOfTest();
  await using _ = root;
  const outside = join(root.path, "outside");
  await mkdir(outside);
  await writeFile(join(outside, "private"), "");
  const folder = await open("one");
  await symlink(outside, join(folder.workspace, "link"));
  await assert.rejects(folder.openCache(spec("link"), amd64, signal), { code: "PATH_ESCAPES" });
  const { cache } = await folder.openCache(spec("later"), amd64, signal);
  await rm(join(folder.workspace, "later"), { recursive: true });
  await symlink(outside, join(folder.workspace, "later"));
  await assert.rejects(cache.save(), { code: "PATH_ESCAPES" });
  assert.deepEqual(await readdir(join(root.path, "c", "linux_amd64")), [".archway.lock"]);
  await folder.remove();
  assert.deepEqual(await readdir(outside), ["private"]);
});
