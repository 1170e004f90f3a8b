import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setKey, systemNamed } from "./platform-words.ts";

/** Paths of builds of one thing, as real packages spell them. */
const sets: readonly (readonly [title: string, paths: readonly string[]])[] = [
  [
    "snappy-java",
    [
      "native/Linux/x86_64/libsnappyjava.so",
      "native/Linux/aarch64/libsnappyjava.so",
      "native/Linux/armv7/libsnappyjava.so",
      "native/Mac/x86_64/libsnappyjava.dylib",
      "native/Mac/aarch64/libsnappyjava.dylib",
      "native/Windows/x86/snappyjava.dll",
      "native/FreeBSD/x86_64/libsnappyjava.so",
    ],
  ],
  [
    "rocksdbjni",
    [
      "librocksdbjni-linux64.so",
      "librocksdbjni-linux32.so",
      "librocksdbjni-linux-aarch64.so",
      "librocksdbjni-linux-aarch64-musl.so",
      "librocksdbjni-osx-arm64.jnilib",
      "librocksdbjni-win64.dll",
    ],
  ],
  [
    "leveldbjni",
    [
      "META-INF/native/linux32/libleveldbjni.so",
      "META-INF/native/linux64/libleveldbjni.so",
      "META-INF/native/osx/libleveldbjni.jnilib",
      "META-INF/native/windows64/leveldbjni.dll",
      "META-INF/native/freebsd64/libleveldbjni.so",
    ],
  ],
  [
    "jna",
    [
      "com/sun/jna/linux-x86-64/libjnidispatch.so",
      "com/sun/jna/linux-aarch64/libjnidispatch.so",
      "com/sun/jna/linux-armel/libjnidispatch.so",
      "com/sun/jna/darwin-aarch64/libjnidispatch.jnilib",
      "com/sun/jna/win32-x86-64/jnidispatch.dll",
    ],
  ],
  ["jffi", ["jni/x86_64-Linux/libjffi-1.2.so", "jni/aarch64-Linux/libjffi-1.2.so", "jni/Darwin/libjffi-1.2.jnilib"]],
  [
    "netty",
    [
      "META-INF/native/libnetty_tcnative_linux_x86_64.so",
      "META-INF/native/libnetty_tcnative_linux_aarch_64.so",
      "META-INF/native/libnetty_tcnative_osx_x86_64.jnilib",
    ],
  ],
  [
    "classifiers",
    [
      "lib/tcnative-2.0.1-linux-x86_64.jar!/META-INF/libt.so",
      "lib/tcnative-2.0.1-linux-aarch_64.jar!/META-INF/libt.so",
    ],
  ],
  ["multi-release", ["native/linux/x64/liba.so", "META-INF/versions/11/native/linux/arm64/liba.so"]],
  [
    "prebuildify",
    [
      "prebuilds/linux-x64/node.napi.glibc.node",
      "prebuilds/linux-x64/node.napi.musl.node",
      "prebuilds/linux-arm64/node.napi.armv8.node",
      "prebuilds/linux-arm/node.napi.armv7.node",
      "prebuilds/darwin-x64+arm64/node.napi.node",
      "prebuilds/win32-ia32/node.abi108.node",
    ],
  ],
  [
    "npm packages",
    [
      "node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node",
      "node_modules/@img/sharp-linuxmusl-arm64/lib/sharp-linuxmusl-arm64.node",
      "node_modules/@img/sharp-darwin-arm64/lib/sharp-darwin-arm64.node",
    ],
  ],
  [
    "napi-rs",
    [
      "node_modules/@swc/core-linux-x64-gnu/swc.linux-x64-gnu.node",
      "node_modules/@swc/core-linux-arm-gnueabihf/swc.linux-arm-gnueabihf.node",
      "node_modules/@swc/core-win32-x64-msvc/swc.win32-x64-msvc.node",
    ],
  ],
  ["esbuild of old", ["node_modules/esbuild-linux-64/bin/esbuild", "node_modules/esbuild-linux-arm64/bin/esbuild"]],
  [
    "programs",
    ["bin/agent-linux-amd64", "bin/agent-linux-armv7", "bin/agent-darwin-arm64", "bin/agent-windows-amd64.exe"],
  ],
  ["triples", ["t/x86_64-unknown-linux-musl/rg", "t/aarch64-apple-darwin/rg", "t/x86_64-pc-windows-msvc/rg.exe"]],
  [
    "wheels",
    [
      "w/numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl!/numpy/core.cpython-311-x86_64-linux-gnu.so",
      "w/numpy-1.26.4-cp311-cp311-musllinux_1_1_aarch64.whl!/numpy/core.cpython-311-aarch64-linux-musl.so",
    ],
  ],
  [
    "NuGet",
    [
      "runtimes/linux-x64/native/libsql.so",
      "runtimes/linux-musl-arm64/native/libsql.so",
      "runtimes/win-x86/native/sql.dll",
    ],
  ],
];

describe("builds of one thing have one key", () => {
  for (const [title, paths] of sets) {
    test(title, () => {
      const keys = paths.map((path) => setKey(`/app/${path}`));
      for (const key of keys) assert.deepEqual(key, { ...keys[0], named: true });
    });
  }

  test("other things have others", () => {
    const paths = [
      "/a/lib/linux-x64/one.so",
      "/a/lib/linux-x64/two.so",
      "/b/lib/linux-x64/one.so",
      "/a/x.jar!/linux-x64/one.so",
    ];
    assert.equal(new Set(paths.map((path) => JSON.stringify(setKey(path)))).size, paths.length);
    for (const path of ["/usr/bin/charm", "/opt/machine/armor", "/app/macro/windowsill.so"]) {
      assert.equal(setKey(path).named, false, path);
    }
  });
});

test("systems with ELF files of their own", () => {
  assert.equal(systemNamed("/a.jar!/native/FreeBSD/x86_64/liba.so"), "freebsd");
  assert.equal(systemNamed("/a.jar!/META-INF/native/freebsd64/liba.so"), "freebsd");
  assert.equal(systemNamed("/a.jar!/com/sun/jna/sunos-x86-64/liba.so"), "solaris");
  assert.equal(systemNamed("/a.jar!/native/linux/liba.so"), undefined);
});
