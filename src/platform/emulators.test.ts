import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { emulatedPlatforms, missingFlags, parseRegistration } from "./emulators.ts";
import { formatPlatform } from "./platform.ts";

/** An entry as the kernel prints it. */
function entry(parts: { magic: string; mask?: string; flags?: string; state?: string; offset?: number }): string {
  const mask = parts.mask === undefined ? "" : `mask ${parts.mask}\n`;
  const { state = "enabled", flags = "F", offset = 0 } = parts;
  return `${state}\ninterpreter /usr/bin/emulator\nflags: ${flags}\noffset ${offset}\nmagic ${parts.magic}\n${mask}`;
}

test("knows the architecture of QEMU's registrations by class, byte order and machine", () => {
  const table: readonly (readonly [name: string, architecture: string | undefined, magic: string, mask: string])[] = [
    ["aarch64", "arm64", "7f454c460201010000000000000000000200b700", "ffffffffffffff00fffffffffffffffffeffffff"],
    ["arm", "arm", "7f454c4601010100000000000000000002002800", "ffffffffffffff00fffffffffffffffffeffffff"],
    ["armeb", undefined, "7f454c4601020100000000000000000000020028", "ffffffffffffff00fffffffffffffffffffeffff"],
    ["i386", "386", "7f454c4601010100000000000000000002000300", "fffffffffffefe00fffffffffffffffffeffffff"],
    ["x86_64", "amd64", "7f454c4602010100000000000000000002003e00", "fffffffffffefe00fffffffffffffffffeffffff"],
    ["loongarch64", "loong64", "7f454c4602010100000000000000000002000201", "fffffffffffffffc00fffffffffffffffeffffff"],
    ["mips64", "mips64", "7f454c4602020100000000000000000000020008", "ffffffffffffff00fefffffffffffffffffeffff"],
    ["mips64el", "mips64le", "7f454c4602010100000000000000000002000800", "ffffffffffffff00fefffffffffffffffeffffff"],
    ["ppc", undefined, "7f454c4601020100000000000000000000020014", "fffffffffffffffcfffffffffffffffffffeffff"],
    ["ppc64", "ppc64", "7f454c4602020100000000000000000000020015", "fffffffffffffffcfffffffffffffffffffeffff"],
    ["ppc64le", "ppc64le", "7f454c4602010100000000000000000002001500", "fffffffffffffffcfffffffffffffffffeffff00"],
    ["riscv32", undefined, "7f454c460101010000000000000000000200f300", "ffffffffffffff00fffffffffffffffffeffffff"],
    ["riscv64", "riscv64", "7f454c460201010000000000000000000200f300", "ffffffffffffff00fffffffffffffffffeffffff"],
    ["s390x", "s390x", "7f454c4602020100000000000000000000020016", "fffffffffffffffcfffffffffffffffffffeffff"],
  ];
  for (const [name, architecture, magic, mask] of table) {
    assert.equal(parseRegistration(name, entry({ magic, mask }))?.architecture, architecture, name);
  }
});

test("tells 32-bit MIPS from the 32-bit programs of 64-bit MIPS by the flags behind the header", () => {
  const zeros = (count: number) => "00".repeat(count);
  const little = `7f454c46010101000000000000000000020008${zeros(17)}`;
  const littleMask = `ffffffffffffff00fefffffffffffffffeffff${zeros(17)}20`;
  assert.equal(parseRegistration("mipsel", entry({ magic: `${little}00`, mask: littleMask }))?.architecture, "mipsle");
  assert.equal(parseRegistration("mipsn32el", entry({ magic: `${little}20`, mask: littleMask })), undefined);
  const big = `7f454c4601020100000000000000000000020008${zeros(19)}`;
  const bigMask = `ffffffffffffff00fefffffffffffffffffeffff${zeros(19)}20`;
  assert.equal(parseRegistration("mips", entry({ magic: `${big}00`, mask: bigMask }))?.architecture, "mips");
  assert.equal(parseRegistration("mipsn32", entry({ magic: `${big}20`, mask: bigMask })), undefined);
});

test("reads state, interpreter and flags", () => {
  const magic = "7f454c460201010000000000000000000200b700";
  assert.deepEqual(parseRegistration("qemu-aarch64", entry({ magic, flags: "POCF" })), {
    name: "qemu-aarch64",
    enabled: true,
    interpreter: "/usr/bin/emulator",
    flags: "POCF",
    architecture: "arm64",
  });
  const off = parseRegistration("qemu-aarch64", entry({ magic, flags: "", state: "disabled" }));
  assert.deepEqual([off?.enabled, off?.flags], [false, ""]);
});

test("what is not about programs of one architecture is no emulator", () => {
  const arm64 = "7f454c460201010000000000000000000200b700";
  assert.equal(parseRegistration("WSLInterop", entry({ magic: "4d5a" })), undefined);
  assert.equal(parseRegistration("python", entry({ magic: "a70d0d0a" })), undefined);
  assert.equal(parseRegistration("jar", "enabled\ninterpreter /usr/bin/jexec\nflags: \nextension .jar\n"), undefined);
  assert.equal(parseRegistration("shifted", entry({ magic: arm64, offset: 4 })), undefined);
  const anyMachine = "ffffffffffffff00fffffffffffffffffeff0000";
  assert.equal(parseRegistration("any", entry({ magic: arm64, mask: anyMachine })), undefined);
  fc.assert(fc.property(fc.string(), (text) => parseRegistration("noise", text) === undefined));
});

test("says in plain words what each missing flag breaks", () => {
  assert.deepEqual(missingFlags("POCF"), []);
  assert.deepEqual(missingFlags("PCF"), []);
  const debian = missingFlags("POF");
  assert.equal(debian.length, 1);
  assert.match(debian[0] ?? "", /flag C .*sudo.*setuid.*capabilities/);
  const [f, ...others] = missingFlags("");
  assert.match(f ?? "", /flag F .*container.*no such file or directory/);
  assert.equal(others.length, 3);
});

test("an emulator runs its own architecture, of 32-bit ARM every variant", () => {
  const names = (architecture: string) => emulatedPlatforms(architecture).map(formatPlatform);
  assert.deepEqual(names("arm"), ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]);
  assert.deepEqual(names("arm64"), ["linux/arm64"]);
  assert.deepEqual(names("amd64"), ["linux/amd64"]);
  assert.deepEqual(names("s390x"), ["linux/s390x"]);
});
