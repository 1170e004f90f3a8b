import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatPlatform, parsePlatform } from "../../platform/platform.ts";
import type { ChainFile, ChainRole } from "./chain-parts.ts";
import type { ElfFacts } from "../program/elf.ts";
import { floorOf } from "./floor.ts";
import { expectedCode } from "../program/identity.ts";

const base = { type: 2, flags: 0, osAbi: 0, abiVersion: 0 } as const;
const amd64: ElfFacts = { ...base, bits: 64, endian: "little", machine: 62 };
const arm: ElfFacts = { ...base, bits: 32, endian: "little", machine: 40, flags: 0x5000400 };

function link(path: string, elf: ElfFacts, role: ChainRole = "program"): ChainFile {
  const entry = { path: path.slice(1), type: "file", mode: 0o755, size: 1, elf } as const;
  return { role, origin: "start", path, file: { kind: "file", entry, layer: 0 }, via: "" };
}

function floor(platform: string, ...files: readonly ChainFile[]) {
  const expected = expectedCode(parsePlatform(platform));
  assert.ok(expected !== undefined);
  const { platform: lowest, because, hosts } = floorOf(expected, { files, gaps: [] });
  return { lowest: formatPlatform(lowest), because: because?.path, hosts: hosts.map(formatPlatform) };
}

describe("the effective floor", () => {
  test("is the highest level that a file of the start chain says it needs", () => {
    const files = [link("/app", amd64), link("/lib/libfast.so", { ...amd64, isaLevel: 3 }, "library")];
    assert.deepEqual(floor("linux/amd64", ...files), {
      lowest: "linux/amd64/v3",
      because: "/lib/libfast.so",
      hosts: ["linux/amd64/v3", "linux/amd64/v4"],
    });
  });

  test("may be lower than what is declared", () => {
    const { lowest, because } = floor("linux/amd64/v3", link("/app", { ...amd64, isaLevel: 1 }));
    assert.deepEqual({ lowest, because }, { lowest: "linux/amd64", because: undefined });
  });

  test("is what is declared where no file says anything", () => {
    assert.equal(floor("linux/amd64/v2", link("/app", amd64)).lowest, "linux/amd64/v2");
    assert.equal(floor("linux/arm64").lowest, "linux/arm64");
  });

  test("of ARM counts programs and the C library, and no library with parts for newer chips", () => {
    const v6 = { ...arm, arm: { cpuArch: 6 } };
    const v7 = { ...arm, arm: { cpuArch: 10 } };
    const files = [link("/app", v6), link("/usr/lib/libcrypto.so.3", v7, "library")];
    const { lowest, hosts } = floor("linux/arm/v7", ...files);
    assert.equal(lowest, "linux/arm/v6");
    assert.deepEqual(hosts, ["linux/arm64", "linux/arm/v6", "linux/arm/v7", "linux/arm/v8"]);
    assert.equal(floor("linux/arm/v6", link("/app", v6), link("/lib/libc.so.6", v7, "library")).lowest, "linux/arm/v7");
  });

  test("of Go programs is what GOARM and GOAMD64 say", () => {
    const go = (settings: Record<string, string>) => ({ go: { version: "go1.26", settings } });
    assert.equal(floor("linux/arm/v7", link("/app", { ...arm, ...go({ GOARM: "5" }) })).lowest, "linux/arm/v5");
    assert.equal(floor("linux/amd64", link("/app", { ...amd64, ...go({ GOAMD64: "v2" }) })).lowest, "linux/amd64/v2");
  });

  test("of 386 is met by amd64 hosts", () => {
    assert.ok(floor("linux/386").hosts.includes("linux/amd64"));
    assert.ok(!floor("linux/386").hosts.includes("linux/arm64"));
  });
});
