import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { CapturedBytes } from "../layer/captured-bytes.ts";
import { ElfCapture } from "../layer/elf-capture.ts";
import type { ElfFacts } from "./elf.ts";
import { readElf } from "./elf.ts";
import { amd64, arm64, armhf, i386, makeElf, s390x } from "./test-elf.ts";

function whole(bytes: Uint8Array): ElfFacts | undefined {
  return readElf(CapturedBytes.of(bytes));
}

/** Reads a file as it streams by in pieces. */
function streamed(bytes: Uint8Array, pieceSize: number): ReturnType<ElfCapture["finish"]> {
  const capture = new ElfCapture();
  capture.start(bytes.length);
  for (let at = 0; at < bytes.length; at += pieceSize) capture.write(bytes.subarray(at, at + pieceSize));
  return capture.finish();
}

describe("the header", () => {
  test("class, byte order and machine", () => {
    const cases = [
      [amd64, { bits: 64, endian: "little", machine: 62 }],
      [i386, { bits: 32, endian: "little", machine: 3 }],
      [arm64, { bits: 64, endian: "little", machine: 183 }],
      [s390x, { bits: 64, endian: "big", machine: 22 }],
      [
        { machine: 8, bits: 32, endian: "big", type: 3, flags: 0x70001007 } as const,
        { bits: 32, endian: "big", machine: 8, type: 3, flags: 0x70001007 },
      ],
    ] as const;
    for (const [parts, expected] of cases) assert.partialDeepStrictEqual(whole(makeElf(parts)), expected);
  });

  test("what is no ELF file has no facts", () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from("\x7fELF"),
      Buffer.from("#!/bin/sh\n"),
      Buffer.alloc(100),
      makeElf(amd64).subarray(0, 40),
    ]) {
      assert.equal(whole(bytes), undefined);
    }
    const unknownClass = makeElf(amd64);
    unknownClass[4] = 3;
    assert.equal(whole(unknownClass), undefined);
  });

  test("loader, libraries and run paths, in both classes and byte orders", () => {
    for (const parts of [amd64, i386, s390x, { machine: 8, bits: 32, endian: "big" } as const]) {
      const elf = whole(
        makeElf({
          ...parts,
          interpreter: "/lib/ld.so",
          needed: ["liba.so.1", "libb.so.2"],
          soname: "self.so",
          rpath: "/r",
          runpath: "$ORIGIN/../lib",
        }),
      );
      assert.equal(elf?.interpreter, "/lib/ld.so");
      assert.deepEqual(elf?.dynamic, {
        needed: ["liba.so.1", "libb.so.2"],
        soname: "self.so",
        rpath: "/r",
        runpath: "$ORIGIN/../lib",
      });
    }
    assert.equal(whole(makeElf(amd64))?.dynamic, undefined);
  });

  test("x86-64 levels", () => {
    for (const [bits, level] of [
      [1, 1],
      [3, 2],
      [7, 3],
      [15, 4],
      [4, 3],
    ] as const) {
      assert.equal(whole(makeElf({ ...amd64, isa: bits }))?.isaLevel, level);
    }
    assert.equal(whole(makeElf({ ...amd64, isa: 0 }))?.isaLevel, undefined);
  });

  test("ARM attributes", () => {
    assert.deepEqual(whole(makeElf({ ...armhf, cpuArch: 10, vfpArguments: 1 }))?.arm, {
      cpuArch: 10,
      profile: "A",
      vfpArguments: 1,
    });
    assert.equal(whole(makeElf(armhf))?.arm, undefined);
  });
});

describe("files that stream by", () => {
  const large = Buffer.alloc(3_000_000, "code and data ");
  const parts = { interpreter: "/lib/ld.so", needed: ["libc.so.6"] };

  test("a large file gives what a small one gives, in any pieces", () => {
    for (const machine of [amd64, armhf]) {
      const bytes = makeElf({ ...machine, ...parts, cpuArch: 6, padding: large });
      const expected = whole(bytes);
      assert.ok(expected?.interpreter);
      for (const size of [bytes.length, 262_144, 4095, 4096, 4097, 131_071])
        assert.deepEqual(streamed(bytes, size)?.elf, expected, `${size}`);
    }
  });

  test("ARM attributes far from the end, behind texts that look like them", () => {
    const bytes = makeElf({ ...armhf, cpuArch: 10, padding: Buffer.concat([Buffer.from("aeabi\0aeabi\0"), large]) });
    const attributes = bytes.lastIndexOf("Aaeabi") === -1 ? bytes.lastIndexOf("aeabi") : 0;
    // A symbol table between the attributes and the section table.
    const table = bytes.readUInt32LE(32);
    const moved = Buffer.concat([bytes.subarray(0, table), Buffer.alloc(500_000), bytes.subarray(table)]);
    moved.writeUInt32LE(table + 500_000, 32);
    assert.ok(attributes > 1_000_000);
    for (const size of [moved.length, 65_536, attributes + 2, attributes + 5, 999]) {
      assert.deepEqual(streamed(moved, size)?.elf.arm, { cpuArch: 10, profile: "A" }, `pieces of ${size}`);
    }
  });

  test("equal bytes have equal fingerprints, others do not", () => {
    const one = makeElf({ ...amd64, padding: large });
    const other = Buffer.from(one);
    other[2_000_000] = (other[2_000_000] ?? 0) ^ 1;
    assert.equal(streamed(one, 1000)?.fingerprint, streamed(Buffer.from(one), 5000)?.fingerprint);
    assert.notEqual(streamed(one, 1000)?.fingerprint, streamed(other, 1000)?.fingerprint);
  });

  test("one file leaves nothing behind for the next", () => {
    const capture = new ElfCapture();
    const read = (bytes: Buffer, size = bytes.length) => {
      capture.start(size);
      capture.write(bytes);
      return capture.finish()?.elf;
    };
    read(makeElf({ ...amd64, ...parts }));
    const bare = makeElf(amd64);
    assert.deepEqual(read(bare), whole(bare));
    // The header promises more than comes.
    assert.equal(read(makeElf({ ...amd64, ...parts }).subarray(0, 344), 500_000)?.interpreter, "");
  });
});

describe("hostile files", () => {
  const valid = [
    makeElf({ ...amd64, interpreter: "/lib/ld.so", needed: ["a", "b"], soname: "c", runpath: "d", isa: 3 }),
    makeElf({ ...armhf, needed: ["a"], cpuArch: 10 }),
    makeElf({ ...s390x, needed: ["a"], interpreter: "/x" }),
  ];

  test("no bytes make it throw or hang", () => {
    const started = process.cpuUsage();
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.array(fc.tuple(fc.nat(1200), fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 0x7f, 0x80))), {
          maxLength: 12,
        }),
        fc.nat(1200),
        (bytes, changes, length) => {
          const hostile = Buffer.from(bytes.subarray(0, Math.max(length, 100)));
          for (const [at, value] of changes) hostile[at % hostile.length] = value;
          whole(hostile);
          streamed(hostile, 100);
        },
      ),
      { numRuns: 3000 },
    );
    const { user } = process.cpuUsage(started);
    assert.ok(user < 20_000_000, `${user} µs`);
  });

  test("tables as large as their fields allow", () => {
    for (const bytes of valid) {
      const hostile = Buffer.concat([bytes, Buffer.alloc(200_000, 0x01)]);
      hostile.fill(0xff, hostile[4] === 2 ? 54 : 42, hostile[4] === 2 ? 64 : 52);
      whole(hostile);
      streamed(Buffer.concat([hostile, Buffer.alloc(2_000_000, "aeabi\0")]), 65_536);
    }
  });
});

describe("files that compilers make", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "archway-elf-"));
    writeFileSync(join(folder, "hi.c"), '#include <stdio.h>\nint main(void) { puts("hi"); return 0; }\n');
    writeFileSync(join(folder, "main.go"), 'package main\n\nfunc main() { println("hi") }\n');
    writeFileSync(join(folder, "go.mod"), "module hi\n\ngo 1.21\n");
  });
  after(() => rmSync(folder, { recursive: true }));

  const compilers = [
    ["gcc", [], { bits: 64, machine: 62, type: 3, interpreter: "/lib64/ld-linux-x86-64.so.2" }],
    ["gcc", ["-static"], { machine: 62, type: 2 }],
    ["gcc", ["-static-pie"], { machine: 62, type: 3 }],
    ["gcc", ["-Wl,-z,x86-64-v3"], { machine: 62, isaLevel: 3 }],
    ["aarch64-linux-gnu-gcc", [], { bits: 64, machine: 183, interpreter: "/lib/ld-linux-aarch64.so.1" }],
    [
      "arm-linux-gnueabihf-gcc",
      [],
      {
        bits: 32,
        machine: 40,
        flags: 0x5000400,
        interpreter: "/lib/ld-linux-armhf.so.3",
        arm: { cpuArch: 10, profile: "A", vfpArguments: 1 },
      },
    ],
    [
      "arm-linux-gnueabi-gcc",
      [],
      { bits: 32, machine: 40, flags: 0x5000200, interpreter: "/lib/ld-linux.so.3", arm: { cpuArch: 4 } },
    ],
    ["musl-gcc", [], { machine: 62, interpreter: "/lib/ld-musl-x86_64.so.1" }],
  ] as const;
  for (const [compiler, options, expected] of compilers) {
    test([compiler, ...options].join(" "), (t) => {
      const isDynamic = options.length === 0;
      const run = (command: string, args: readonly string[]) =>
        execFileSync(command, args, { cwd: folder, stdio: "pipe" });
      try {
        run(compiler, ["--version"]);
      } catch {
        return t.skip(`${compiler} is not installed`);
      }
      if (compiler === "gcc" && !run("gcc", ["-dumpmachine"]).toString().startsWith("x86_64"))
        return t.skip("not on x86-64");
      run(compiler, [...options, "-o", "hi", "hi.c"]);
      const elf = streamed(readFileSync(join(folder, "hi")), 10_000)?.elf;
      assert.partialDeepStrictEqual(elf, expected);
      if (isDynamic) assert.ok(typeof elf?.dynamic === "object" && elf.dynamic.needed.length > 0);
      if (options.some((option) => option.startsWith("-static"))) assert.equal(elf?.interpreter, undefined);
    });
  }

  for (const [arch, setting, value, machine] of [
    ["arm", "GOARM", "6", 40],
    ["arm", "GOARM", "7", 40],
    ["amd64", "GOAMD64", "v3", 62],
    ["s390x", "GOARCH", "s390x", 22],
    ["riscv64", "GOARCH", "riscv64", 243],
  ] as const) {
    test(`Go for ${arch} with ${setting}=${value}`, (t) => {
      const env = {
        ...process.env,
        CGO_ENABLED: "0",
        GOARCH: arch,
        [setting]: value,
        GOTOOLCHAIN: "local",
        GOFLAGS: "-buildvcs=false",
      };
      try {
        execFileSync("go", ["version"], { stdio: "pipe" });
      } catch {
        return t.skip("go is not installed");
      }
      execFileSync("go", ["build", "-o", "hi-go", "."], { cwd: folder, env, stdio: "pipe" });
      const elf = streamed(readFileSync(join(folder, "hi-go")), 65_536)?.elf;
      assert.equal(elf?.machine, machine);
      assert.match(elf?.go?.version ?? "", /^go1\./);
      assert.equal(elf?.go?.settings[setting], value.replace(/^7$/, "7"));
      assert.equal(elf?.interpreter, undefined);
    });
  }
});
