import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  mkdtempDisposableSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../../error/error.ts";
import { readLayer } from "./read-layer.ts";
import { TarWalk } from "./tar-walk.ts";
import { amd64, makeElf } from "../program/test-elf.ts";

/** How GNU tar spells each way to write a sparse file. */
const formats: Readonly<Record<string, readonly string[]>> = {
  "old GNU": ["--format=oldgnu"],
  GNU: ["--format=gnu"],
  "PAX 0.0": ["--format=posix", "--sparse-version=0.0"],
  "PAX 0.1": ["--format=posix", "--sparse-version=0.1"],
  "PAX 1.0": ["--format=posix", "--sparse-version=1.0"],
};

const hasBsdtar = spawnSync("bsdtar", ["--version"]).status === 0;
const MiB = 1024 * 1024;

interface Piece {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Writes a file of `size` bytes with holes around the pieces. */
function writeSparse(file: string, size: number, pieces: readonly Piece[]): void {
  const descriptor = openSync(file, "w");
  for (const { offset, bytes } of pieces) writeSync(descriptor, bytes, 0, bytes.length, offset);
  closeSync(descriptor);
  truncateSync(file, size);
}

function pack(folder: string, options: readonly string[], names: readonly string[]): Buffer {
  return execFileSync("tar", ["-C", folder, "--sparse", ...options, "-cf", "-", ...names], { maxBuffer: 256 * MiB });
}

interface Walked {
  readonly size: number;
  readonly content: Buffer;
}

/** Walks an archive in chunks; with `skips`, holes are taken as such and not as zeros. */
function walk(archive: Uint8Array, chunkSize: number, skips = false): Map<string, Walked> {
  const files = new Map<string, Walked>();
  const walker = new TarWalk(({ path, size, type }) => {
    if (type !== "file") return undefined;
    const pieces: Buffer[] = [];
    return {
      write: (piece) => pieces.push(Buffer.from(piece)) > 0,
      ...(skips && { skip: (length: number) => pieces.push(Buffer.alloc(length)) > 0 }),
      end: () => void files.set(path, { size, content: Buffer.concat(pieces) }),
    };
  });
  for (let at = 0; at < archive.length; at += chunkSize) walker.write(archive.subarray(at, at + chunkSize));
  walker.end();
  return files;
}

const corrupt = (error: unknown) => error instanceof ArchwayError && error.code === "LAYER_CORRUPT";

describe("sparse files as programs write them", () => {
  const many = Array.from({ length: 60 }, (_, index) => ({
    offset: index * 20_480,
    bytes: Buffer.from(`part ${index}`),
  }));
  const samples: Readonly<Record<string, readonly [size: number, pieces: readonly Piece[]]>> = {
    "hole at the end": [1_000_000, [{ offset: 0, bytes: Buffer.from("begin") }]],
    "hole at the beginning": [1_000_000, [{ offset: 999_990, bytes: Buffer.from("0123456789") }]],
    "only a hole": [500_000, []],
    // More than fit into the first header of any format.
    "many parts": [2_000_000, many],
    [`${"n".repeat(90)}/${"m".repeat(90)}`.replace("/", "-")]: [
      300_000,
      [{ offset: 100_000, bytes: Buffer.from("x") }],
    ],
  };
  for (const [name, options] of [...Object.entries(formats), ["bsdtar", ["bsdtar"]] as const]) {
    test(name, { skip: name === "bsdtar" && !hasBsdtar && "needs bsdtar (libarchive-tools)" }, () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), "archway-sparse-"));
      writeFileSync(join(folder.path, "after"), "content after");
      for (const [file, [size, pieces]] of Object.entries(samples)) writeSparse(join(folder.path, file), size, pieces);
      const names = [...Object.keys(samples), "after"];
      const archive =
        name === "bsdtar"
          ? execFileSync("bsdtar", ["-C", folder.path, "--format=pax", "-cf", "-", ...names], { maxBuffer: 64 * MiB })
          : pack(folder.path, options, names);
      assert.ok(archive.length < 4 * MiB, `the archive is sparse: ${archive.length} bytes`);
      for (const [chunkSize, skips] of [
        [archive.length, false],
        [512, true],
        [333, false],
        [7, true],
      ] as const) {
        const files = walk(archive, chunkSize, skips);
        assert.deepEqual([...files.keys()].sort(), [...names].sort());
        for (const file of names) {
          const expected = readFileSync(join(folder.path, file));
          assert.equal(files.get(file)?.size, expected.length, file);
          assert.ok(files.get(file)?.content.equals(expected), `${file} in chunks of ${chunkSize}`);
        }
      }
    });
  }

  test("a program with holes has the facts and the fingerprint of one without", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "archway-sparse-"));
    const program = makeElf({ ...amd64, type: 3, needed: ["libc.so.6"], interpreter: "/lib64/ld-linux-x86-64.so.2" });
    const tail = { offset: 20 * MiB, bytes: Buffer.from("tail") };
    writeSparse(join(folder.path, "holes"), 30 * MiB, [{ offset: 0, bytes: program }, tail]);
    const facts = [];
    for (const options of [["--sparse"], []]) {
      const archive = execFileSync("tar", ["-C", folder.path, ...options, "-cf", "-", "holes"], {
        maxBuffer: 64 * MiB,
      });
      const { entries } = await readLayer(chunksOf(archive), {
        digest: `sha256:${"0".repeat(64)}`,
        size: archive.length,
      });
      facts.push(entries);
    }
    assert.equal(facts[0]?.[0]?.elf?.machine, 62);
    assert.deepEqual(facts[0], facts[1]);
  });
});

describe("large and hostile sparse files", () => {
  for (const [name, options] of Object.entries(formats)) {
    test(`64 GiB of holes take no time: ${name}`, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), "archway-sparse-"));
      const end = { offset: 64 * 1024 ** 3 - 8, bytes: Buffer.from("the end.") };
      writeSparse(join(folder.path, "data"), 64 * 1024 ** 3, [end]);
      writeSparse(join(folder.path, "program"), 64 * 1024 ** 3, [{ offset: 0, bytes: makeElf(amd64) }, end]);
      const archive = pack(folder.path, options, ["data", "program"]);
      const before = process.cpuUsage();
      const { entries } = await readLayer(chunksOf(archive), {
        digest: `sha256:${"0".repeat(64)}`,
        size: archive.length,
      });
      const { user } = process.cpuUsage(before);
      assert.deepEqual(
        entries.map(({ path, size, elf }) => [path, size, elf?.machine]),
        [
          ["data", 64 * 1024 ** 3, undefined],
          ["program", 64 * 1024 ** 3, 62],
        ],
      );
      assert.ok(user < 2_000_000, `${user / 1e6} s of processor time`);
    });
  }

  test("a sink that takes no holes gets zeros, and not without end", () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "archway-sparse-"));
    writeSparse(join(folder.path, "data"), 4 * 1024 ** 3, []);
    const archive = pack(folder.path, ["--format=gnu"], ["data"]);
    let written = 0;
    const walker = new TarWalk(() => ({ write: (piece) => (written += piece.length) > 0, end: () => {} }));
    assert.throws(
      () => walker.write(archive),
      (error) => error instanceof ArchwayError && error.code === "LAYER_UNSUPPORTED",
    );
    assert.ok(written <= 1024 ** 3);
  });

  test("a map that does not fit its file is an error", () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "archway-sparse-"));
    writeSparse(join(folder.path, "data"), 100_000, [{ offset: 50_000, bytes: Buffer.from("x") }]);
    const archive = pack(folder.path, ["--format=posix", "--sparse-version=1.0"], ["data"]);
    const map = archive.indexOf("\n49152\n");
    assert.ok(map > 0);
    for (const [text, why] of [
      ["\n99999\n", "beyond the end"],
      ["\n4915x\n", "no number"],
      ["\n-9152\n", "negative"],
    ]) {
      const damaged = Buffer.from(archive);
      damaged.write(text ?? "", map, "latin1");
      assert.throws(() => walk(damaged, damaged.length), corrupt, why);
    }
    const more = Buffer.from(archive);
    more.write("9", map - 1, "latin1");
    assert.throws(() => walk(more, more.length), corrupt, "more parts than there are");
  });

  test("any bytes end in files or an error", () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "archway-sparse-"));
    const pieces = Array.from({ length: 30 }, (_, index) => ({ offset: index * 12_288, bytes: Buffer.from("part") }));
    writeSparse(join(folder.path, "data"), 400_000, pieces);
    const archives = Object.values(formats).map((options) => pack(folder.path, options, ["data"]));
    const change = fc.tuple(fc.nat(4000), fc.oneof(fc.nat(255), fc.constantFrom(0x30, 0x39, 0x0a, 0x80, 0xff)));
    fc.assert(
      fc.property(
        fc.constantFrom(...archives),
        fc.array(change, { maxLength: 6 }),
        fc.integer({ min: 1, max: 2000 }),
        (archive, changes, chunkSize) => {
          const bytes = Buffer.from(archive.subarray(0, 8192));
          for (const [at, value] of changes) bytes[at] = value;
          for (let at = 0; at < bytes.length; at += 512) fixChecksum(bytes.subarray(at, at + 512));
          let given = 0;
          try {
            const walker = new TarWalk(({ size }) => ({
              write: (piece) => (given += piece.length) < 10 * MiB && size >= 0,
              skip: (length) => length > 0,
              end: () => {},
            }));
            for (let at = 0; at < bytes.length; at += chunkSize) walker.write(bytes.subarray(at, at + chunkSize));
            walker.end();
          } catch (error) {
            assert.ok(error instanceof ArchwayError, String(error));
          }
          assert.ok(given <= bytes.length, "holes are not written");
        },
      ),
    );
  });
});

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** Writes the right checksum into what may be a header. */
function fixChecksum(header: Buffer): void {
  if (header.toString("latin1", 257, 262) !== "ustar") return;
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
