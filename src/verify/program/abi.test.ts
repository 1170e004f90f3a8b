import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { architectures } from "../../platform/architecture.ts";
import { abiOf, usualAbi } from "./abi.ts";
import { CapturedBytes } from "../layer/captured-bytes.ts";
import { ElfCapture } from "../layer/elf-capture.ts";
import type { ElfFacts } from "./elf.ts";
import { readElf } from "./elf.ts";
import { describeCode, profileNeeds } from "./identity.ts";
import type { ElfParts } from "./test-elf.ts";
import { makeElf, riscv64 } from "./test-elf.ts";
import { brief, findingsOf } from "../rules/test-findings.ts";

function elf(bytes: Uint8Array): ElfFacts {
  return readElf(CapturedBytes.of(bytes)) ?? assert.fail();
}

const mips = { machine: 8, bits: 32, endian: "big" } as const;
const ppc64 = { machine: 21, endian: "big" } as const;

describe("calling conventions", () => {
  test("by the flags of real files", () => {
    const cases: [ElfParts, string | undefined, string][] = [
      [riscv64, "double float", "linux/riscv64"],
      [{ ...riscv64, flags: 1 }, "soft float", "linux/riscv64 (soft float)"],
      [{ ...riscv64, flags: 8 }, "RV64E (16 registers)", "linux/riscv64 (RV64E (16 registers))"],
      [{ machine: 21, flags: 2 }, "ELFv2", "linux/ppc64le"],
      [{ machine: 21, flags: 1 }, "ELFv1", "linux/ppc64le (ELFv1)"],
      [{ ...ppc64, flags: 1 }, "ELFv1", "linux/ppc64"],
      [{ machine: 21 }, undefined, "linux/ppc64le"],
      [{ ...mips, flags: 0x70001007 }, "o32", "linux/mips"],
      [{ ...mips, flags: 0x80000027 }, "n32", "linux/mips (n32)"],
      [{ machine: 8, flags: 0x80000007 }, "n64", "linux/mips64le"],
      [{ machine: 258, flags: 0x43 }, "double float", "linux/loong64"],
      [{ machine: 258, flags: 0x41 }, "soft float", "linux/loong64 (soft float)"],
      [{ machine: 62 }, undefined, "linux/amd64"],
    ];
    for (const [parts, name, words] of cases) {
      const file = elf(makeElf(parts));
      assert.equal(abiOf(file)?.name, name, words);
      assert.equal(describeCode(file), words);
    }
  });

  test("every usual one is of an architecture", () => {
    const named = architectures.filter((architecture) => usualAbi(architecture) !== undefined);
    assert.equal(named.length, 7);
  });
});

describe("RISC-V attributes", () => {
  test("extensions, in small and large files", () => {
    const march = "rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zicsr2p0";
    for (const padding of [0, 2_000_000]) {
      const bytes = makeElf({ ...riscv64, march, padding: Buffer.alloc(padding) });
      const capture = new ElfCapture();
      capture.start(bytes.length);
      capture.write(bytes);
      assert.deepEqual(capture.finish()?.elf.riscv, { march });
    }
    assert.equal(elf(makeElf(riscv64)).riscv, undefined);
    const cut = makeElf({ ...riscv64, march });
    const at = cut.indexOf("riscv\0");
    for (let index = at - 5; index < at + 60; index++) {
      const damaged = Buffer.from(cut);
      damaged.fill(0xff, index, Math.min(index + 8, damaged.length));
      elf(damaged);
    }
  });

  test("profiles", () => {
    const needs = (march: string) => profileNeeds(elf(makeElf({ ...riscv64, march })))?.version;
    assert.equal(needs("rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zicsr2p0_zifencei2p0_zmmul1p0"), undefined);
    assert.equal(needs("rv64i2p1_m2p0_zba1p0_zbb1p0_zbs1p0"), 22);
    assert.equal(needs("rv64i2p1_m2p0_v1p0_zve32f1p0"), 23);
  });
});

describe("images", () => {
  const linux = (architecture: string) => ({ os: "linux", architecture });
  const app = (platform: string, parts: ElfParts, loader: string, loaderParts = parts) =>
    findingsOf(
      linux(platform),
      [
        { name: "app", content: makeElf({ ...parts, type: 3, interpreter: loader }) },
        { name: loader.slice(1), content: makeElf({ ...loaderParts, type: 3, padding: Buffer.from("loader") }) },
      ],
      { entrypoint: ["/app"] },
    );

  test("soft float where the port has double float", async () => {
    const loader = "/lib/ld-linux-riscv64-lp64d.so.1";
    const [finding, ...more] = await app("riscv64", { ...riscv64, flags: 1 }, loader, riscv64);
    assert.deepEqual(more, []);
    assert.equal(`${finding?.severity} ${finding?.rule} ${finding?.path}`, "error float-abi-mismatch /app");
    assert.match(finding?.message ?? "", /soft float.*linux\/riscv64 has double float/);
    assert.deepEqual(await app("riscv64", riscv64, loader), []);
    const alone = [{ name: "app", content: makeElf({ ...riscv64, flags: 1 }) }];
    assert.deepEqual(await findingsOf(linux("riscv64"), alone, { entrypoint: ["/app"] }), []);
  });

  test("ELFv1 and ELFv2, n32 and o32", async () => {
    const le = { machine: 21 } as const;
    assert.deepEqual(brief(await app("ppc64le", { ...le, flags: 1 }, "/lib64/ld64.so.2", { ...le, flags: 2 })), [
      "error abi-mismatch /app",
    ]);
    assert.deepEqual(await app("ppc64le", { ...le, flags: 2 }, "/lib64/ld64.so.2"), []);
    // glibc's port of big-endian Power has ELFv1, musl's has ELFv2: the two must not be mixed.
    assert.deepEqual(await app("ppc64", { ...ppc64, flags: 1 }, "/lib64/ld64.so.1"), []);
    assert.deepEqual(await app("ppc64", { ...ppc64, flags: 2 }, "/lib/ld-musl-powerpc64.so.1"), []);
    const mixed = await app("ppc64", { ...ppc64, flags: 2 }, "/lib64/ld64.so.1", { ...ppc64, flags: 1 });
    assert.deepEqual(brief(mixed), ["error abi-mismatch /app"]);
    const n32 = [{ name: "app", content: makeElf({ ...mips, flags: 0x80000027 }) }];
    assert.deepEqual(brief(await findingsOf(linux("mips"), n32, { entrypoint: ["/app"] })), [
      "error abi-mismatch /app",
    ]);
  });

  test("extensions beyond the declared profile are doubtful", async () => {
    const entries = [{ name: "app", content: makeElf({ ...riscv64, march: "rv64i2p1_v1p0" }) }];
    const declared = { os: "linux", architecture: "riscv64" };
    const findings = await findingsOf(declared, entries, { entrypoint: ["/app"] });
    assert.deepEqual(brief(findings), ["warning variant-too-new /app"]);
    assert.match(findings[0]?.message ?? "", /needs RVA23 by its RISC-V attributes \(v\)/);
    const higher = { ...declared, variant: "rva23u64" };
    assert.deepEqual(await findingsOf(higher, entries, { entrypoint: ["/app"] }), []);
  });
});

describe("files that compilers make", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "archway-abi-"));
    writeFileSync(join(folder, "f.c"), "double f(double x) { return x + 1; }\n");
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = (name: string) => elf(readFileSync(join(folder, name)));
  const riscv = "riscv64-linux-gnu-gcc";
  for (const [compiler, options, abi, profile] of [
    [riscv, [], "double float", undefined],
    [riscv, ["-march=rv64imac", "-mabi=lp64"], "soft float", undefined],
    [riscv, ["-march=rv64gc_zba_zbb_zbs"], "double float", 22],
    ["powerpc64le-linux-gnu-gcc", [], "ELFv2", undefined],
  ] as const) {
    test([compiler, ...options].join(" "), (t) => {
      try {
        execFileSync(compiler, ["--version"], { stdio: "pipe" });
      } catch {
        return t.skip(`${compiler} is not installed`);
      }
      execFileSync(compiler, [...options, "-shared", "-nostdlib", "-o", "f.so", "f.c"], { cwd: folder, stdio: "pipe" });
      assert.equal(abiOf(read("f.so"))?.name, abi);
      assert.equal(profileNeeds(read("f.so"))?.version, profile);
      if (compiler === riscv) assert.match(read("f.so").riscv?.march ?? "", /^rv64i2p/);
    });
  }
});
