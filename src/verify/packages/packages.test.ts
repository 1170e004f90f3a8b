import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readApkInstalled } from "./apk.ts";
import { databaseFile } from "./database-file.ts";
import { readDpkgList, readDpkgStatus, readDpkgSums } from "./dpkg.ts";
import { mayHoldCode } from "./may-hold-code.ts";
import { readRpmBerkeley, readRpmNdb, readRpmSqlite } from "./rpm.ts";
import type { MadePackage } from "./test-packages.ts";
import { makeApkInstalled, makeDpkgStatus, makeRpmHeader, makeRpmSqlite } from "./test-packages.ts";

const packages: readonly MadePackage[] = [
  {
    name: "libc6",
    version: "2.36-9",
    architecture: "amd64",
    files: ["/usr/lib64/libc.so.6", "/usr/share/doc/libc6/copyright"],
  },
  { name: "tzdata", version: "2024a-0", architecture: "all", files: [] },
];

const expected = [
  { name: "libc6", version: "2.36-9", architecture: "amd64", files: ["/usr/lib64/libc.so.6"] },
  { name: "tzdata", version: "2024a-0", architecture: "all", files: [] },
];

/** RPM's own format, as rpm's lib/backend/ndb/rpmpkg.c writes it. */
function makeNdb(headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(4096);
  slots.write("RpmP", 0);
  slots.writeUInt32LE(1, 12);
  for (let at = 32; at < slots.length; at += 16) slots.write("Slot", at);
  const blobs: Buffer[] = [];
  let block = 256;
  headers.forEach((header, index) => {
    const blocks = Math.ceil((header.length + 28) / 16);
    const blob = Buffer.alloc(blocks * 16);
    blob.write("BlbS", 0);
    blob.writeUInt32LE(index + 1, 4);
    blob.writeUInt32LE(header.length, 12);
    header.copy(blob, 16);
    blob.write("BlbE", blob.length - 4);
    [index + 1, block, blocks].forEach((value, field) => slots.writeUInt32LE(value, 32 + index * 16 + 4 + field * 4));
    block += blocks;
    blobs.push(blob);
  });
  return Buffer.concat([slots, ...blobs]);
}

describe("dpkg", () => {
  test("packages that are installed", () => {
    const status =
      `${makeDpkgStatus(packages)}\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n` +
      "Package: half\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 1:2~rc1";
    assert.deepEqual(readDpkgStatus(Buffer.from(status)), {
      packages: [
        { name: "libc6", version: "2.36-9", architecture: "amd64" },
        { name: "tzdata", version: "2024a-0", architecture: "all" },
        { name: "half", version: "1:2~rc1", architecture: "amd64" },
      ],
    });
  });

  test("a file of status.d has no state", () => {
    const bytes = Buffer.from("Package: base-files\nVersion: 12.4\nArchitecture: arm64\nMaintainer: x\n");
    assert.deepEqual(readDpkgStatus(bytes), {
      packages: [{ name: "base-files", version: "12.4", architecture: "arm64" }],
    });
  });

  test("lists and sums keep what may be code", () => {
    const list =
      "/.\n/usr\n/usr/bin\n/usr/bin/ls\n/usr/lib\n/usr/lib/x\n/usr/lib/x/y.so\n/usr/share/doc/ls\n/etc/ls.conf\n";
    assert.deepEqual(readDpkgList(Buffer.from(list)), ["/usr/bin/ls", "/usr/lib/x/y.so"]);
    const sums = `${"0".repeat(32)}  usr/lib/libc.so.6\n${"a".repeat(32)}  ./usr/bin/x\nno line\n${"b".repeat(32)}  usr/share/man/x\n`;
    assert.deepEqual(readDpkgSums(Buffer.from(sums)), ["/usr/lib/libc.so.6", "/usr/bin/x"]);
  });
});

test("apk: packages with their files", () => {
  assert.deepEqual(readApkInstalled(Buffer.from(makeApkInstalled(packages))), { packages: expected });
  const noEnd = "P:busybox\nV:1.36\nA:aarch64\nF:bin\nR:busybox\nF:\nR:init";
  assert.deepEqual(readApkInstalled(Buffer.from(noEnd)), {
    packages: [{ name: "busybox", version: "1.36", architecture: "aarch64", files: ["/bin/busybox", "/init"] }],
  });
});

describe("rpm", () => {
  test("rpmdb.sqlite and Packages.db", () => {
    assert.deepEqual(readRpmSqlite(makeRpmSqlite(packages)), { packages: expected });
    assert.deepEqual(readRpmNdb(makeNdb(packages.map(makeRpmHeader))), { packages: expected });
  });

  test("keys are no packages", () => {
    assert.deepEqual(readRpmSqlite(makeRpmSqlite([{ name: "gpg-pubkey", architecture: "(none)" }])), { packages: [] });
  });

  test("what is of another kind is told", () => {
    const bytes = Buffer.alloc(8192, "no database ");
    assert.deepEqual(readRpmSqlite(bytes), { unread: "is no SQLite database" });
    assert.deepEqual(readRpmNdb(bytes), { unread: "is no package database of RPM" });
    assert.deepEqual(readRpmBerkeley(bytes), { unread: "is no hash database of Berkeley DB" });
    const damaged = makeRpmHeader({ name: "x", architecture: "noarch" });
    damaged.writeUInt32BE(0xffff, 0);
    assert.deepEqual(readRpmNdb(makeNdb([damaged])), { unread: "has a damaged package header" });
  });
});

describe("hostile bytes", () => {
  const samples: readonly Buffer[] = [
    Buffer.from(makeDpkgStatus(packages)),
    Buffer.from(makeApkInstalled(packages)),
    makeRpmSqlite(packages),
    makeNdb(packages.map(makeRpmHeader)),
  ];
  const paths = [
    "var/lib/dpkg/status",
    "var/lib/dpkg/info/libc6:amd64.list",
    "var/lib/dpkg/status.d/base.md5sums",
    "var/lib/dpkg/status.d/base",
    "lib/apk/db/installed",
    "var/lib/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpm/Packages",
  ];
  const readers = paths.map((path) => databaseFile(path));

  test("every reader takes every bytes", () => {
    assert.ok(readers.every((reader) => reader !== undefined));
    const change = fc.record({ at: fc.nat(20_000), value: fc.nat(255) });
    const mutated = fc
      .tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 12 }), fc.nat(20_000))
      .map(([sample, changes, length]) => {
        const bytes = Buffer.from(sample);
        for (const { at, value } of changes) bytes[at % bytes.length] = value;
        return bytes.subarray(0, length < 10_000 ? bytes.length : length % bytes.length);
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 400 })), (bytes) => {
        for (const reader of readers) reader?.read(bytes);
      }),
      { numRuns: 300 },
    );
  });

  test("little text does not become a mass of paths", () => {
    const files = `F:${"d".repeat(4000)}\n${"R:a\n".repeat(40_000)}`;
    assert.deepEqual(readApkInstalled(Buffer.from(`P:x\nV:1\nA:x86_64\n${files}\n`)), {
      unread: "lists too many files",
    });
    const many = "P:x\n\n".repeat(50_001);
    assert.deepEqual(readApkInstalled(Buffer.from(many)), { unread: "lists more than 50000 packages" });
  });

  test("a long chain of blank or odd lines is read in time that grows with its length", () => {
    const started = performance.now();
    readDpkgStatus(Buffer.from(`Package: ${" ".repeat(2_000_000)}\n${"\n".repeat(1_000_000)}`));
    readDpkgStatus(Buffer.from(`Package: x\nStatus: ${"a".repeat(1_000_000)}${" ".repeat(1_000_000)}b\n`));
    readDpkgSums(Buffer.from(`${"0".repeat(32)}${" ".repeat(1_000_000)}`));
    assert.ok(performance.now() - started < 10_000);
  });
});

test("which files of packages may hold machine code", () => {
  for (const path of ["/usr/bin/ls", "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/libx.so", "/usr/share/java/a.jar"]) {
    assert.equal(mayHoldCode(path), true, path);
  }
  for (const path of [
    "/usr/share/doc/ls/copyright",
    "/etc/passwd",
    "/usr/lib/python3/a.py",
    "/usr/include/x.h",
    "/usr/lib/a.json",
  ]) {
    assert.equal(mayHoldCode(path), false, path);
  }
});
