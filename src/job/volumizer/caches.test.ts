import assert from "node:assert/strict";
import { chmod, mkdir, mkdtempDisposable, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { CacheSpec } from "../../pipeline/job-spec.ts";
import { parsePlatform } from "../../platform/platform.ts";
import { isRunning, processMark } from "../../store/process-mark.ts";
import { Caches } from "./caches.ts";
import { type DriverName, drivers } from "./clone/driver.ts";
import { mountsBelow } from "./clone/overlay.ts";
import { removeFolder } from "./remove-folder.ts";

const [amd64, arm64] = [parsePlatform("linux/amd64"), parsePlatform("linux/arm64")];
const spec = (key: string, more: Partial<CacheSpec> = {}): CacheSpec => ({
  path: "/c",
  key,
  restore: [],
  maxSize: 1000,
  save: "success",
  ...more,
});

async function placeOfTest(how: { readonly driver?: DriverName; readonly owner?: string } = {}) {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-caches-"));
  const { driver = "copy", owner = "me-1-1" } = how;
  const ofRepository = (repository: string) =>
    new Caches(join(root.path, "caches"), { repository, driver: drivers[driver], owner });
  const caches = ofRepository("/one");
  let count = 0;
  const target = () => join(root.path, `target-${++count}`);
  const save = async (key: string, platform = amd64, content = key) => {
    const folder = target();
    const cache = await caches.open(spec(key), platform, folder);
    await writeFile(join(folder, "file"), content);
    return cache.save();
  };
  const look = async (key: string) => (await caches.open(spec(key), amd64, target())).result;
  const limits = { bytes: 1000, count: 100, age: 60, now: Date.now(), isInUse: isRunning };
  return {
    caches,
    ofRepository,
    target,
    save,
    look,
    limits,
    [Symbol.asyncDispose]: () => removeFolder(root.path),
  };
}

describe("caches", () => {
  test("a cache of one platform is never another's", async () => {
    await using place = await placeOfTest();
    assert.deepEqual(await place.save("k", arm64), { saved: true, bytes: 1 });
    const target = place.target();
    assert.equal((await place.caches.open(spec("k", { restore: ["k", ""] }), amd64, target)).result, "miss");
    assert.deepEqual(await readdir(target), []);
    assert.equal((await place.caches.open(spec("k"), arm64, target)).result, "hit");
    assert.equal(await readFile(join(target, "file"), "utf8"), "k");
  });

  test("a cache of one repository is never another's, nor one path's that of another, also by the beginning of its key", async () => {
    await using place = await placeOfTest();
    await place.save("npm");
    const open = (caches: Caches, path: string) =>
      caches.open(spec("npm", { path, restore: ["n", ""] }), amd64, place.target());
    const others = [await open(place.ofRepository("/two"), "/c"), await open(place.caches, "/d")];
    for (const cache of others) {
      assert.equal(cache.result, "miss");
      assert.equal((await cache.save()).saved, true);
    }
    for (const caches of [place.caches, place.ofRepository("/two")]) {
      assert.equal((await open(caches, "/c")).result, "hit");
      assert.equal((await open(caches, "/c/")).result, "hit");
    }
    assert.equal((await open(place.caches, "/d")).result, "hit");
    // All of them together are cleaned.
    await place.caches.collectGarbage({ ...place.limits, count: 0 });
    assert.equal((await open(place.ofRepository("/two"), "/c")).result, "miss");
  });

  test("the beginning of a key restores the last used, and what is too large is not saved", async () => {
    await using place = await placeOfTest();
    for (const key of ["go-1", "go-2", "other"]) await place.save(key);
    const restored = await place.caches.open(spec("go-3", { restore: ["go-"] }), amd64, place.target());
    assert.deepEqual([restored.result, restored.from], ["restored", "go-2"]);
    assert.match((await place.save("big", amd64, "x".repeat(2000))).reason ?? "", /2000 bytes, max_size is 1000/);
  });

  test("of several that save one key at a time one wins, and its content is whole", async () => {
    await using place = await placeOfTest();
    const folders = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const folder = place.target();
        const cache = await place.caches.open(spec("k"), amd64, folder);
        for (const name of ["a", "b"]) await writeFile(join(folder, name), `${index}`);
        return cache;
      }),
    );
    const saved = await Promise.all(folders.map((cache) => cache.save()));
    assert.equal(saved.filter((one) => one.saved).length, 1);
    for (const one of saved) if (!one.saved) assert.match(one.reason ?? "", /meanwhile/);
    const target = place.target();
    assert.equal((await place.caches.open(spec("k"), amd64, target)).result, "hit");
    assert.equal(await readFile(join(target, "a"), "utf8"), await readFile(join(target, "b"), "utf8"));
    const left = (await readdir(join(target, "../caches/linux_amd64"))).filter((name) => name.startsWith(".new"));
    assert.deepEqual(left, []);
  });

  for (const driver of ["copy", "overlay"] as const) {
    const skip = driver === "overlay" && process.getuid?.() !== 0 && "mounts need root";
    test(
      `what a job changes in its clone (${driver}) is not in the cache, also in closed folders`,
      { skip },
      async () => {
        await using place = await placeOfTest({ driver });
        const first = place.target();
        const cache = await place.caches.open(spec("k"), amd64, first);
        await mkdir(join(first, "mod"));
        await writeFile(join(first, "mod/file"), "before", { mode: 0o444 });
        await chmod(join(first, "mod"), 0o555);
        assert.deepEqual(await cache.save(), { saved: true, bytes: 6 });
        const second = place.target();
        const hit = await place.caches.open(spec("k"), amd64, second);
        assert.equal((await stat(join(second, "mod"))).mode & 0o777, 0o555);
        assert.equal((await mountsBelow(second)).length, driver === "overlay" ? 1 : 0);
        await chmod(join(second, "mod/file"), 0o644);
        await writeFile(join(second, "mod/file"), "after");
        // What steps may remove is no mount.
        const plain = place.target();
        const inWorkspace = await place.caches.open(spec("k"), amd64, plain, { isPlain: true });
        assert.deepEqual(await mountsBelow(plain), []);
        assert.equal(await readFile(join(plain, "mod/file"), "utf8"), "before");
        // A clone of an older key is saved under its own one.
        const third = place.target();
        const restored = await place.caches.open(spec("k2", { restore: ["k"] }), amd64, third);
        await writeFile(join(third, "more"), "more");
        assert.deepEqual(await restored.save(), { saved: true, bytes: 10 });
        for (const one of [hit, inWorkspace, restored]) await one.release();
      },
    );
  }
});

test("a cache whose filling is cancelled is not in use any more", async () => {
  await using place = await placeOfTest({ owner: await processMark() });
  await place.save("k");
  const signal = AbortSignal.abort(new Error("stop"));
  await assert.rejects(place.caches.open(spec("k"), amd64, place.target(), { signal }), { message: "stop" });
  await place.caches.collectGarbage({ ...place.limits, now: Date.now() + 120_000 });
  assert.equal(await place.look("k"), "miss");
});

describe("the cleaning of caches", () => {
  test("takes what nobody used for long, and what is too much, by bytes and by count", async () => {
    await using place = await placeOfTest();
    for (const key of ["a", "b"]) await place.save(key, amd64, "x".repeat(600));
    await place.caches.collectGarbage(place.limits);
    assert.deepEqual([await place.look("a"), await place.look("b")], ["miss", "hit"]);
    await place.save("c", amd64, "");
    await place.caches.collectGarbage({ ...place.limits, count: 1 });
    assert.deepEqual([await place.look("b"), await place.look("c")], ["miss", "hit"]);
    await place.caches.collectGarbage({ ...place.limits, now: Date.now() + 120_000 });
    assert.equal(await place.look("c"), "miss");
  });

  test("leaves what a process that runs has a clone of, until it is released or the process is gone", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("mounts need root");
    await using place = await placeOfTest({ driver: "overlay", owner: await processMark() });
    await place.save("used");
    const folder = place.target();
    const open = await place.caches.open(spec("used"), amd64, folder);
    const late = { ...place.limits, now: Date.now() + 120_000 };
    await place.caches.collectGarbage(late);
    assert.equal(await readFile(join(folder, "file"), "utf8"), "used");
    await removeFolder(folder);
    await open.release();
    await place.caches.collectGarbage(late);
    assert.equal(await place.look("used"), "miss");

    await place.save("left");
    const [machine] = (await processMark()).split("-");
    const dead = new Caches(join(place.target(), "../caches"), {
      repository: "/one",
      driver: drivers.overlay,
      owner: `${machine}-999999999-1`,
    });
    await dead.open(spec("left"), amd64, place.target());
    // The process has gone, and a job of it is kept.
    await place.caches.collectGarbage({ ...late, isInUse: async () => true });
    assert.equal((await readdir(join(place.target(), "../caches/linux_amd64"))).length, 2);
    await place.caches.collectGarbage(late);
    assert.equal(await place.look("left"), "miss");
  });
});
