import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Finding } from "../../finding/finding.ts";
import type { ElfParts } from "../program/test-elf.ts";
import { amd64, arm64, armhf, i386, makeElf, s390x } from "../program/test-elf.ts";
import { brief, findingsOf } from "./test-findings.ts";
import type { MadeEntry } from "../layer/test-image.ts";
import { makeMachO, makePe, makeUniversal } from "../program/test-program.ts";
import type { ZipOptions } from "../program/test-zip.ts";
import { makeZip } from "../program/test-zip.ts";

const linuxArm64 = { os: "linux", architecture: "arm64" };
const linuxAmd64 = { os: "linux", architecture: "amd64" };
const library = (parts: ElfParts) => makeElf({ ...parts, type: 3, soname: "x" });
const program = (parts: ElfParts) => makeElf({ ...parts, type: 2 });
const windows = makePe({ machine: 0x8664 });
const windows32 = makePe({ machine: 0x14c });
const mac = makeMachO(0x01000007);
const macArm = makeMachO(0x0100000c);

/** Files by path. */
function files(entries: Readonly<Record<string, Uint8Array>>): MadeEntry[] {
  return Object.entries(entries).map(([name, content]) => ({ name, content, mode: 0o644 }));
}

/** An archive of files by path. */
function archive(members: Readonly<Record<string, Uint8Array>>, options: ZipOptions = {}): Buffer {
  return makeZip(
    Object.entries(members).map(([name, content]) => ({ name, content })),
    options,
  );
}

function only(findings: readonly Finding[]): Finding {
  const [first, ...more] = findings;
  assert.ok(first);
  assert.deepEqual(brief(more), []);
  return first;
}

const snappy = {
  "org/xerial/snappy/native/Linux/x86_64/libsnappyjava.so": library(amd64),
  "org/xerial/snappy/native/Linux/x86/libsnappyjava.so": library(i386),
  "org/xerial/snappy/native/Mac/x86_64/libsnappyjava.dylib": mac,
  "org/xerial/snappy/native/Windows/x86_64/snappyjava.dll": windows,
};

describe("native libraries in jars", () => {
  test("a set without this platform's build is an error that names the jar and what it has", async () => {
    for (const streamed of [false, true]) {
      const finding = only(
        await findingsOf(linuxArm64, files({ "app/lib/snappy-java-1.1.jar": archive(snappy, { streamed }) })),
      );
      assert.deepEqual(brief([finding]), ["error native-build-missing /app/lib/snappy-java-1.1.jar"]);
      assert.equal(
        finding.message,
        "/app/lib/snappy-java-1.1.jar has native builds of snappyjava for linux/386, linux/amd64, darwin/amd64, windows/amd64, and no build for linux/arm64.",
      );
      assert.equal(finding.layer?.index, 0);
      assert.match(finding.fix?.title ?? "", /version .* native code for linux\/arm64/);
    }
  });

  test("with it, the others are a note, however the folders are spelled", async () => {
    for (const path of ["native/Linux/aarch64", "native/linux-arm64", "native/Linux/aarch_64"]) {
      const jar = archive({ ...snappy, [`org/xerial/snappy/${path}/libsnappyjava.so`]: library(arm64) });
      const finding = only(await findingsOf(linuxArm64, files({ "app/snappy.jar": jar })));
      assert.deepEqual([finding.severity, finding.rule], ["note", "foreign-code-expected"], path);
    }
    const elsewhere = archive({
      "x64/libz.so": library(amd64),
      "other/place/libz.so": library(arm64),
      "a/z.dll": windows,
    });
    assert.equal(only(await findingsOf(linuxArm64, files({ "a.jar": elsewhere }))).severity, "note");
  });

  test("in a fat jar and in a war", async () => {
    const inner = archive(snappy, { streamed: true });
    for (const method of [0, 8]) {
      const fat = makeZip([{ name: "BOOT-INF/lib/snappy.jar", content: inner, method }]);
      assert.deepEqual(brief(await findingsOf(linuxArm64, files({ "app.jar": fat }))), [
        "error native-build-missing /app.jar!/BOOT-INF/lib/snappy.jar",
      ]);
    }
  });

  test("names of systems are not asked for where the bytes tell", async () => {
    const jar = archive({ "libfoo.so": library(amd64), "libfoo.dylib": mac, "foo.dll": windows });
    assert.deepEqual(brief(await findingsOf(linuxArm64, files({ "f.jar": jar }))), [
      "error native-build-missing /f.jar",
    ]);
    assert.deepEqual(brief(await findingsOf(linuxAmd64, files({ "f.jar": jar }))), [
      "note foreign-code-expected /f.jar!/libfoo.dylib",
    ]);
  });

  test("one library without the name of a platform is doubtful", async () => {
    const finding = only(
      await findingsOf(linuxArm64, files({ "app/x.jar": archive({ "libfoo.so": library(amd64) }) })),
    );
    assert.deepEqual(brief([finding]), ["warning library-wrong-architecture /app/x.jar!/libfoo.so"]);
    assert.match(finding.message, /is linux\/amd64 code, but the image is declared linux\/arm64/);
    const named = archive({ "native/linux-x86_64/libfoo.so": library(amd64) });
    assert.deepEqual(brief(await findingsOf(linuxArm64, files({ "app/x.jar": named }))), [
      "warning native-build-missing /app/x.jar",
    ]);
  });

  test("classifier jars beside each other are one set", async () => {
    const jar = (parts: ElfParts) => archive({ "META-INF/native/libtcnative.so": library(parts) });
    const both = { "lib/tcnative-2.0-linux-x86_64.jar": jar(amd64), "lib/tcnative-2.0-linux-s390_64.jar": jar(s390x) };
    assert.deepEqual(brief(await findingsOf(linuxArm64, files(both))), [
      "error native-build-missing /lib/tcnative-2.0-linux-x86_64.jar",
    ]);
    const all = { ...both, "lib/tcnative-2.0-linux-aarch_64.jar": jar(arm64) };
    assert.equal(only(await findingsOf(linuxArm64, files(all))).severity, "note");
  });

  test("files of other systems are not this platform's, and a feature of one system is no set", async () => {
    const bsd = archive({ ...snappy, "org/xerial/snappy/native/FreeBSD/aarch64/libsnappyjava.so": library(arm64) });
    assert.equal(only(await findingsOf(linuxArm64, files({ "s.jar": bsd }))).severity, "error");
    const auth = archive({ "x86/sqlauth.dll": windows32, "x64/sqlauth.dll": windows });
    assert.equal(only(await findingsOf(linuxArm64, files({ "m.jar": auth }))).severity, "note");
    const android = archive({ "jni/arm64-v8a/liba.so": library(arm64), "jni/x86_64/liba.so": library(amd64) });
    for (const { severity } of await findingsOf(linuxArm64, files({ "a.aar": android })))
      assert.equal(severity, "note");
  });

  test("test data, object files and code for devices are none", async () => {
    const jar = archive({ "linux/x64/a.so": library(amd64), "linux/x86/a.so": library(i386) });
    assert.deepEqual(await findingsOf(linuxArm64, files({ "src/test/a.jar": jar, "lib/a-tests.jar": jar })), []);
    const objects = archive({ "linux/x64/a": makeElf({ ...amd64, type: 1 }), "bpf/p": makeElf({ machine: 247 }) });
    assert.deepEqual(await findingsOf(linuxArm64, files({ "o.jar": objects })), []);
  });

  test("what could not be examined is told", async () => {
    const jar = makeZip([{ name: "a.so", content: library(amd64), encrypted: true }]);
    const finding = only(await findingsOf(linuxArm64, files({ "secret.zip": jar })));
    assert.deepEqual([finding.severity, finding.rule], ["note", "archive-not-examined"]);
    assert.match(finding.message, /1 place \(\/secret\.zip!\/a\.so: encrypted\)/);
  });
});

describe("node_modules", () => {
  test("a package for one platform without the one for this platform: copied from another machine", async () => {
    for (const [path, content, words] of [
      ["@esbuild/linux-x64/bin/esbuild", program(amd64), "linux/amd64"],
      ["@img/sharp-linux-x64/lib/sharp-linux-x64.node", library(amd64), "linux/amd64"],
      ["@rollup/rollup-linux-x64-gnu/rollup.linux-x64-gnu.node", library(amd64), "linux/amd64"],
      ["esbuild-linux-64/bin/esbuild", program(amd64), "linux/amd64"],
      ["@esbuild/darwin-arm64/bin/esbuild", macArm, "darwin/arm64"],
      ["@esbuild/win32-x64/esbuild.exe", windows, "windows/amd64"],
    ] as const) {
      const finding = only(await findingsOf(linuxArm64, files({ [`app/node_modules/${path}`]: content })));
      assert.deepEqual([finding.severity, finding.rule], ["error", "native-build-missing"], path);
      assert.match(finding.cause?.text ?? "", new RegExp(`installed on ${words} and copied`));
      assert.match(finding.fix?.title ?? "", /npm ci.*--os=linux --cpu=arm64/);
    }
  });

  test("with the sibling it is complete, whatever the C library", async () => {
    const entries = files({
      "app/node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node": library(amd64),
      "app/node_modules/@img/sharp-linuxmusl-arm64/lib/sharp-linuxmusl-arm64.node": library(arm64),
      "app/node_modules/@esbuild/darwin-arm64/bin/esbuild": macArm,
      "app/node_modules/@esbuild/linux-arm64/bin/esbuild": program(arm64),
    });
    assert.equal(only(await findingsOf(linuxArm64, entries)).severity, "note");
  });

  test("prebuilds", async () => {
    const one = "app/node_modules/bcrypt/prebuilds";
    const lacking = { [`${one}/linux-x64/bcrypt.node`]: library(amd64), [`${one}/darwin-x64/bcrypt.node`]: mac };
    const finding = only(await findingsOf(linuxArm64, files(lacking)));
    assert.equal(finding.severity, "error");
    assert.match(
      finding.message,
      /^\/app\/node_modules\/bcrypt\/prebuilds has native builds of bcrypt for linux\/amd64, darwin\/amd64, and no build for linux\/arm64/,
    );
    const compiled = { ...lacking, "app/node_modules/bcrypt/build/Release/bcrypt_lib.node": library(arm64) };
    for (const { severity } of await findingsOf(linuxArm64, files(compiled))) assert.equal(severity, "note");
    // node-pty brings builds for macOS and Windows and compiles on Linux.
    const pty = "app/node_modules/node-pty/prebuilds";
    const spare = { [`${pty}/darwin-arm64/pty.node`]: macArm, [`${pty}/win32-x64/pty.node`]: windows };
    assert.equal(only(await findingsOf(linuxArm64, files(spare))).severity, "warning");
    const universal = { "app/node_modules/fsevents/fsevents.node": makeUniversal([0x01000007, 0x0100000c]) };
    assert.equal(only(await findingsOf(linuxArm64, files(universal))).severity, "note");
  });
});

describe("programs", () => {
  test("side by side for several architectures", async () => {
    const agents = { "opt/agent-linux-amd64": program(amd64), "opt/agent-linux-arm": program(armhf) };
    assert.equal(only(await findingsOf(linuxArm64, files(agents))).severity, "error");
    const one = { "opt/agent-linux-amd64": program(amd64) };
    assert.equal(only(await findingsOf(linuxArm64, files(one))).severity, "warning");
    const all = { ...agents, "opt/agent-linux-arm64": program(arm64), "opt/agent-windows-amd64.exe": windows };
    assert.equal(only(await findingsOf(linuxArm64, files(all))).severity, "note");
  });

  test("of Windows and macOS are a note, and what a container starts with is an error", async () => {
    const launchers = { "usr/lib/python3/site-packages/pip/_vendor/distlib/t64.exe": windows, "opt/tool": mac };
    assert.equal(only(await findingsOf(linuxArm64, files(launchers))).severity, "note");
    for (const [content, words] of [
      [windows, /is a Windows program \(amd64\)/],
      [macArm, /is a macOS program \(arm64\)/],
      [makePe({ machine: 0x14c, cli: 1 }), /is a \.NET program/],
    ] as const) {
      const findings = await findingsOf(linuxArm64, [{ name: "app", content }], { entrypoint: ["/app"] });
      assert.deepEqual(brief(findings), ["error entrypoint-foreign-program /app"]);
      assert.match(only(findings).message, words);
    }
    const managed = { "app/System.Text.dll": makePe({ machine: 0x8664, cli: 1 }) };
    assert.deepEqual(await findingsOf(linuxArm64, files(managed)), []);
  });
});
