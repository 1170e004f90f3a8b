/** One layout and several processes: writing at once, killed at any moment, and a disk that fills up. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { LayoutStore } from "../../src/store/layout.ts";
import { readTree } from "../../src/store/tree.ts";
import { run } from "../bed/command.ts";
import { withCode } from "./store-contract.ts";
import { collect, content, noise, sampleImage, sampleIndex, sourceOf, store } from "./store-samples.ts";

/** Kills in one run of the tests; `ARCHWAY_SOAK=N` makes it N. */
const kills = Number(process.env["ARCHWAY_SOAK"] ?? 6);

let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-processes-"));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("several processes write into one layout, and every name is there", { timeout: 120_000 }, async () => {
  const directory = join(folder, "many");
  const names = ["a", "b", "c", "d"];
  const writers = names.map((name) => startWriter(directory, name, 5));
  const codes = await Promise.all(writers.map(async (writer) => (await once(writer, "exit"))[0]));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  const layout = new LayoutStore(directory);
  const tags = await Array.fromAsync(layout.tags());
  const expected = names.flatMap((name) => [...Array.from({ length: 5 }, (_, n) => `${name}-${n}`), `${name}-latest`]);
  assert.deepEqual(tags.sort(), expected.sort());
  await assertWhole(layout);
  assert.deepEqual(await strayFiles(directory), []);
});

test("a writer that is killed at any moment leaves a valid layout", { timeout: 60_000 + kills * 10_000 }, async () => {
  const directory = join(folder, "killed");
  let temporary = 0;
  // Until a kill has hit a file half written the test has proven nothing.
  for (let n = 0; n < kills || (temporary === 0 && n < kills * 20); n++) {
    const writer = startWriter(directory, `k${n}`, 1_000);
    let printed = "";
    writer.stdout?.setEncoding("utf8").on("data", (text: string) => (printed += text));
    await once(writer.stdout ?? writer, "data");
    await sleep(Math.random() * 300);
    writer.kill("SIGKILL");
    await once(writer, "exit");
    temporary += (await strayFiles(directory)).length;
    const layout = new LayoutStore(directory);
    await assertWhole(layout);
    const tags = await Array.fromAsync(layout.tags());
    for (const name of printed.split("\n").slice(0, -1)) assert(tags.includes(name), `${name} was there and is gone`);
    // The next writer goes on, and clears away what the killed one left.
    const image = sampleImage(`after ${n}`, { os: "linux", architecture: "amd64" });
    await store(layout, image);
    await layout.tag("after", image.root.descriptor);
    assert.deepEqual(await strayFiles(directory), []);
    await rm(`${directory}-source-k${n}`, { recursive: true, force: true });
  }
  assert(temporary > 0, "no kill hit a file half written");
});

test("a temporary file of a living writer stays", async () => {
  const directory = join(folder, "living");
  const { descriptor, bytes } = content(noise("living", 100_000));
  const slow = new LayoutStore(directory);
  const second = Promise.withResolvers<void>();
  const writing = slow.putBlob(descriptor, {
    async *open() {
      yield bytes.subarray(0, 50_000);
      await second.promise;
      yield bytes.subarray(50_000);
    },
  });
  while ((await strayFiles(directory).catch(() => [])).length === 0) await sleep(5);
  const image = sampleImage("meanwhile", { os: "linux", architecture: "amd64" });
  await store(new LayoutStore(directory), image);
  assert.equal((await strayFiles(directory)).length, 1);
  second.resolve();
  await writing;
  assert.deepEqual(await collect(slow.fetch(descriptor)), Buffer.from(bytes));
});

test("files that other tools keep in a layout stay as they are", async () => {
  const directory = join(folder, "foreign");
  const layout = new LayoutStore(directory);
  const image = sampleIndex("foreign");
  await store(layout, image);
  const { mediaType, digest, size } = image.root.descriptor;
  const entry = { mediaType, digest, size, annotations: { "org.example": "kept" }, future: { a: 1 } };
  const document = { schemaVersion: 2, manifests: [entry], annotations: { top: "kept" }, future: [1] };
  await writeFile(join(directory, "index.json"), JSON.stringify(document));
  await writeFile(join(directory, "manifest.json"), "[]");
  await layout.tag("v1", image.root.descriptor);
  const after: unknown = JSON.parse(await readFile(join(directory, "index.json"), "utf8"));
  const named = { mediaType, digest, size, annotations: { "org.opencontainers.image.ref.name": "v1" } };
  assert.deepEqual(after, { ...document, manifests: [entry, named] });
  assert.equal(await readFile(join(directory, "manifest.json"), "utf8"), "[]");
});

test(
  "a full disk, or one that is read-only, is one error, and the layout stays as it was",
  { skip: process.getuid?.() !== 0 && "needs root" },
  async () => {
    const mount = join(folder, "small");
    await mkdir(mount);
    await run("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", mount]);
    try {
      const directory = join(mount, "layout");
      const layout = new LayoutStore(directory);
      const small = sampleImage("small", { os: "linux", architecture: "amd64" });
      await store(layout, small);
      await layout.tag("v1", small.root.descriptor);
      const { descriptor, bytes } = content(noise("large", 5_000_000));
      await assert.rejects(layout.putBlob(descriptor, sourceOf(bytes)), withCode("NO_SPACE"));
      assert.deepEqual(await strayFiles(directory), []);
      assert.equal(await layout.has(descriptor.digest), false);
      await assertWhole(layout);
      const fill = content(noise("fill", 2_900_000));
      await layout.putBlob(fill.descriptor, sourceOf(fill.bytes)).catch(withCode("NO_SPACE"));
      assert.deepEqual(await layout.resolve("v1"), small.root.descriptor);

      await run("mount", ["-o", "remount,ro", mount]);
      for (const readOnly of [layout, new LayoutStore(directory)]) {
        await assert.rejects(readOnly.tag("v2", small.root.descriptor), withCode("DENIED"));
        assert.deepEqual(await readOnly.resolve("v1"), small.root.descriptor);
      }
    } finally {
      await run("umount", [mount]);
    }
  },
);

test("a folder that may not be written to, or is none, is one error", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  const { descriptor, bytes } = content(noise("x", 10));
  await assert.rejects(new LayoutStore(file).putBlob(descriptor, sourceOf(bytes)), withCode("UNREACHABLE"));
  await assert.rejects(new LayoutStore(join(folder, "nowhere")).resolve("v1"), withCode("NOT_FOUND"));
});

function startWriter(directory: string, name: string, count: number): ChildProcess {
  const program = join(import.meta.dirname, "store-writer.ts");
  return spawn(process.execPath, [program, directory, name, String(count)], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Every name leads to an image that is there to the last byte. */
async function assertWhole(layout: LayoutStore): Promise<void> {
  for await (const tag of layout.tags()) {
    for (const { blobs } of await readTree(layout, await layout.resolve(tag))) {
      for (const blob of blobs) for await (const piece of layout.fetch(blob)) assert(piece.length > 0);
    }
  }
}

/** What a layout holds beside what belongs into it. */
async function strayFiles(directory: string): Promise<string[]> {
  const own = new Set(["blobs", "index.json", "oci-layout", ".archway.lock"]);
  return (await readdir(directory)).filter((name) => !own.has(name));
}
