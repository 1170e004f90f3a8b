import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { amd64, arm64, armhf, makeElf } from "../../verify/program/test-elf.ts";
import { makeMachO, makePe, makeUniversal } from "../../verify/program/test-program.ts";
import { makeZip } from "../../verify/program/test-zip.ts";
import { identifyBinary } from "./binary.ts";

/** What a file is for, in short: `elf linux/amd64`. */
function identify(path: string, bytes: Uint8Array): string {
  const found = identifyBinary(path, (count) => bytes.subarray(0, count));
  if (found === undefined) return "none";
  return [found.format, ...found.machines.map(({ os, architecture }) => `${os}/${architecture}`)].join(" ");
}

function ar(members: readonly (readonly [name: string, content: Uint8Array | string])[]): Buffer {
  const parts = members.map(([name, content]) => {
    const data = Buffer.from(content);
    const header = `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"644".padEnd(8)}${String(data.length).padEnd(10)}\`\n`;
    return Buffer.concat([Buffer.from(header), data, Buffer.from(data.length % 2 === 0 ? "" : "\n")]);
  });
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}

function rpm(architecture: string): Buffer {
  const header = (tags: readonly (readonly [tag: number, text: string])[]) => {
    const data = Buffer.from(tags.map(([, text]) => `${text}\0`).join(""));
    const index = Buffer.alloc(16 * tags.length);
    let offset = 0;
    for (const [at, [tag, text]] of tags.entries()) {
      [tag, 6, offset, 1].forEach((number, field) => index.writeUInt32BE(number, at * 16 + field * 4));
      offset += text.length + 1;
    }
    const intro = Buffer.from("8eade8010000000000000000ffffffff", "hex");
    intro.writeUInt32BE(tags.length, 8);
    intro.writeUInt32BE(data.length, 12);
    return Buffer.concat([intro, index, data]);
  };
  const lead = Buffer.alloc(96);
  lead.write("edabeedb", 0, "hex");
  const signature = header([[1000, "abc"]]);
  const padding = Buffer.alloc((8 - (signature.length % 8)) % 8);
  const main = header([
    [1000, "tool"],
    [1001, "1"],
    [1002, "1"],
    [1022, architecture],
  ]);
  return Buffer.concat([lead, signature, padding, main]);
}

describe("the machine that a file is for", () => {
  test("programs of Linux, macOS and Windows", () => {
    assert.equal(identify("bin/tool", makeElf(amd64)), "elf linux/amd64");
    assert.equal(identify("lib/libx.so.1.2", makeElf(arm64)), "elf linux/arm64");
    assert.equal(identify("tini-v0.19.0", makeElf(armhf)), "elf linux/arm");
    assert.equal(identify("addon.node", makeElf(arm64)), "elf linux/arm64");
    assert.equal(identify("tool.exe", makePe({ machine: 0x8664 })), "pe windows/amd64");
    assert.equal(identify("tool", makeMachO(0x0100000c)), "mach-o darwin/arm64");
    assert.equal(identify("tool", makeUniversal([0x01000007, 0x0100000c])), "mach-o darwin/amd64 darwin/arm64");
  });

  test("texts, other systems' code and unknown processors", () => {
    assert.equal(identify("run", Buffer.from("#!/bin/sh\nexec tool\n")), "none");
    assert.equal(identify("notes.md", makeElf(amd64)), "none");
    assert.equal(identify("probe.o", makeElf({ machine: 247 })), "none");
    assert.equal(identify("empty", Buffer.alloc(0)), "none");
    const bsd = makeElf(amd64);
    bsd[7] = 9;
    assert.equal(identify("tool", bsd), "elf freebsd/amd64");
  });

  test("static libraries and packages of Debian", () => {
    const library = ar([
      ["/", "symbols"],
      ["//", "names"],
      ["a.o/", makeElf(arm64)],
    ]);
    assert.equal(identify("lib/libx.a", library), "static library linux/arm64");
    const control = `./control${"\0".repeat(505)}Package: tool\nArchitecture: amd64\nVersion: 1\n`;
    const deb = (name: string, content: Uint8Array | string) =>
      ar([
        ["debian-binary", "2.0\n"],
        [name, content],
      ]);
    assert.equal(identify("tool.deb", deb("control.tar.gz", gzipSync(control))), "deb linux/amd64");
    assert.equal(identify("tool.deb", deb("control.tar.zst", zstdCompressSync(control))), "deb linux/amd64");
    assert.equal(identify("tool.deb", deb("control.tar", control)), "deb linux/amd64");
    assert.equal(identify("tool.deb", deb("control.tar", control.replace("amd64", "all"))), "none");
    assert.equal(identify("tool_1_armhf.deb", deb("control.tar.xz", "?")), "deb linux/arm");
    assert.equal(identify("tool.deb", deb("control.tar.gz", "damaged")), "none");
  });

  test("packages of RPM", () => {
    assert.equal(identify("tool.rpm", rpm("aarch64")), "rpm linux/arm64");
    assert.equal(identify("tool.rpm", rpm("x86_64")), "rpm linux/amd64");
    assert.equal(identify("tool.rpm", rpm("i586")), "rpm linux/386");
    assert.equal(identify("tool.rpm", rpm("noarch")), "none");
    assert.equal(identify("tool.src.rpm", rpm("x86_64")), "none");
    assert.equal(identify("tool.rpm", rpm("x86_64").subarray(0, 120)), "none");
  });

  test("wheels and jars", () => {
    const wheel = makeZip([{ name: "a/__init__.py", content: "" }]);
    assert.equal(
      identify("w/a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", wheel),
      "wheel linux/amd64",
    );
    assert.equal(identify("a-1-cp311-cp311-musllinux_1_1_aarch64.whl", wheel), "wheel linux/arm64");
    assert.equal(identify("a-1-cp311-cp311-macosx_11_0_universal2.whl", wheel), "wheel darwin/amd64 darwin/arm64");
    assert.equal(identify("a-1-py3-none-any.whl", wheel), "none");
    const jar = makeZip([
      { name: "META-INF/MANIFEST.MF", content: "" },
      { name: "x/linux64/libx.so", content: makeElf(amd64) },
      { name: "x/aarch64/libx.so", content: makeElf(arm64) },
      { name: "x/win/x.dll", content: makePe({ machine: 0x8664 }) },
    ]);
    assert.equal(identify("x.jar", jar), "archive linux/amd64 linux/arm64 windows/amd64");
    assert.equal(identify("y.jar", makeZip([{ name: "a.class", content: "" }])), "none");
  });

  test("never throws, whatever the bytes are", () => {
    const starts = ["!<arch>\n", "\xed\xab\xee\xdb", "\x7fELF", "MZ", "PK\x03\x04", "\xca\xfe\xba\xbe", ""];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }), (start, rest) => {
        const bytes = Buffer.concat([Buffer.from(start, "latin1"), rest]);
        for (const path of ["a", "a.deb", "a.rpm", "a.a", "a.jar", "a.whl"]) identify(path, bytes);
      }),
    );
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), (at, value) => {
        for (const [path, whole] of [
          ["a.rpm", rpm("x86_64")],
          ["a.a", ar([["a.o/", makeElf(arm64)]])],
        ] as const) {
          const bytes = Buffer.from(whole);
          bytes[at % bytes.length] = value;
          identify(path, bytes);
        }
      }),
    );
  });
});
