import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { architectures } from "../../platform/architecture.ts";
import { CapturedBytes } from "../layer/captured-bytes.ts";
import type { ElfFacts } from "./elf.ts";
import { readElf } from "./elf.ts";
import { legitimacyOf } from "../rules/exemptions.ts";
import { armNeeds, declaredVersion, describeCode, expectedCode, floatOf, isOf, levelNeeds } from "./identity.ts";
import { namesArchitecture } from "./platform-words.ts";
import type { ElfParts } from "./test-elf.ts";
import { amd64, arm64, armel, armhf, i386, makeElf } from "./test-elf.ts";

function elf(parts: ElfParts): ElfFacts {
  return readElf(CapturedBytes.of(makeElf(parts))) ?? assert.fail();
}

const go = (settings: Record<string, string>, parts: ElfParts): ElfFacts => ({
  ...elf(parts),
  go: { version: "go1.26", settings },
});

describe("identity", () => {
  test("each architecture is itself and no other one, but for the variants of ARM", () => {
    for (const one of architectures) {
      const file = elf(one.elf);
      for (const other of architectures)
        assert.equal(isOf(file, other), other.name === one.name, `${one.name} ${other.name}`);
    }
  });

  test("x32 is not amd64, ILP32 is not arm64", () => {
    const [x32, ilp32] = [elf({ machine: 62, bits: 32 }), elf({ machine: 183, bits: 32 })];
    for (const architecture of architectures) assert.ok(!isOf(x32, architecture) && !isOf(ilp32, architecture));
    assert.equal(describeCode(x32), "32-bit x86-64 (x32)");
  });

  test("words", () => {
    assert.equal(describeCode(elf(amd64)), "linux/amd64");
    assert.equal(describeCode(elf({ ...armhf, cpuArch: 10 })), "linux/arm (hard float, v7 by its ARM attributes)");
    assert.equal(describeCode(elf({ machine: 40, bits: 32, flags: 0x5000002 })), "linux/arm");
    assert.equal(describeCode(elf({ machine: 247 })), "64-bit little-endian eBPF");
    assert.equal(describeCode(elf({ machine: 9999, endian: "big" })), "64-bit big-endian machine 9999");
  });

  test("float", () => {
    assert.equal(floatOf(elf(armhf)), "hard");
    assert.equal(floatOf(elf(armel)), "soft");
    assert.equal(floatOf(elf({ machine: 40, bits: 32, flags: 0x5000002 })), undefined);
    assert.equal(floatOf(elf({ machine: 40, bits: 32, flags: 0x5000000, cpuArch: 10, vfpArguments: 1 })), "hard");
    assert.equal(floatOf(elf({ machine: 40, bits: 32, flags: 0x4000400 })), undefined, "only of EABI 5");
    assert.equal(floatOf(elf({ ...amd64, flags: 0x5000400 })), undefined);
  });

  test("ARM versions by attributes and by GOARM", () => {
    for (const [cpuArch, version] of [
      [4, 5],
      [5, 5],
      [6, 6],
      [7, 6],
      [9, 6],
      [10, 7],
      [13, 7],
      [14, 8],
      [17, 8],
    ] as const) {
      assert.equal(armNeeds(elf({ ...armhf, cpuArch }))?.version, version);
    }
    assert.equal(armNeeds(go({ GOARM: "7,hardfloat" }, armhf))?.version, 7);
    assert.equal(armNeeds(go({ GOARM: "5" }, armhf))?.version, 5);
    assert.equal(armNeeds(elf(armhf)), undefined);
    assert.equal(armNeeds(elf(arm64)), undefined);
  });

  test("x86-64 levels by property and by GOAMD64", () => {
    assert.equal(levelNeeds(elf({ ...amd64, isa: 7 }))?.version, 3);
    assert.equal(levelNeeds(go({ GOAMD64: "v2" }, amd64))?.version, 2);
    assert.equal(levelNeeds(go({ GOAMD64: "v2" }, { ...amd64, isa: 15 }))?.version, 4);
    assert.equal(levelNeeds(elf(amd64)), undefined);
  });

  test("what platforms declare", () => {
    assert.equal(declaredVersion({ os: "linux", architecture: "arm", variant: "v6" }), 6);
    assert.equal(declaredVersion({ os: "linux", architecture: "amd64" }), 1);
    assert.equal(declaredVersion({ os: "linux", architecture: "amd64", variant: "v3" }), 3);
    assert.equal(expectedCode({ os: "windows", architecture: "amd64" }), undefined);
    assert.equal(expectedCode({ os: "linux", architecture: "unknown" }), undefined);
  });
});

describe("paths that name an architecture", () => {
  const cases: [string, string, boolean][] = [
    ["/app/prebuilds/linux-x64/a.node", "amd64", true],
    ["/usr/lib/x86_64-linux-gnu/a", "amd64", true],
    ["/usr/lib/x86_64-linux-gnu/a", "386", false],
    ["/native/Linux/x86/a.so", "386", true],
    ["/native/Linux/x86-64/a.so", "386", false],
    ["/agent-arm64", "arm", false],
    ["/agent-arm64", "arm64", true],
    ["/usr/bin/charm", "arm", false],
    ["/usr/bin/armor", "arm", false],
    ["/opt/Linux-AARCH64/lib.so", "arm64", true],
    ["/lib/libfoo.cpython-311-aarch64-linux-gnu.so", "arm64", true],
    ["/mips64el/a", "mips64le", true],
    ["/mips64el/a", "mips", false],
    ["/jni/arm64-v8a/a.so", "arm64", true],
  ];
  for (const [path, architecture, expected] of cases) {
    test(`${path} ${architecture}`, () => assert.equal(namesArchitecture(path, architecture), expected));
  }
});

describe("foreign code that is at home", () => {
  const host = expectedCode({ os: "linux", architecture: "amd64" })?.architecture ?? assert.fail();
  const cases: [string, ElfParts, RegExp | undefined][] = [
    ["/usr/aarch64-linux-gnu/lib/libc.so.6", arm64, /folder of its architecture/],
    ["/usr/lib/aarch64-linux-gnu/libc.so.6", arm64, /folder of its architecture/],
    ["/usr/aarch64-linux-gnu/lib/libc.so.6", armhf, undefined],
    [
      "/root/.rustup/toolchains/x/lib/rustlib/armv7-unknown-linux-gnueabihf/lib/libstd.so",
      armhf,
      /folder of its architecture/,
    ],
    ["/usr/lib/python3/x.cpython-311-aarch64-linux-gnu.so", arm64, undefined],
    ["/app/prebuilds/linux-arm64/x.node", arm64, undefined],
    ["/usr/lib/libx.so", i386, /companion/],
    ["/lib/firmware/a.bin", arm64, /firmware/],
    ["/x/a.o", { ...arm64, type: 1 }, /object file/],
    ["/x/prog.bpf.elf", { machine: 247 }, /eBPF/],
    ["/src/testdata/exec", arm64, /test data/],
    ["/usr/bin/qemu-aarch64-static", arm64, /emulator/],
    ["/opt/app/bin/app", arm64, undefined],
  ];
  for (const [path, parts, expected] of cases) {
    test(`${path} ${parts.machine}`, () => {
      const reason = legitimacyOf(path, elf(parts), host);
      if (expected === undefined) assert.equal(reason, undefined);
      else assert.match(reason ?? "", expected);
    });
  }
});
