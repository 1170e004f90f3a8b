import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ElfParts } from "../program/test-elf.ts";
import { amd64, arm64, armhf, makeElf } from "../program/test-elf.ts";
import { brief, findingsOf } from "./test-findings.ts";
import type { MadeEntry } from "../layer/test-image.ts";
import { makeMachO } from "../program/test-program.ts";

const linuxArm64 = { os: "linux", architecture: "arm64" };
const packages = "usr/lib/python3.11/site-packages";
const glibc = { name: "lib/ld-linux-aarch64.so.1", content: makeElf({ ...arm64, type: 3 }) };
const musl = { name: "lib/ld-musl-aarch64.so.1", content: makeElf({ ...arm64, type: 3 }) };

function wheel(name: string, ...platforms: string[]): MadeEntry {
  const tags = platforms.map((platform) => `Tag: cp311-cp311-${platform}\n`).join("");
  const content = `Wheel-Version: 1.0\nGenerator: bdist_wheel (0.41.2)\nRoot-Is-Purelib: false\n${tags}\n`;
  return { name: `${packages}/${name}.dist-info/WHEEL`, content, mode: 0o644 };
}

function module(name: string, parts: ElfParts): MadeEntry {
  return { name: `${packages}/${name}`, content: makeElf({ ...parts, type: 3 }), mode: 0o644 };
}

describe("wheels", () => {
  test("tags that fit, and those that do not", async () => {
    const cases: [string, string[], string, boolean][] = [
      ["arm64", ["manylinux_2_17_aarch64", "manylinux2014_aarch64"], "", true],
      ["arm64", ["manylinux_2_17_aarch64.manylinux2014_aarch64"], "", true],
      ["arm64", ["linux_aarch64"], "", true],
      ["arm64", ["any"], "", true],
      ["arm64", ["manylinux_2_17_x86_64"], "", false],
      ["arm64", ["macosx_11_0_arm64"], "", false],
      ["arm64", ["win_arm64"], "", false],
      ["amd64", ["manylinux1_x86_64"], "", true],
      ["amd64", ["manylinux2014_i686"], "", false],
      ["386", ["manylinux2014_i686"], "", true],
      ["arm", ["linux_armv7l"], "v7", true],
      ["arm", ["linux_armv6l"], "v7", true],
      ["arm", ["linux_aarch64"], "v7", true],
      ["arm", ["manylinux2014_aarch64"], "v7", false],
      ["riscv64", ["manylinux_2_31_riscv64"], "", true],
      ["ppc64le", ["manylinux2014_ppc64"], "", false],
    ];
    for (const [architecture, tags, variant, fits] of cases) {
      const platform = { os: "linux", architecture, ...(variant === "" ? {} : { variant }) };
      const found = brief(await findingsOf(platform, [wheel("numpy-1.26.4", ...tags)]));
      const expected = `warning wheel-wrong-architecture /${packages}/numpy-1.26.4.dist-info/WHEEL`;
      assert.deepEqual(found, fits ? [] : [expected], `${architecture} ${tags.join(" ")}`);
    }
  });

  test("a copied folder is one finding", async () => {
    const findings = await findingsOf(linuxArm64, [
      wheel("numpy-1.26.4", "manylinux_2_17_x86_64"),
      wheel("pandas-2.2.1", "manylinux_2_17_x86_64"),
      wheel("six-1.16.0", "any"),
    ]);
    assert.equal(findings.length, 1);
    assert.equal(
      findings[0]?.message,
      `In /${packages} 2 wheels are made for manylinux_2_17_x86_64 (numpy 1.26.4, pandas 2.2.1), but the image is declared linux/arm64: importing fails.`,
    );
    assert.match(findings[0]?.fix?.title ?? "", /manylinux2014_aarch64/);
  });

  test("the other C library", async () => {
    const cases: [MadeEntry[], string, string[]][] = [
      [[glibc], "musllinux_1_1_aarch64", ["warning wheel-wrong-libc"]],
      [[musl], "manylinux_2_17_aarch64", ["warning wheel-wrong-libc"]],
      [[musl], "musllinux_1_1_aarch64", []],
      [[glibc, musl], "musllinux_1_1_aarch64", []],
      [[musl], "linux_aarch64", []],
    ];
    for (const [base, tag, expected] of cases) {
      const found = brief(await findingsOf(linuxArm64, [...base, wheel("a-1", tag)]));
      assert.deepEqual(
        found.map((line) => line.split(" ", 2).join(" ")),
        expected,
        tag,
      );
    }
  });
});

describe("extension modules", () => {
  test("the name or the bytes are of another platform", async () => {
    for (const [name, parts, words] of [
      [
        "a.cpython-311-x86_64-linux-gnu.so",
        amd64,
        /1 extension module \(a\) is named for x86_64-linux-gnu, which Python on linux\/arm64 does not look for: importing it fails\.$/,
      ],
      ["a.cpython-311-x86_64-linux-gnu.so", arm64, /does not look for/],
      ["a.pypy39-pp73-x86_64-linux-gnu.so", amd64, /does not look for/],
      [
        "a.cpython-311-aarch64-linux-gnu.so",
        amd64,
        /named for aarch64-linux-gnu, but compiled for linux\/amd64: importing it fails/,
      ],
    ] as const) {
      const findings = await findingsOf(linuxArm64, [module(name, parts)]);
      assert.deepEqual(brief(findings), [`warning python-extension-mismatch /${packages}/${name}`]);
      assert.match(findings[0]?.message ?? "", words);
    }
    const mac = { name: `${packages}/a.cpython-311-darwin.so`, content: makeMachO(0x0100000c) };
    assert.deepEqual(brief(await findingsOf(linuxArm64, [mac])), [
      `warning python-extension-mismatch /${packages}/a.cpython-311-darwin.so`,
    ]);
  });

  test("right ones, those that do not say, and those beside the right one", async () => {
    const right = [
      module("a.cpython-311-aarch64-linux-gnu.so", arm64),
      module("b.abi3.so", arm64),
      module("c.cpython-311-aarch64-linux-musl.so", arm64),
    ];
    assert.deepEqual(await findingsOf(linuxArm64, right), []);
    const spare = module("a.cpython-311-x86_64-linux-gnu.so", amd64);
    const findings = await findingsOf(linuxArm64, [...right, spare]);
    assert.deepEqual(
      findings.map(({ severity }) => severity),
      ["note"],
    );
    const armv7 = { os: "linux", architecture: "arm", variant: "v7" };
    assert.deepEqual(await findingsOf(armv7, [module("a.cpython-311-arm-linux-gnueabihf.so", armhf)]), []);
  });
});
