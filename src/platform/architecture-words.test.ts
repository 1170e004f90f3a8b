import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { architectures } from "./architecture.ts";
import { namesIn } from "./architecture-words.ts";

/** Names in short: `x86_64=amd64`, those of other systems with the system behind them. */
function brief(text: string): string[] {
  return namesIn(text).map(({ text: name, architecture, os }) =>
    [`${name}=${architecture}`, ...(os === undefined ? [] : [os])].join("@"),
  );
}

describe("names of architectures in texts", () => {
  for (const [text, ...expected] of [
    ["https://example.org/app_Linux_x86_64.tar.gz", "x86_64=amd64"],
    ["node-v18.0.0-linux-x64.tar.xz", "x64=amd64"],
    ["tool_1.2.3_amd64.deb", "amd64=amd64"],
    ["tool-1.2.3-1.el7.x86_64.rpm", "x86_64=amd64"],
    ["tool-1.2-x86-64.zip", "x86-64=amd64"],
    ["jq-linux64", "linux64=amd64"],
    ["conda/linux-64/repodata", "linux-64=amd64"],
    ["tool_Linux-64bit.tar.gz", "64bit=amd64"],
    ["tool_Linux-ARM64.tar.gz", "ARM64=arm64"],
    ["tool-ARM-64bit.zip", "ARM-64bit=arm64"],
    ["ToolLinuxX64", "X64=amd64"],
    ["tool-linuxarm64", "arm64=arm64"],
    ["tool-linux-aarch_64.jar", "aarch_64=arm64"],
    ["tool-amd64v2", "amd64=amd64"],
    ["arm64v8/alpine", "arm64v8=arm64"],
    ["example/app-arm:1.0", "arm=arm"],
    ["linux/arm/v7", "arm=arm"],
    ["tool-armv7.tar.gz", "armv7=arm"],
    ["tool-linux-386.tar.gz", "386=386"],
    ["x86_64-unknown-linux-musl", "x86_64=amd64"],
    ["manylinux2014_aarch64.whl", "aarch64=arm64"],
    ["ld-linux-x86-64.so.2", "x86-64=amd64"],
    ["tool.ppc64le tool.s390x tool.riscv64", "ppc64le=ppc64le", "s390x=s390x", "riscv64=riscv64"],
  ] as const) {
    it(`finds them in ${text}`, () => assert.deepEqual(brief(text), expected));
  }

  for (const text of [
    "golang.org/x/arch/x86asm",
    "https://developer.arm.com/tools",
    "https://amd64.example.org/tool",
    "azure-arm-templates.zip",
    "qemu-aarch64-static",
    "tool-1.386",
    "video-1920x64",
    "swarm farm alarm",
    "linux-64.1",
    "amd64fre",
    "0x64",
  ]) {
    it(`finds none in ${text}`, () => assert.deepEqual(brief(text), []));
  }

  it("tells names of other systems apart", () => {
    assert.deepEqual(brief("tool-darwin-amd64"), ["amd64=amd64@darwin"]);
    assert.deepEqual(brief("tool_windows_x86_64.zip"), ["x86_64=amd64@windows"]);
    assert.deepEqual(brief("https://example.org/win/x64/tool"), ["x64=amd64@windows"]);
    assert.deepEqual(brief("x86_64-pc-windows-msvc"), ["x86_64=amd64@windows"]);
    assert.deepEqual(brief("gcc-arm-none-eabi"), []);
    assert.deepEqual(brief("riscv64-unknown-elf-gcc"), ["riscv64=riscv64@none"]);
    assert.deepEqual(brief("https://example.org/apple/tool/tool-amd64"), ["amd64=amd64"]);
  });

  it("gives offsets of what it found, in order", () => {
    const words = architectures.flatMap(({ name, machine, debian = name }) => [name, machine, debian]);
    const part = fc.oneof(fc.constantFrom(...words, "linux", "-", "_", ".", "/", "X64", "64bit", " "), fc.string());
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const text = parts.join("");
        let last = 0;
        for (const name of namesIn(text)) {
          assert.equal(text.slice(name.start, name.end), name.text);
          assert.ok(name.start >= last);
          last = name.end;
        }
      }),
    );
  });

  it("finds every machine's name between separators", () => {
    const separator = fc.constantFrom("-", "_", ".", "/", " ", "=", "'");
    const row = fc.constantFrom(...architectures);
    fc.assert(
      fc.property(row, separator, separator, ({ machine }, before, after) => {
        assert.equal(namesIn(`tool${before}${machine}${after}x`)[0]?.text, machine);
      }),
    );
  });

  it("ends quickly on long texts", () => {
    const started = performance.now();
    namesIn("x86_64-".repeat(100_000));
    namesIn("a".repeat(1_000_000));
    assert.ok(performance.now() - started < 3000);
  });
});
