import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { ArchiveCapture, isArchive } from "./archive-capture.ts";
import type { ArchiveMember } from "./facts.ts";
import { amd64, arm64, makeElf } from "../program/test-elf.ts";
import { makeMachO, makePe } from "../program/test-program.ts";
import type { MadeMember } from "../program/test-zip.ts";
import { makeZip } from "../program/test-zip.ts";

/** Reads an archive as it streams by in pieces. */
function read(bytes: Uint8Array, pieceSize = bytes.length || 1): readonly ArchiveMember[] {
  const capture = new ArchiveCapture();
  capture.start();
  for (let at = 0; at < bytes.length; at += pieceSize) {
    if (!capture.write(bytes.subarray(at, at + pieceSize))) break;
  }
  return capture.finish();
}

/** What was found, short: `path machine`, `path pe amd64`, `path: why it was not examined`. */
function short(members: readonly ArchiveMember[]): string[] {
  return members.map(({ path, elf, program, unread }) =>
    unread === undefined
      ? `${path} ${elf?.machine ?? `${program?.format} ${program?.architectures.join("+")}`}`
      : `${path}: ${unread}`,
  );
}

/** Bytes that do not compress. */
const noise = Buffer.alloc(200_000);
for (let at = 0, value = 1; at < noise.length; at++) {
  value ^= value << 13;
  value ^= value >>> 17;
  value ^= value << 5;
  noise[at] = value & 0xff;
}
const library = (parts: typeof amd64 | typeof arm64) =>
  makeElf({ ...parts, type: 3, soname: "libx.so", needed: ["libc.so.6"], padding: noise });

const natives: readonly MadeMember[] = [
  { name: "META-INF/MANIFEST.MF", content: "Manifest-Version: 1.0\n" },
  { name: "native/", content: "" },
  { name: "native/linux-x86_64/libx.so", content: library(amd64) },
  { name: "native/linux-aarch64/libx.so.1.2", content: library(arm64) },
  { name: "native/win/x.dll", content: makePe({ machine: 0x8664 }) },
  { name: "native/mac/libx.dylib", content: makeMachO(0x0100000c) },
  { name: "driver/linux/node", content: library(amd64) },
  { name: "a/Text.class", content: Buffer.concat([Buffer.from([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52]), noise]) },
  { name: "fake.so", content: "no machine code" },
  { name: "a/LICENSE", content: noise },
];
const expected = [
  "native/linux-x86_64/libx.so 62",
  "native/linux-aarch64/libx.so.1.2 183",
  "native/win/x.dll pe amd64",
  "native/mac/libx.dylib mach-o arm64",
  "driver/linux/node 62",
];

describe("archives of all kinds", () => {
  for (const [title, options] of [
    ["sizes before the content", {}],
    ["sizes behind the content", { streamed: true }],
    ["sizes behind the content, without a signature", { streamed: true, signature: false }],
    ["sizes of 64 bits", { zip64: true }],
    ["sizes of 64 bits behind the content", { zip64: true, streamed: true }],
    ["a script before the archive", { prefix: "#!/bin/sh\nexec java -jar $0\n" }],
  ] as const) {
    for (const method of [0, 8]) {
      test(`${title}, ${method === 0 ? "stored" : "deflated"}`, () => {
        const bytes = makeZip(
          natives.map((member) => ({ ...member, method })),
          options,
        );
        for (const size of [bytes.length, 65_536, 4_097, 997])
          assert.deepEqual(short(read(bytes, size)), expected, `pieces of ${size}`);
        assert.deepEqual(short(read(bytes.subarray(0, 30_000), 1)), [": damaged"]);
      });
    }
  }

  test("what is known of a library: its size, its libraries when it is small", () => {
    const small = makeElf({ ...arm64, type: 3, soname: "libs.so", needed: ["libc.so.6"] });
    const [member] = read(makeZip([{ name: "libs.so", content: small }], { streamed: true }));
    assert.equal(member?.size, small.length);
    assert.deepEqual(member?.elf?.dynamic, { needed: ["libc.so.6"], soname: "libs.so" });
    const large = makeElf({ ...arm64, type: 3, padding: Buffer.concat([noise, noise]), soname: "l", needed: ["m"] });
    assert.equal(read(makeZip([{ name: "libl.so", content: large }]))[0]?.elf?.machine, 183);
  });

  test("archives in archives, stored and deflated, down to an ear's jars", () => {
    const jar = makeZip([{ name: "linux/amd64/libx.so", content: library(amd64) }], { streamed: true });
    for (const method of [0, 8]) {
      const war = makeZip([{ name: "WEB-INF/lib/x.jar", content: jar, method }], { streamed: method === 0 });
      const ear = makeZip([{ name: "web.war", content: war, method }]);
      const outer = makeZip([{ name: "all.zip", content: ear, method }]);
      for (const size of [outer.length, 1_000]) {
        assert.deepEqual(short(read(war, size)), ["WEB-INF/lib/x.jar!/linux/amd64/libx.so 62"]);
        assert.deepEqual(short(read(ear, size)), ["web.war!/WEB-INF/lib/x.jar!/linux/amd64/libx.so 62"]);
        assert.deepEqual(short(read(outer, size)), [
          "all.zip!/web.war!/WEB-INF/lib/x.jar: archives too deep in each other",
        ]);
      }
    }
  });

  test("what cannot be read is said", () => {
    const members = [
      { name: "a.so", content: library(amd64), encrypted: true },
      { name: "b.so", content: library(amd64), method: 12 },
      { name: "c.jar", content: Buffer.alloc(20_000_000, noise), method: 8 },
      { name: "text.txt", content: "x", encrypted: true },
      { name: "d.so", content: library(amd64) },
    ];
    assert.deepEqual(short(read(makeZip(members))), [
      "a.so: encrypted",
      "b.so: unknown compression",
      "c.jar: too large",
      "d.so 62",
    ]);
    assert.deepEqual(short(read(makeZip(members, { streamed: true }))), [
      "a.so: encrypted",
      "b.so: unknown compression",
      "c.jar: too large",
      "d.so 62",
    ]);
  });

  test("which files are archives", () => {
    assert.ok(isArchive(Buffer.from("PK\x03\x04"), "any/name"));
    assert.ok(isArchive(Buffer.from("#!/b"), "app.jar"));
    assert.ok(!isArchive(Buffer.from("#!/b"), "app.sh"));
    assert.ok(!isArchive(Buffer.from("PK\x05\x06"), "empty.jar"));
  });

  test("one archive leaves nothing behind for the next", () => {
    const capture = new ArchiveCapture();
    const bytes = makeZip(natives);
    for (const [part, found] of [
      [bytes, expected],
      [bytes.subarray(0, 60_000), [": damaged"]],
      [bytes, expected],
      [makeZip([]), []],
    ] as const) {
      capture.start();
      capture.write(part);
      assert.deepEqual(short(capture.finish()), found);
    }
  });
});

describe("archives that tools make", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "archway-zip-"));
    for (const { name, content } of natives) {
      if (name.endsWith("/")) continue;
      mkdirSync(dirname(join(folder, "tree", name)), { recursive: true });
      writeFileSync(join(folder, "tree", name), content);
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  const python = 'import sys,zipfile\nz=zipfile.ZipFile(sys.stdout.buffer,"w",zipfile.ZIP_DEFLATED)\n';
  for (const [command, args] of [
    ["jar", ["cf", "../out", "."]],
    ["jar", ["c0f", "../out", "."]],
    ["zip", ["-qr", "../out.zip", "."]],
    ["zip", ["-qr0", "../out.zip", "."]],
    ["sh", ["-c", "zip -qr - . | cat > ../out"]],
    ["python3", ["-m", "zipfile", "-c", "../out", "."]],
    [
      "sh",
      [
        "-c",
        `find . -type f | python3 -c '${python}for n in sys.stdin.read().split(): z.write(n)\nz.close()' > ../out`,
      ],
    ],
  ] as const) {
    test([command, ...args].join(" ").replaceAll("\n", "; "), (t) => {
      const cwd = join(folder, "tree");
      try {
        execFileSync(command, args, { cwd, stdio: "pipe" });
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return t.skip(`no ${command}`);
        throw error;
      }
      const out = join(folder, args.some((word) => word === "../out.zip") ? "out.zip" : "out");
      const bytes = readFileSync(out);
      rmSync(out);
      for (const size of [bytes.length, 262_144, 1_000]) {
        const found = short(read(bytes, size)).map((line) => line.replace(/^\.\//, ""));
        assert.deepEqual(found.sort(), [...expected].sort());
      }
    });
  }
});

describe("hostile archives", () => {
  const small = (parts: typeof amd64 | typeof arm64) => makeElf({ ...parts, type: 3 });
  const inner = makeZip([{ name: "l.so", content: small(amd64) }], { streamed: true });
  const members = [
    { name: "a.so", content: small(amd64) },
    { name: "b.jar", content: inner, method: 0 },
    { name: "c.jar", content: inner, method: 8 },
    { name: "d", content: small(arm64), method: 0 },
  ];
  const valid = [makeZip(members), makeZip(members, { streamed: true }), makeZip(members, { zip64: true })];

  test("no bytes make it throw or hang", () => {
    const started = process.cpuUsage();
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.array(fc.tuple(fc.nat(3000), fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 0x50, 0x4b))), {
          maxLength: 12,
        }),
        fc.nat(4000),
        fc.constantFrom(13, 100, 4000),
        (bytes, changes, length, piece) => {
          const hostile = Buffer.from(bytes.subarray(0, Math.max(length, 30)));
          for (const [at, value] of changes) hostile[at % hostile.length] = value;
          read(hostile, piece);
        },
      ),
      { numRuns: 2000 },
    );
    const { user } = process.cpuUsage(started);
    assert.ok(user < 30_000_000, `${user} µs`);
  });

  test("pieces do not matter, whatever the bytes are", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.nat(3000),
        fc.nat(255),
        fc.integer({ min: 1, max: 50 }),
        (bytes, at, value, piece) => {
          const hostile = Buffer.from(bytes);
          hostile[at % hostile.length] = value;
          assert.deepEqual(read(hostile, piece), read(hostile));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a bomb is not inflated beyond its bound", () => {
    const bomb = makeZip([
      { name: "bomb.so", content: Buffer.concat([small(amd64), Buffer.alloc(60_000_000)]) },
      { name: "bomb.jar", content: Buffer.alloc(60_000_000) },
      { name: "after.so", content: small(arm64) },
    ]);
    const memory = process.memoryUsage().rss;
    assert.deepEqual(short(read(bomb, 65_536)), ["bomb.so 62", "bomb.jar: too large", "after.so 183"]);
    const grown = process.memoryUsage().rss - memory;
    assert.ok(grown < 60 * 1024 * 1024, `${grown} bytes`);
  });

  test("many members, long names, names that hide others", () => {
    const many = makeZip(Array.from({ length: 6_000 }, (_, index) => ({ name: `${index}.so`, content: small(amd64) })));
    assert.equal(read(many).length, 5_001);
    assert.equal(read(many).at(-1)?.unread, "too many members");
    const long = makeZip([
      { name: `${"x".repeat(60_000)}.so`, content: small(amd64) },
      natives[2] ?? { name: "", content: "" },
    ]);
    assert.deepEqual(short(read(long)), ["native/linux-x86_64/libx.so 62"]);
    // Content that looks like headers and descriptors.
    const decoy = Buffer.concat([
      Buffer.from("xPK\x07\x08"),
      Buffer.alloc(30),
      Buffer.from("PK\x03\x04PK\x01\x02PK"),
      noise,
    ]);
    const tricky = makeZip(
      [
        { name: "x.bin", content: decoy, method: 0 },
        { name: "l.so", content: small(amd64) },
      ],
      { streamed: true },
    );
    for (const size of [tricky.length, 7]) assert.deepEqual(short(read(tricky, size)), ["l.so 62"]);
  });
});
