import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, linkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../../error/error.ts";
import type { TarEntry, TarLimits } from "./tar-walk.ts";
import { normalizeEntryPath, tarLimits, TarWalk } from "./tar-walk.ts";
import { makeTar } from "./test-image.ts";

interface Walked extends TarEntry {
  readonly content: string;
}

function walk(bytes: Uint8Array, chunkSize = bytes.length || 1, limits: TarLimits = tarLimits): Walked[] {
  const entries: Walked[] = [];
  const walker = new TarWalk((entry) => {
    const pieces: Buffer[] = [];
    const end = () => entries.push({ ...entry, content: Buffer.concat(pieces).toString("latin1") });
    if (entry.type !== "file") end();
    return { write: (piece) => pieces.push(Buffer.from(piece)) > 0, end };
  }, limits);
  for (let at = 0; at < bytes.length; at += chunkSize) walker.write(bytes.subarray(at, at + chunkSize));
  walker.end();
  return entries;
}

const hasCode = (code: string) => (error: unknown) => error instanceof ArchwayError && error.code === code;
const summary = ({ path, type, size, target }: TarEntry) => ({ path, type, size, target });

describe("tar archives as programs write them", () => {
  for (const format of ["gnu", "pax", "posix", "ustar", "oldgnu"]) {
    test(`GNU tar --format=${format}`, () => {
      const folder = mkdtempSync(join(tmpdir(), "archway-tar-"));
      try {
        const long = `deep/${"n".repeat(90)}/${"m".repeat(60)}`;
        const file = (name: string, content: string) => {
          mkdirSync(dirname(join(folder, name)), { recursive: true });
          writeFileSync(join(folder, name), content);
        };
        file("usr/bin/a", "content of a");
        file("empty", "");
        file("exact", "x".repeat(512));
        file(long, "long");
        file("größe/日本", "unicode");
        symlinkSync("usr/bin/a", join(folder, "link"));
        if (format !== "ustar") symlinkSync("t".repeat(150), join(folder, "longlink"));
        linkSync(join(folder, "usr/bin/a"), join(folder, "zhard"));
        const bytes = execFileSync("tar", ["-C", folder, `--format=${format}`, "--sort=name", "-cf", "-", "."]);
        for (const chunkSize of [bytes.length, 512, 100, 1, 700]) {
          const byPath = new Map(walk(bytes, chunkSize).map((entry) => [entry.path, entry]));
          assert.equal(byPath.get("usr/bin/a")?.content, "content of a");
          assert.equal(byPath.get("exact")?.content.length, 512);
          assert.equal(byPath.get("empty")?.type, "file");
          assert.equal(byPath.get(long)?.content, "long");
          assert.equal(byPath.get("größe/日本")?.content, "unicode");
          assert.equal(byPath.get("link")?.target, "usr/bin/a");
          assert.deepEqual(summary(byPath.get("zhard") ?? assert.fail()), {
            path: "zhard",
            type: "hardlink",
            size: 0,
            target: "usr/bin/a",
          });
          if (format !== "ustar") assert.equal(byPath.get("longlink")?.target, "t".repeat(150));
          assert.equal(byPath.get("usr/bin")?.type, "directory");
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

describe("one archive, block by block", () => {
  const plain = () => makeTar([{ name: "a", content: "abc" }]);

  test("sizes in base 256", async () => {
    const bytes = await plain();
    bytes.fill(0, 124, 136);
    bytes[124] = 0x80;
    bytes[135] = 3;
    fixChecksum(bytes);
    assert.equal(walk(bytes)[0]?.content, "abc");
    bytes.fill(0xff, 124, 136);
    fixChecksum(bytes);
    assert.throws(() => walk(bytes), hasCode("LAYER_CORRUPT"));
  });

  test("a directory of before POSIX is a file with a slash", async () => {
    const bytes = await makeTar([{ name: "d/", content: "" }]);
    bytes[156] = 0;
    fixChecksum(bytes);
    assert.deepEqual(walk(bytes).map(summary), [{ path: "d", type: "directory", size: 0, target: "" }]);
  });

  test("names that are not UTF-8 stay different", async () => {
    const names = [0xfe, 0xff].map(async (byte) => {
      const bytes = await makeTar([{ name: "X", content: "" }]);
      bytes[0] = byte;
      fixChecksum(bytes);
      return walk(bytes)[0]?.path;
    });
    const [a, b] = await Promise.all(names);
    assert.notEqual(a, b);
  });

  test("devices and fifos have no content", async () => {
    const bytes = await makeTar([
      { name: "dev/null", type: "character-device" },
      { name: "pipe", type: "fifo" },
      { name: "after", content: "x" },
    ]);
    assert.deepEqual(
      walk(bytes).map(({ type }) => type),
      ["character", "fifo", "file"],
    );
  });

  test("what comes after the end is ignored; a lone block of zeros is an error", async () => {
    const bytes = await plain();
    assert.equal(walk(Buffer.concat([bytes, Buffer.from("anything")])).length, 1);
    const body = bytes.subarray(0, 1024);
    assert.equal(walk(body).length, 1, "an archive may lack its end");
    assert.equal(walk(Buffer.concat([body, Buffer.alloc(512)])).length, 1);
    assert.throws(() => walk(Buffer.concat([body, Buffer.alloc(512), body])), hasCode("LAYER_CORRUPT"));
    assert.deepEqual(walk(new Uint8Array()), []);
    assert.deepEqual(walk(Buffer.alloc(10_240)), []);
  });

  test("a cut archive, a wrong checksum and no archive are errors", async () => {
    const bytes = await plain();
    for (const length of [1, 511, 513, 600, 1023]) {
      assert.throws(() => walk(bytes.subarray(0, length)), hasCode("LAYER_CORRUPT"), `${length} bytes`);
    }
    const damaged = Buffer.from(bytes);
    damaged[0] = 0x42;
    assert.throws(() => walk(damaged), hasCode("LAYER_CORRUPT"));
    assert.throws(() => walk(Buffer.alloc(2048, "{}")), hasCode("LAYER_CORRUPT"));
  });

  test("bounds", async () => {
    const bytes = await makeTar([{ name: "a" }, { name: "b" }, { name: "c".repeat(300) }]);
    assert.throws(() => walk(bytes, 512, { ...tarLimits, maxEntries: 2 }), hasCode("LAYER_UNSUPPORTED"));
    assert.throws(() => walk(bytes, 512, { ...tarLimits, maxPath: 200 }), hasCode("LAYER_UNSUPPORTED"));
    assert.throws(() => walk(bytes, 512, { ...tarLimits, maxExtendedHeader: 100 }), hasCode("LAYER_UNSUPPORTED"));
  });

  test("an unknown type is not passed over", async () => {
    const bytes = await plain();
    bytes[156] = "Z".charCodeAt(0);
    fixChecksum(bytes);
    assert.throws(() => walk(bytes), hasCode("LAYER_UNSUPPORTED"));
  });

  test("any bytes end in entries or an error", async () => {
    const valid = await makeTar([
      { name: "d", type: "directory" },
      { name: "p".repeat(200), content: "x".repeat(700) },
      { name: "l", type: "symlink", target: "t" },
    ]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 2000 }),
        (changes, fix, chunkSize) => {
          const bytes = Buffer.from(valid);
          for (const [at, value] of changes) bytes[at] = value;
          if (fix) for (let at = 0; at + 512 <= bytes.length; at += 512) fixChecksum(bytes.subarray(at));
          try {
            walk(bytes, chunkSize);
          } catch (error) {
            assert.ok(error instanceof ArchwayError, String(error));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("paths", () => {
  test("they stay inside the root", () => {
    const cases = {
      "./usr/bin/": "usr/bin",
      "/etc/passwd": "etc/passwd",
      "../../etc/passwd": "etc/passwd",
      "a/../../b": "b",
      "a//b/./c": "a/b/c",
      ".": "",
      "./": "",
      "..": "",
      "a/..b/...": "a/..b/...",
      ".wh.x": ".wh.x",
      "a/.b": "a/.b",
    };
    for (const [path, expected] of Object.entries(cases)) assert.equal(normalizeEntryPath(path), expected, path);
  });

  test("normal form is stable, and never leaves the root", () => {
    const name = fc.constantFrom("a", "b", ".", "..", "", "...", ".wh.a");
    fc.assert(
      fc.property(fc.array(name, { maxLength: 8 }), (names) => {
        const path = normalizeEntryPath(names.join("/"));
        assert.equal(normalizeEntryPath(path), path);
        assert.ok(path === "" || path.split("/").every((part) => part !== "" && part !== "." && part !== ".."), path);
      }),
    );
  });
});

/** Writes the right checksum into a header. */
function fixChecksum(header: Buffer): void {
  header.fill(0x20, 148, 156);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
