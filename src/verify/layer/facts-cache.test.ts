import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Digest } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { FactsCache } from "./facts-cache.ts";
import { factsVersion } from "./facts.ts";
import type { LayerFacts } from "./facts.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-facts-"));
});
afterEach(() => rm(folder, { recursive: true }));

const digest = (name: string): Digest => digestOf(Buffer.from(name));

function factsOf(name: string, pad = 0): LayerFacts {
  const head = Array.from({ length: pad }, (_, index) => digest(`${name}${index}`)).join("");
  return {
    version: factsVersion,
    digest: digest(name),
    diffId: digest(`${name} unpacked`),
    size: 10,
    unpackedSize: 20,
    compression: "gzip",
    entries: [
      {
        path: "a",
        type: "file",
        mode: 0o755,
        size: 3,
        head,
        elf: {
          bits: 64,
          endian: "little",
          machine: 62,
          type: 2,
          flags: 0,
          osAbi: 0,
          abiVersion: 0,
          dynamic: { needed: ["libc.so.6"] },
        },
        fingerprint: "x",
      },
    ],
  };
}

/** Asks a cache for the facts of a name; counts how often they had to be read. */
function asking(cache: FactsCache) {
  const counts = { reads: 0 };
  const ask = (name: string, pad = 0) =>
    cache.facts(digest(name), async () => {
      counts.reads++;
      return factsOf(name, pad);
    });
  return { ask, counts };
}

describe("FactsCache", () => {
  test("what one process has read, another has too", async () => {
    const first = asking(new FactsCache(folder));
    assert.deepEqual(await first.ask("one"), { facts: factsOf("one"), cached: false });
    assert.deepEqual(await first.ask("one"), { facts: factsOf("one"), cached: true });
    const second = asking(new FactsCache(folder));
    assert.deepEqual(await second.ask("one"), { facts: factsOf("one"), cached: true });
    assert.deepEqual([first.counts.reads, second.counts.reads], [1, 0]);
  });

  test("a layer is read once, however many ask at the same time", async () => {
    const { ask, counts } = asking(new FactsCache(folder));
    const answers = await Promise.all(["one", "one", "two", "one"].map((name) => ask(name)));
    assert.equal(counts.reads, 2);
    assert.equal(answers.filter(({ cached }) => !cached).length, 2);
  });

  test("no more layers at once than allowed, and the next takes its turn", async () => {
    const cache = new FactsCache(folder, { concurrency: 2 });
    let running = 0;
    let most = 0;
    const readSlowly = (name: string) =>
      cache
        .facts(digest(name), async () => {
          most = Math.max(most, ++running);
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
          running--;
          if (name === "b") throw new Error("unreadable");
          return factsOf(name);
        })
        .catch(() => undefined);
    // Later ones come while the first ones hand their turn on.
    const first = ["a", "b", "c", "d", "e"].map(readSlowly);
    const later = first.map(async (one, index) => {
      await one;
      await Promise.all(["x", "y", "z"].map((name) => readSlowly(`${name}${index}`)));
    });
    await Promise.all([...first, ...later]);
    assert.equal(most, 2);
  });

  test("a failed read is not kept, and the next one that asks reads again", async () => {
    const cache = new FactsCache(folder);
    const failing = cache.facts(digest("one"), () => Promise.reject(new Error("cut")));
    const waiting = asking(cache).ask("one");
    await assert.rejects(failing, /cut/);
    assert.deepEqual((await waiting).cached, false);
  });

  test("who waits is not cancelled with who reads, but by its own signal", async () => {
    const cache = new FactsCache(folder);
    const controller = new AbortController();
    let started = () => {};
    const reading = new Promise<void>((resolve) => (started = resolve));
    const aborted = cache.facts(digest("one"), () => {
      started();
      return new Promise((_, reject) =>
        controller.signal.addEventListener("abort", () => reject(controller.signal.reason)),
      );
    });
    await reading;
    const other = asking(cache).ask("one");
    controller.abort();
    await assert.rejects(aborted, { name: "AbortError" });
    assert.equal((await other).cached, false);
    await assert.rejects(
      cache.facts(digest("two"), async () => factsOf("two"), AbortSignal.abort()),
      { name: "AbortError" },
    );
  });

  test("damaged and outdated files count as none and are written again", async () => {
    const damage: ((bytes: Buffer) => Buffer)[] = [
      () => Buffer.alloc(0),
      (bytes) => bytes.subarray(0, bytes.length / 2),
      (bytes) => Buffer.concat([bytes.subarray(0, 30), Buffer.from([bytes.readUInt8(30) ^ 0xff]), bytes.subarray(31)]),
      () => Buffer.from("{}"),
    ];
    for (const harm of damage) {
      await asking(new FactsCache(folder)).ask("one");
      const [name = ""] = await readdir(folder);
      await writeFile(join(folder, name), harm(await readFile(join(folder, name))));
      const again = asking(new FactsCache(folder));
      assert.deepEqual(await again.ask("one"), { facts: factsOf("one"), cached: false });
      assert.deepEqual(await again.ask("one"), { facts: factsOf("one"), cached: true });
    }
    assert.equal((await readdir(folder)).length, 1, "no temporary files");
  });

  test("facts of another layer under this name are not believed", async () => {
    const cache = asking(new FactsCache(folder));
    await cache.ask("one");
    await cache.ask("two");
    const file = (name: string) => join(folder, `${digest(name).replace(":", "-")}.v${factsVersion}.json.zst`);
    await writeFile(file("two"), await readFile(file("one")));
    assert.deepEqual((await asking(new FactsCache(folder)).ask("two")).facts.digest, digest("two"));
  });

  test("the folder stays within its bound; what was used last stays", async () => {
    const names = Array.from({ length: 120 }, (_, index) => `layer ${index}`);
    const maxBytes = 100_000;
    for (const name of names) {
      const cache = asking(new FactsCache(folder, { maxBytes }));
      const past = new Date(Date.now() - 60_000);
      const older = new Date(Date.now() - 120_000);
      for (const file of await readdir(folder)) {
        const used = file.includes(digest("layer 0").replace(":", "-")) ? older : past;
        await utimes(join(folder, file), used, used);
      }
      await cache.ask("layer 0", 40);
      // Facts of some 2 KB that do not compress: 120 of them are more than the bound.
      await cache.ask(name, 40);
    }
    const files = await readdir(folder);
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size));
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= maxBytes);
    assert.ok(files.length > 10);
    assert.ok(files.some((name) => name.includes(digest("layer 0").replace(":", "-"))));
  });

  test("what a killed writer left is removed once it is old", async () => {
    await writeFile(join(folder, ".old.tmp"), "half");
    await writeFile(join(folder, ".new.tmp"), "half");
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await utimes(join(folder, ".old.tmp"), old, old);
    await asking(new FactsCache(folder)).ask("one");
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith(".tmp")),
      [".new.tmp"],
    );
  });

  test("a folder that cannot be made costs nothing but time", async () => {
    await writeFile(join(folder, "file"), "");
    const { ask, counts } = asking(new FactsCache(join(folder, "file", "below")));
    await ask("one");
    await ask("one");
    assert.equal(counts.reads, 2);
  });

  test("a folder that no file system makes costs time and nothing else", { timeout: 20_000 }, async () => {
    const cache = new FactsCache("/proc/archway/facts");
    const { cached } = await cache.facts(digest("x"), async () => factsOf("x"));
    assert.equal(cached, false);
  });
});
