import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  lstat,
  mkdir,
  mkdtempDisposable,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { removeFolder } from "../remove-folder.ts";
import { chooseDriver, drivers, type DriverName } from "./driver.ts";
import { mountsBelow } from "./overlay.ts";

const signal = new AbortController().signal;
const isRoot = process.getuid?.() === 0;
const folderOfTest = () => mkdtempDisposable(join(tmpdir(), "archway-clone-"));

/** All that is in a folder: kind, mode, time and content by name, which may be no UTF-8. */
async function describeFolder(folder: Buffer): Promise<Record<string, unknown>> {
  const said: Record<string, unknown> = {};
  for (const name of await readdir(folder, { encoding: "buffer" })) {
    const path = Buffer.concat([folder, Buffer.from("/"), name]);
    const found = await lstat(path);
    const content = found.isDirectory()
      ? await describeFolder(path)
      : found.isSymbolicLink()
        ? await readlink(path)
        : await readFile(path, "utf8");
    // The times of links are nothing that programs ask for.
    said[name.toString("latin1")] = [found.mode, found.isSymbolicLink() ? 0 : Math.round(found.mtimeMs), content];
  }
  return said;
}

async function makeTree(folder: string): Promise<void> {
  for (const deep of ["a/b/c/d/e/f", "many", "closed/inside", "empty"])
    await mkdir(join(folder, deep), { recursive: true });
  for (let index = 0; index < 70; index++) await writeFile(join(folder, "many", `${index}`), `${index}`);
  await writeFile(join(folder, "a/b/c/d/e/f/deep"), "deep");
  await writeFile(join(folder, "a/program"), "#!", { mode: 0o755 });
  await writeFile(join(folder, "a/line\nend"), "x");
  await writeFile(Buffer.concat([Buffer.from(`${folder}/a/b/`), Buffer.from([0xff, 0xfe])]), "no text");
  await writeFile(join(folder, "-a"), "an option?");
  await symlink("/nowhere", join(folder, "link"));
  await symlink("b", join(folder, "a/folder-link"));
  await writeFile(join(folder, "closed/inside/file"), "x", { mode: 0o444 });
  await utimes(join(folder, "a/program"), 1_000_000, 1_000_000.5);
  await utimes(join(folder, "many"), 1_000_000, 2_000_000);
  await chmod(join(folder, "closed/inside"), 0o555);
  await chmod(join(folder, "closed"), 0o555);
}

async function holdsFor(name: DriverName, root: string): Promise<void> {
  const [source, target] = [join(root, "source"), join(root, "target")];
  await mkdir(source, { recursive: true });
  await makeTree(source);
  const before = await describeFolder(Buffer.from(source));
  await drivers[name].clone(source, target, signal);
  assert.deepEqual(await describeFolder(Buffer.from(target)), before);
  // What a step does: writes in place, removes, renames folders, adds.
  await writeFile(join(target, "a/program"), "changed");
  await rm(join(target, "many"), { recursive: true });
  await rename(join(target, "a/b"), join(target, "moved"));
  await writeFile(join(target, "fresh"), "");
  assert.equal(await readFile(join(target, "moved/c/d/e/f/deep"), "utf8"), "deep");
  assert.deepEqual(await describeFolder(Buffer.from(source)), before);
  await removeFolder(root);
  await assert.rejects(lstat(root));
}

describe("clones are like their originals, and apart from them", () => {
  test("as copies", async () => {
    await using root = await folderOfTest();
    await holdsFor("copy", join(root.path, "place"));
  });

  test("as overlays", { skip: !isRoot && "mounts need root" }, async () => {
    await using root = await folderOfTest();
    await holdsFor("overlay", join(root.path, "place"));
    assert.deepEqual(await mountsBelow(root.path), []);
  });

  test("as overlays behind a link", { skip: !isRoot && "mounts need root" }, async () => {
    await using root = await folderOfTest();
    await mkdir(join(root.path, "real home"));
    await symlink("real home", join(root.path, "home"));
    const [source, place] = [join(root.path, "source"), join(root.path, "home/place")];
    await mkdir(source);
    await drivers.overlay.clone(source, join(place, "target"), signal);
    assert.deepEqual(await mountsBelow(place), [join(root.path, "real home/place/target")]);
    await removeFolder(place);
    assert.deepEqual(await mountsBelow(root.path), []);
    await assert.rejects(lstat(place));
    // Nor is it made when nobody wants it any more.
    await assert.rejects(drivers.overlay.clone(source, join(place, "late"), AbortSignal.abort(new Error("stop"))), {
      message: "stop",
    });
    assert.deepEqual(await mountsBelow(place), []);
  });

  for (const [kind, options] of [
    ["btrfs", ["-q"]],
    ["xfs", ["-q", "-m", "reflink=1"]],
  ] as const) {
    const lacks = isRoot ? spawnSync(`mkfs.${kind}`, ["-V"]).error && `there is no mkfs.${kind}` : "mounts need root";
    test(`as copies with shared blocks on ${kind}`, { skip: lacks }, async () => {
      await using root = await folderOfTest();
      const [image, place] = [join(root.path, "image"), join(root.path, "disk")];
      execFileSync("truncate", ["-s", "320M", image]);
      execFileSync(`mkfs.${kind}`, [...options, image], { stdio: "pipe" });
      await mkdir(place);
      execFileSync("mount", ["-o", "loop", image, place]);
      try {
        await holdsFor("reflink", join(place, "work"));
        // Forty copies of 10 MB would not fit there: the blocks are shared.
        await mkdir(join(place, "large"));
        await writeFile(join(place, "large", "file"), Buffer.alloc(10_000_000, 7));
        for (let index = 0; index < 40; index++)
          await drivers.reflink.clone(join(place, "large"), join(place, `clone-${index}`), signal);
        const chosen = await chooseDriver({ folder: join(place, "state"), endpoint: "tcp://127.0.0.1:1" }, signal);
        assert.equal(chosen.name, "reflink");
      } finally {
        execFileSync("umount", [place]);
      }
    });
  }
});

test(
  "an overlay is chosen when the engine sees it, and only then",
  { skip: !isRoot && "mounts need root" },
  async () => {
    await using root = await folderOfTest();
    const socket = join(root.path, "socket");
    const engine = createServer().listen(socket);
    await once(engine, "listening");
    try {
      const folder = join(root.path, "state");
      assert.equal((await chooseDriver({ folder, endpoint: `unix://${socket}` }, signal)).name, "overlay");
      const elsewhere = await chooseDriver({ folder, endpoint: "tcp://127.0.0.1:1" }, signal);
      assert.notEqual(elsewhere.name, "overlay");
      await assert.rejects(chooseDriver({ folder, endpoint: "tcp://127.0.0.1:1", forced: "overlay" }, signal), {
        code: "DRIVER_UNUSABLE",
        message: /cannot be told that tcp:\/\/127\.0\.0\.1:1 sees/,
      });
      await assert.rejects(chooseDriver({ folder, endpoint: "", forced: "zfs" }, signal), { code: "DRIVER_UNUSABLE" });
      assert.deepEqual(await readdir(folder), []);
    } finally {
      engine.close();
    }
  },
);

test("an engine with mounts of its own does not see ours", { skip: !isRoot && "mounts need root" }, async () => {
  await using root = await folderOfTest();
  const socket = join(root.path, "socket");
  const listen = `require("net").createServer().listen(${JSON.stringify(socket)}, () => console.log("listens"))`;
  const engine = spawn("unshare", ["-m", "--propagation", "private", process.execPath, "-e", listen], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(engine.stdout, "data");
    const folder = join(root.path, "state");
    assert.notEqual((await chooseDriver({ folder, endpoint: `unix://${socket}` }, signal)).name, "overlay");
  } finally {
    engine.kill("SIGKILL");
    await once(engine, "close");
  }
});

test("a copy that fails says why, and ends all of its lanes", async () => {
  await using root = await folderOfTest();
  await mkdir(join(root.path, "source"));
  await writeFile(join(root.path, "source", "file"), "");
  await mkdir(join(root.path, "target/file"), { recursive: true });
  await assert.rejects(drivers.copy.clone(join(root.path, "source"), join(root.path, "target"), signal), /file/);
  await assert.rejects(
    drivers.copy.clone(join(root.path, "source"), join(root.path, "other"), AbortSignal.abort(new Error("stop"))),
    { message: "stop" },
  );
});
