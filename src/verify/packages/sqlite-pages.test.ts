import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { UnreadableDatabase } from "./package-list.ts";
import type { SqliteValue } from "./sqlite-pages.ts";
import { readTable } from "./sqlite-pages.ts";
import { makeSqlite } from "./test-packages.ts";

/** Rows, or why there are none; anything but {@link UnreadableDatabase} is thrown on. */
function rows(bytes: Uint8Array, table = "t"): SqliteValue[][] | string {
  try {
    return [...readTable(bytes, table)].map((values) => [...values]);
  } catch (error) {
    if (error instanceof UnreadableDatabase) return error.message;
    throw error;
  }
}

/** Blobs of a table with pages of a size. */
function database(pageSize: number, sizes: readonly number[], after = ""): Buffer {
  return makeSqlite((sqlite) => {
    sqlite.exec(
      `PRAGMA page_size = ${pageSize}; CREATE TABLE other (x); CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB)`,
    );
    const insert = sqlite.prepare("INSERT INTO t (b) VALUES (?)");
    sqlite.exec("BEGIN");
    sizes.forEach((size, index) => insert.run(Buffer.alloc(size, index + 1)));
    sqlite.exec(`COMMIT; ${after}`);
  });
}

function blobs(bytes: Buffer): string[] {
  const read = rows(bytes);
  assert.ok(Array.isArray(read), String(read));
  return read.map(([, blob]) => (blob instanceof Uint8Array ? `${blob.length} of ${blob[0]}` : "no blob"));
}

describe("tables that SQLite wrote", () => {
  for (const pageSize of [512, 1024, 4096, 65_536]) {
    test(`pages of ${pageSize} bytes: overflow pages, and b-trees of several levels`, () => {
      const sizes = Array.from({ length: 600 }, (_, index) => (index * index * 7) % (index % 50 === 0 ? 200_000 : 900));
      assert.deepEqual(
        blobs(database(pageSize, sizes)),
        sizes.map((size, index) => (size === 0 ? "0 of undefined" : `${size} of ${(index + 1) % 256}`)),
      );
    });
  }

  test("sizes around the room of a page", () => {
    const sizes = Array.from({ length: 1200 }, (_, index) => index);
    const expected = sizes.map((size, index) => (size === 0 ? "0 of undefined" : `${size} of ${(index + 1) % 256}`));
    assert.deepEqual(blobs(database(512, sizes)), expected);
  });

  test("deleted rows and free pages are not seen", () => {
    const bytes = database(
      1024,
      Array.from({ length: 400 }, () => 3000),
      "DELETE FROM t WHERE id % 3 > 0",
    );
    assert.equal(blobs(bytes).length, 133);
    assert.equal(blobs(bytes)[0], "3000 of 3");
  });

  test("values of every kind, in both encodings", () => {
    for (const encoding of ["UTF-8", "UTF-16le"]) {
      const bytes = makeSqlite((sqlite) => {
        sqlite.exec(`PRAGMA encoding = '${encoding}'; CREATE TABLE t (a, b, c, d, e, f, g, h)`);
        sqlite.exec("INSERT INTO t VALUES (NULL, 0, 1, -5, 70000, 1.5, 'grün', 9007199254740991)");
      });
      assert.deepEqual(rows(bytes), [[null, 0, 1, -5, 70_000, 1.5, "grün", 9_007_199_254_740_991]]);
    }
  });

  test("an empty table has no rows; one that is not there is told", () => {
    const bytes = makeSqlite((sqlite) => sqlite.exec("CREATE TABLE t (a)"));
    assert.deepEqual(rows(bytes), []);
    assert.equal(rows(bytes, "Packages"), 'has no table "Packages"');
  });
});

describe("hostile bytes", () => {
  const real = database(
    512,
    Array.from({ length: 60 }, (_, index) => index * 40),
  );

  test("what is no database", () => {
    assert.equal(rows(Buffer.alloc(0)), "is no SQLite database");
    assert.equal(rows(Buffer.from("SQLite format 3\0")), "is no SQLite database");
    assert.equal(rows(real.subarray(0, real.length - 512)), "is damaged");
  });

  test("a page that leads to itself ends", () => {
    const bytes = Buffer.from(real);
    // The first page becomes an interior page whose only child is itself.
    bytes.writeUInt8(5, 100);
    bytes.writeUInt16BE(0, 103);
    bytes.writeUInt32BE(1, 108);
    assert.equal(rows(bytes), "is damaged");
  });

  test("cells that overlap do not make much of little", () => {
    const bytes = makeSqlite((sqlite) => {
      sqlite.exec("PRAGMA page_size = 65536; CREATE TABLE t (b BLOB)");
      sqlite.prepare("INSERT INTO t VALUES (?)").run(Buffer.alloc(60_000));
    });
    const page = 65_536;
    const cell = bytes.readUInt16BE(page + 8);
    bytes.writeUInt16BE(1000, page + 3);
    for (let index = 0; index < 1000; index++) bytes.writeUInt16BE(cell, page + 8 + index * 2);
    assert.equal(rows(bytes), "is damaged");
  });

  test("mutated databases are read or told to be damaged, never more", () => {
    const change = fc.record({ at: fc.nat(real.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), fc.nat(real.length), (changes, length) => {
        const bytes = Buffer.from(real);
        for (const { at, value } of changes) bytes[at] = value;
        rows(bytes);
        rows(bytes.subarray(0, length));
      }),
      { numRuns: 300 },
    );
  });
});
