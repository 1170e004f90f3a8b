import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import type { ForeignProgram } from "../layer/facts.ts";
import { isForeignProgram, ProgramCapture } from "../layer/program-capture.ts";
import { makeMachO, makePe, makeUniversal } from "./test-program.ts";

/** Reads a file as it streams by in pieces. */
function read(bytes: Uint8Array, pieceSize = bytes.length || 1): ForeignProgram | undefined {
  const capture = new ProgramCapture();
  capture.start(bytes.length);
  for (let at = 0; at < bytes.length; at += pieceSize) capture.write(bytes.subarray(at, at + pieceSize));
  return capture.finish();
}

describe("programs of Windows", () => {
  test("machines", () => {
    for (const [machine, architectures] of [
      [0x8664, ["amd64"]],
      [0x14c, ["386"]],
      [0xaa64, ["arm64"]],
      [0x1c4, ["arm"]],
      [0x5064, ["riscv64"]],
    ] as const) {
      assert.deepEqual(read(makePe({ machine })), { format: "pe", architectures });
    }
    assert.equal(read(makePe({ machine: 0xebc })), undefined);
  });

  test("code for the .NET runtime is of no processor, unless it has machine code", () => {
    const none = { format: "pe", architectures: [] };
    assert.deepEqual(read(makePe({ machine: 0x14c, cli: 1 })), none);
    assert.deepEqual(read(makePe({ machine: 0xd11d, cli: 1 })), none, "compiled ahead for Linux on arm64");
    assert.deepEqual(read(makePe({ machine: 0x8664, cli: 0 })), { format: "pe", architectures: ["amd64"] });
  });

  test("ARM64EC says amd64 and is arm64, wherever its load configuration is", () => {
    for (const padding of [0, 2_000, 300_000]) {
      const bytes = makePe({ machine: 0x8664, hybrid: true, padding });
      for (const size of [bytes.length, 4095, 4096, 4097, 100])
        assert.deepEqual(read(bytes, size), { format: "pe", architectures: ["arm64"] }, `${padding} ${size}`);
    }
  });

  test("a program of DOS is none", () => {
    assert.equal(read(Buffer.concat([Buffer.from("MZ"), Buffer.alloc(500, 0x90)])), undefined);
  });
});

describe("programs of macOS", () => {
  test("processors, in both byte orders", () => {
    for (const [type, architecture] of [
      [0x01000007, "amd64"],
      [0x0100000c, "arm64"],
      [7, "386"],
    ] as const) {
      for (const endian of ["little", "big"] as const) {
        assert.deepEqual(read(makeMachO(type, endian)), { format: "mach-o", architectures: [architecture] });
      }
    }
  });

  test("universal files have several", () => {
    const both = { format: "mach-o", architectures: ["amd64", "arm64"] };
    assert.deepEqual(read(makeUniversal([0x01000007, 0x0100000c])), both);
    assert.deepEqual(read(makeUniversal([0x01000007, 0x0100000c], true)), both);
  });

  test("class files of Java begin alike and are none", () => {
    for (const version of [45, 52, 65]) {
      const java = Buffer.alloc(200);
      java.writeUInt32BE(0xcafebabe);
      java.writeUInt32BE(version, 4);
      assert.ok(isForeignProgram(java));
      assert.equal(read(java), undefined);
    }
  });
});

describe("files that Go makes", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "archway-program-"));
    writeFileSync(join(folder, "main.go"), 'package main\n\nfunc main() { println("hi") }\n');
    writeFileSync(join(folder, "go.mod"), "module hi\n\ngo 1.21\n");
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [os, arch, format] of [
    ["windows", "amd64", "pe"],
    ["darwin", "arm64", "mach-o"],
  ] as const) {
    test(`${os}/${arch}`, (t) => {
      const env = { ...process.env, CGO_ENABLED: "0", GOOS: os, GOARCH: arch, GOTOOLCHAIN: "local" };
      try {
        execFileSync("go", ["version"], { stdio: "pipe" });
      } catch {
        return t.skip("go is not installed");
      }
      execFileSync("go", ["build", "-buildvcs=false", "-o", "hi", "."], { cwd: folder, env, stdio: "pipe" });
      const bytes = readFileSync(join(folder, "hi"));
      assert.deepEqual(read(bytes, 65_536), { format, architectures: [arch] });
    });
  }
});

describe("hostile files", () => {
  const valid = [
    makePe({ machine: 0x8664, hybrid: true, padding: 5_000 }),
    makePe({ machine: 0x14c, cli: 1 }),
    makeMachO(0x01000007, "little"),
    makeUniversal([0x01000007, 0x0100000c]),
  ];

  test("no bytes make it throw or hang", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.array(fc.tuple(fc.nat(1200), fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff))), { maxLength: 12 }),
        fc.nat(6000),
        (bytes, changes, length) => {
          const hostile = Buffer.from(bytes.subarray(0, Math.max(length, 4)));
          for (const [at, value] of changes) hostile[at % hostile.length] = value;
          read(hostile);
          read(hostile, 100);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
