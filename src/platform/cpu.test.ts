import assert from "node:assert/strict";
import { test } from "node:test";
import { amd64Level, armVersion, armVersionOfMachine, isArm64Chip } from "./cpu.ts";

const v1 = "fpu cx8 cmov mmx fxsr sse sse2 syscall lm";
const v2 = `${v1} pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm`;
const v3 = `${v2} fma movbe xsave avx f16c abm bmi1 avx2 bmi2`;
const v4 = `${v3} avx512f avx512dq avx512cd avx512bw avx512vl`;
const cpu = (flags: string) => `processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: ${flags}\n\nprocessor\t: 1\n`;

test("the level of an x86-64 processor needs every feature of that level and of those below", () => {
  for (const [flags, level] of [
    [v1, "v1"],
    [v2, "v2"],
    [v3, "v3"],
    [v4, "v4"],
  ] as const) {
    assert.equal(amd64Level(cpu(flags)), level);
    const last = { v1: "", v2: v1, v3: v2, v4: v3 }[level];
    for (const flag of flags.replace(last, "").trim().split(" ")) {
      const below = { v1: undefined, v2: "v1", v3: "v2", v4: "v3" }[level];
      assert.equal(
        amd64Level(cpu(flags.replace(new RegExp(`(^| )${flag}(?= |$)`), ""))),
        below,
        `${level} without ${flag}`,
      );
    }
  }
  assert.equal(amd64Level("processor\t: 0\nFeatures\t: fp asimd\n"), undefined);
  assert.equal(amd64Level(""), undefined);
});

test("the ARM version is /proc/cpuinfo's, but for ARMv6 boards whose kernel says 7", () => {
  const arm = (architecture: string, model = "ARMv7 Processor rev 5 (v7l)") =>
    `processor\t: 0\nmodel name\t: ${model}\nCPU architecture: ${architecture}\n`;
  assert.equal(armVersion(arm("7")), 7);
  assert.equal(armVersion(arm("7", "ARMv6-compatible processor rev 7 (v6l)")), 6);
  assert.equal(armVersion(arm("6TEJ")), 6);
  assert.equal(armVersion(arm("5TE")), 5);
  assert.equal(armVersion(arm("?(12)")), 7);
  assert.equal(armVersion(arm("8")), 8);
  assert.equal(armVersion(arm("AArch64")), 8);
  assert.equal(armVersion(cpu(v4)), undefined);
});

test("the ARM version of uname's machine names", () => {
  assert.deepEqual(["armv5tel", "armv6l", "armv7l", "armv8l", "aarch64", "x86_64"].map(armVersionOfMachine), [
    5,
    6,
    7,
    8,
    8,
    undefined,
  ]);
});

test("a 64-bit chip is known by its part under a 32-bit kernel too", () => {
  const part = (value: string, implementer = "0x41") => `CPU implementer\t: ${implementer}\nCPU part\t: ${value}\n`;
  assert.ok(isArm64Chip(part("0xd03")) && isArm64Chip(part("0xd08")) && isArm64Chip(part("0xd0b")));
  assert.ok(!isArm64Chip(part("0xc07")) && !isArm64Chip(part("0xb76")) && !isArm64Chip(part("0xd01")));
  assert.ok(!isArm64Chip(part("0xd03", "0x51")) && !isArm64Chip(""));
});
