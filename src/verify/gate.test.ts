import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { isAbort } from "../error/error.ts";
import type { Finding } from "../finding/finding.ts";
import { digestOf } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { LayoutStore } from "../store/layout.ts";
import { compareAcrossPlatforms } from "./rules/compare.ts";
import { FactsCache } from "./layer/facts-cache.ts";
import type { GateOptions, ImageProof } from "./gate.ts";
import { verifyImage } from "./gate.ts";
import type { LayerProgress } from "./layer/image-layers.ts";
import type { ElfParts } from "./program/test-elf.ts";
import { amd64, arm64, armel, armhf, i386, makeElf } from "./program/test-elf.ts";
import { makeMachO, makePe } from "./program/test-program.ts";
import type { MadeEntry, MadeImage } from "./layer/test-image.ts";
import { makeTar, putImage } from "./layer/test-image.ts";

const linuxArm64 = { os: "linux", architecture: "arm64" };
const linuxAmd64 = { os: "linux", architecture: "amd64" };
const linuxArmV7 = { os: "linux", architecture: "arm", variant: "v7" };
const linuxArmV6 = { os: "linux", architecture: "arm", variant: "v6" };
const loaders = new Map([
  [183, "/lib/ld-linux-aarch64.so.1"],
  [62, "/lib64/ld-linux-x86-64.so.2"],
  [40, "/lib/ld-linux-armhf.so.3"],
]);

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-gate-"));
});
after(() => rm(folder, { recursive: true }));

async function prove(image: MadeImage, options: Partial<GateOptions> = {}): Promise<ImageProof> {
  const directory = await mkdtemp(join(folder, "layout-"));
  const store = new LayoutStore(directory);
  const descriptor = await putImage(store, image);
  return verifyImage(store, descriptor, image.platform, {
    facts: new FactsCache(join(directory, "facts")),
    allow: [],
    ...options,
  });
}

/** A small base: shell, loader and C library of an architecture, as Debian lays them out. */
function base(parts: ElfParts): MadeEntry[] {
  const loader = loaders.get(parts.machine) ?? "";
  const dynamic = { ...parts, type: 3, interpreter: loader, needed: ["libc.so.6"] };
  const lib = { ...parts, type: 3, soname: "libc.so.6" };
  const tools = ["sh", "ls", "cat", "env", "id", "tar"];
  return [
    { name: "bin", type: "symlink", target: "usr/bin" },
    { name: "lib", type: "symlink", target: "usr/lib" },
    { name: "lib64", type: "symlink", target: "usr/lib" },
    ...tools.map((name) => ({ name: `usr/bin/${name}`, content: makeElf({ ...dynamic, padding: Buffer.from(name) }) })),
    { name: `usr/lib/${loader.replace(/.*\//, "")}`, content: makeElf({ ...parts, type: 3 }) },
    { name: "usr/lib/libc.so.6", content: makeElf(lib), mode: 0o644 },
  ];
}

function found(proof: ImageProof, severity: Finding["severity"] = "error"): string[] {
  return proof.findings.filter((finding) => finding.severity === severity).map(({ rule, path }) => `${rule} ${path}`);
}

function only(proof: ImageProof, rule: string): Finding {
  const [finding, ...more] = proof.findings.filter((one) => one.rule === rule);
  assert.ok(finding, `${rule} is not among ${JSON.stringify(proof.findings, undefined, 1)}`);
  assert.deepEqual(more, []);
  return finding;
}

const dynamicArm64 = { ...arm64, type: 3, interpreter: "/lib/ld-linux-aarch64.so.1", needed: ["libc.so.6"] };

describe("images that are what they say", () => {
  test("a right image passes, and says what was looked at", async () => {
    const proof = await prove({
      platform: linuxArm64,
      layers: [{ entries: base(arm64) }, { entries: [{ name: "usr/local/bin/app", content: makeElf(dynamicArm64) }] }],
      entrypoint: ["app"],
    });
    assert.deepEqual(proof.findings, []);
    assert.equal(proof.verdict, "pass");
    assert.equal(proof.coverage.layers, 2);
    assert.equal(proof.coverage.cachedLayers, 0);
    assert.equal(proof.coverage.files, 9);
    assert.equal(proof.coverage.elf, 9);
  });

  test("a static program from scratch needs no loader", async () => {
    const proof = await prove({
      platform: linuxArm64,
      layers: [{ entries: [{ name: "app", content: makeElf(arm64) }] }],
      entrypoint: ["/app"],
    });
    assert.equal(proof.verdict, "pass");
    assert.deepEqual(proof.findings, []);
  });

  test("an image without machine code passes", async () => {
    const layers = [{ entries: [{ name: "data.json", content: "{}" }] }];
    const proof = await prove({ platform: linuxArm64, layers, command: ["/unused"] });
    assert.equal(proof.verdict, "pass");
    assert.deepEqual(found(proof, "note"), ["no-machine-code /"]);
  });

  test("data with an entrypoint that is not there does not start", async () => {
    const script = { name: "run.sh", content: "#!/bin/sh\necho\n" };
    for (const [layers, entrypoint, line] of [
      [[{ entries: [{ name: "data.json", content: "{}" }] }], "/app", "entrypoint-missing /app"],
      [[], "/app", "entrypoint-missing /app"],
      [[{ entries: [script] }], "/run.sh", "interpreter-missing /run.sh"],
    ] as const) {
      const proof = await prove({ platform: linuxArm64, layers, entrypoint: [entrypoint] });
      assert.equal(proof.verdict, "fail", line);
      assert.deepEqual(found(proof), [line]);
    }
  });

  test("pure Go for ARM has no float flag, which is no mismatch", async () => {
    const proof = await prove({
      platform: linuxArmV7,
      layers: [{ entries: [{ name: "app", content: makeElf({ machine: 40, bits: 32, flags: 0x5000002 }) }] }],
      entrypoint: ["/app"],
    });
    assert.equal(proof.verdict, "pass");
  });
});

describe("the silent failures of the catalogue", () => {
  test("S01: the final stage on the build platform's base", async () => {
    const proof = await prove({
      platform: linuxArm64,
      layers: [
        { entries: base(amd64), createdBy: "/bin/sh -c #(nop) ADD file:1234 in / " },
        { entries: [{ name: "app.sh", content: "#!/bin/sh\necho\n" }] },
      ],
      entrypoint: ["/app.sh"],
    });
    assert.equal(proof.verdict, "fail");
    assert.deepEqual(found(proof), [
      "entrypoint-wrong-architecture /usr/bin/sh",
      "userland-wrong-architecture /usr/bin/cat",
    ]);
    const userland = only(proof, "userland-wrong-architecture");
    assert.equal(userland.cause?.code, "S01");
    assert.equal(userland.layer?.index, 0);
    assert.match(userland.message, /8 of 8 programs and libraries .* linux\/amd64 code .* declared linux\/arm64/s);
    assert.equal(only(proof, "entrypoint-wrong-architecture").cause?.code, "S01");
  });

  test("S03, S04: a program for another architecture is copied", async () => {
    const proof = await prove({
      platform: linuxArm64,
      layers: [
        { entries: base(arm64), createdBy: "ADD rootfs.tar.xz / # buildkit" },
        {
          entries: [{ name: "usr/local/bin/app", content: makeElf(amd64) }],
          createdBy: "COPY /out/app /usr/local/bin/ # buildkit",
        },
      ],
      entrypoint: ["app"],
    });
    assert.deepEqual(found(proof), ["entrypoint-wrong-architecture /usr/local/bin/app"]);
    const finding = only(proof, "entrypoint-wrong-architecture");
    assert.match(
      finding.message,
      /^\/usr\/local\/bin\/app \(ENTRYPOINT "app"\) is linux\/amd64 code, but the image is declared linux\/arm64/,
    );
    assert.equal(finding.cause?.code, "S04");
    assert.deepEqual(finding.layer?.index, 1);
    assert.equal(finding.layer?.createdBy, "COPY /out/app /usr/local/bin/ # buildkit");
    assert.ok(finding.fix);
  });

  test("S02: a shadowed TARGETARCH shows in the instruction", async () => {
    const proof = await prove({
      platform: linuxArm64,
      layers: [
        { entries: base(arm64) },
        {
          entries: [{ name: "usr/bin/app", content: makeElf(amd64) }],
          createdBy: "RUN |1 TARGETARCH=amd64 /bin/sh -c go build -o /usr/bin/app . # buildkit",
        },
      ],
      command: ["app"],
    });
    assert.equal(only(proof, "entrypoint-wrong-architecture").cause?.code, "S02");
  });

  test("S02 across platforms: the same bytes in both", async () => {
    const app = { name: "usr/bin/app", content: makeElf({ ...amd64, padding: Buffer.alloc(100_000, "app") }) };
    const layers = (parts: ElfParts) => [
      { entries: base(parts) },
      { entries: [app, { name: "etc/machine", content: String(parts.machine), mode: 0o644 }] },
    ];
    const right = await prove({ platform: linuxAmd64, layers: layers(amd64), entrypoint: ["app"] });
    const wrong = await prove({ platform: linuxArm64, layers: layers(arm64), entrypoint: ["app"] });
    assert.equal(right.verdict, "pass");
    assert.equal(wrong.verdict, "fail");
    const [finding, ...more] = compareAcrossPlatforms([right, wrong]);
    assert.deepEqual(more, []);
    assert.equal(finding?.rule, "identical-across-platforms");
    assert.equal(finding?.severity, "error");
    assert.deepEqual(finding?.platforms, [linuxArm64, linuxAmd64]);
    assert.match(finding?.message ?? "", /\/usr\/bin\/app holds the same bytes as \/usr\/bin\/app of linux\/amd64/);
  });

  test("S02 across platforms: one layer with machine code in both", async () => {
    const files = ["usr/bin/app", "usr/bin/tool"].map((name) => ({
      name,
      content: makeElf({ ...amd64, padding: Buffer.from(name) }),
    }));
    const layers = (parts: ElfParts) => [{ entries: base(parts) }, { entries: files }];
    const right = await prove({ platform: linuxAmd64, layers: layers(amd64), entrypoint: ["app"] });
    const wrong = await prove({ platform: linuxArm64, layers: layers(arm64), entrypoint: ["app"] });
    const [finding, ...more] = compareAcrossPlatforms([right, wrong]);
    assert.deepEqual(more, []);
    assert.equal(finding?.rule, "layer-identical-across-platforms");
    assert.equal(finding?.layer?.digest, wrong.layers[1]?.digest);
    assert.match(finding?.message ?? "", /with \/usr\/bin\/app and 1 more, is also in linux\/amd64/);
    assert.deepEqual(wrong.layers[1]?.code, { "linux/amd64": 2 });
  });

  test("a file that is right in both platforms is no finding, whatever else is said of it", async () => {
    const app = { ...amd64, interpreter: "/lib64/ld-linux-x86-64.so.2", needed: ["libmissing.so"] };
    const layers = [{ entries: base(amd64) }, { entries: [{ name: "usr/bin/app", content: makeElf(app) }] }];
    const images = [linuxAmd64, { ...linuxAmd64, variant: "v2" }].map((platform) =>
      prove({ platform, layers, entrypoint: ["app"] }),
    );
    const proofs = await Promise.all(images);
    assert.deepEqual(
      proofs.map((proof) => found(proof)),
      [["library-missing /usr/bin/app"], ["library-missing /usr/bin/app"]],
    );
    assert.deepEqual(compareAcrossPlatforms(proofs), []);
  });

  test("S05: a helper downloaded for a fixed architecture", async () => {
    const proof = await prove({
      platform: linuxArm64,
      layers: [
        { entries: base(arm64) },
        {
          entries: [{ name: "usr/bin/tini", content: makeElf(amd64) }],
          createdBy: "RUN /bin/sh -c curl -fsSL https://example.org/tini-amd64 -o /usr/bin/tini # buildkit",
        },
      ],
      entrypoint: ["tini", "--", "ls"],
    });
    const finding = only(proof, "entrypoint-wrong-architecture");
    assert.equal(finding.cause?.code, "S05");
    assert.match(finding.cause?.text ?? "", /tini-amd64/);
  });

  test("S16: an automatic variable that the stage does not declare", async () => {
    const proof = await prove({
      platform: linuxArm64,
      layers: [
        { entries: base(arm64) },
        {
          entries: [{ name: "usr/bin/app", content: makeElf(amd64) }],
          createdBy: "RUN /bin/sh -c GOARCH=$TARGETARCH go build -o /usr/bin/app . # buildkit",
        },
      ],
      entrypoint: ["app"],
    });
    assert.equal(only(proof, "entrypoint-wrong-architecture").cause?.code, "S16");
  });
});

describe("what a container starts with", () => {
  const withBase = (entries: readonly MadeEntry[], image: Partial<MadeImage>): MadeImage => ({
    platform: linuxArm64,
    layers: [{ entries: base(arm64) }, { entries }],
    ...image,
  });

  test("init programs, env and sh -c are looked through", async () => {
    const wrong = { name: "opt/app", content: makeElf(amd64) };
    const wrappers = ["tini", "gosu"].map((name) => ({
      name: `usr/bin/${name}`,
      content: makeElf({ ...arm64, padding: Buffer.from(name) }),
    }));
    for (const entrypoint of [
      ["tini", "-g", "--", "/opt/app"],
      ["tini", "gosu", "user:group", "env", "A=b", "/opt/app"],
      ["/bin/sh", "-c", "exec /opt/app --flag"],
      ["/bin/sh", "-ec", "cd /opt && umask 022; A=1 exec ./app"],
    ]) {
      const proof = await prove(withBase([wrong, ...wrappers], { entrypoint }));
      assert.deepEqual(found(proof), ["entrypoint-wrong-architecture /opt/app"], JSON.stringify(entrypoint));
    }
  });

  test("a script's interpreter and the command behind it count", async () => {
    const script = { name: "entry.sh", content: "#!/usr/bin/env -S python3 -u\nexec\n" };
    const python = { name: "usr/local/bin/python3", content: makeElf(amd64) };
    const app = { name: "srv/app", content: makeElf(amd64) };
    const proof = await prove(
      withBase([script, python, app], { entrypoint: ["/entry.sh"], command: ["./app"], workingDirectory: "/srv" }),
    );
    assert.deepEqual(found(proof), [
      "entrypoint-wrong-architecture /usr/local/bin/python3",
      "entrypoint-wrong-architecture /srv/app",
    ]);
  });

  test("what is missing is an error with its own words", async () => {
    const cases: [MadeEntry[], string[], string, RegExp][] = [
      [[], ["/app"], "entrypoint-missing", /^\/app \(ENTRYPOINT "\/app"\) is not in the image/],
      [[], ["app"], "entrypoint-missing", /^app \(ENTRYPOINT "app"\) is not in the image/],
      [[{ name: "app", type: "symlink", target: "app-arm64" }], ["/app"], "entrypoint-missing", /is not in the image/],
      [
        [{ name: "app", content: "#!/bin/bash\n" }],
        ["/app"],
        "interpreter-missing",
        /"\/bin\/bash", the interpreter of \/app/,
      ],
      [[{ name: "app", content: "#!/bin/sh\r\nls\r\n" }], ["/app"], "script-carriage-return", /carriage return/],
      [
        [{ name: "app", content: "<!DOCTYPE html>" }],
        ["/app"],
        "entrypoint-unknown-format",
        /begins with "<!DOCTYPE html>"/,
      ],
      [[{ name: "app", content: makeElf(arm64), mode: 0o644 }], ["/app"], "entrypoint-not-executable", /no permission/],
      [
        [{ name: "app", content: makeElf({ ...dynamicArm64, interpreter: "/lib/ld-musl-aarch64.so.1" }) }],
        ["/app"],
        "loader-missing",
        /needs the loader \/lib\/ld-musl-aarch64\.so\.1.*the image has \/lib\/ld-linux-aarch64\.so\.1/,
      ],
      [
        [{ name: "app", content: makeElf({ ...dynamicArm64, needed: ["libz.so.1", "libc.so.6"] }) }],
        ["/app"],
        "library-missing",
        /^libz\.so\.1, which \/app needs/,
      ],
    ];
    for (const [entries, entrypoint, rule, message] of cases) {
      const proof = await prove(withBase(entries, { entrypoint }));
      assert.equal(proof.verdict, "fail", rule);
      assert.match(only(proof, rule).message, message);
      assert.equal(found(proof).length, 1);
    }
  });

  test("libraries are found by RUNPATH, ld.so.conf and LD_LIBRARY_PATH, past those of another architecture", async () => {
    const library = (name: string, parts: ElfParts = arm64) => makeElf({ ...parts, type: 3, soname: name });
    const entries = [
      {
        name: "app",
        content: makeElf({
          ...dynamicArm64,
          needed: ["liba.so", "libb.so", "libc1.so", "libd.so"],
          runpath: "$ORIGIN/own:${ORIGIN}/x",
        }),
      },
      { name: "own/liba.so", content: library("liba.so") },
      { name: "etc/ld.so.conf", content: "# comment\ninclude /etc/ld.so.conf.d/*.conf\n" },
      { name: "etc/ld.so.conf.d/b.conf", content: "/opt/b\n" },
      { name: "opt/b/libb.so", content: library("libb.so") },
      { name: "opt/env/libc1.so", content: library("libc1.so") },
      { name: "x/libd.so", content: library("libd.so", amd64) },
      { name: "usr/lib/libd.so", content: library("libd.so") },
    ];
    const environment = ["PATH=/bin", "LD_LIBRARY_PATH=/opt/env"];
    const proof = await prove(withBase(entries, { entrypoint: ["/app"], environment }));
    assert.deepEqual(found(proof), []);
    assert.equal(proof.verdict, "pass");
    const without = await prove(withBase(entries, { entrypoint: ["/app"] }));
    assert.deepEqual(
      found(without, "warning").filter((line) => line.startsWith("library-missing")),
      ["library-missing /app"],
    );
  });

  test("run paths are inherited from the program, unless it has DT_RUNPATH", async () => {
    const entries = (paths: Partial<ElfParts>) => [
      { name: "opt/app/bin/app", content: makeElf({ ...dynamicArm64, needed: ["liba.so"], ...paths }) },
      { name: "opt/app/lib/liba.so", content: makeElf({ ...arm64, type: 3, soname: "liba.so", needed: ["libb.so"] }) },
      { name: "opt/app/lib/libb.so", content: makeElf({ ...arm64, type: 3, soname: "libb.so" }) },
    ];
    const entrypoint = ["/opt/app/bin/app"];
    const inherited = await prove(withBase(entries({ rpath: "$ORIGIN/../lib" }), { entrypoint }));
    assert.deepEqual(inherited.findings, []);
    const own = await prove(withBase(entries({ runpath: "$ORIGIN/../lib" }), { entrypoint }));
    assert.deepEqual(found(own, "warning"), ["library-missing /opt/app/lib/liba.so"]);
    assert.match(own.findings[0]?.message ?? "", /libb\.so.*it is at \/opt\/app\/lib\/libb\.so/);
  });

  test("musl looks where its path file says, and brings its own libc", async () => {
    const musl = { ...arm64, type: 3, interpreter: "/lib/ld-musl-aarch64.so.1" };
    const entries = [
      { name: "lib/ld-musl-aarch64.so.1", content: makeElf({ ...arm64, type: 3, soname: "libc.musl-aarch64.so.1" }) },
      { name: "bin/app", content: makeElf({ ...musl, needed: ["libz.so.1", "libc.musl-aarch64.so.1", "libx.so"] }) },
      { name: "usr/lib/libz.so.1", type: "symlink" as const, target: "libz.so.1.3" },
      { name: "usr/lib/libz.so.1.3", content: makeElf({ ...arm64, type: 3, soname: "libz.so.1" }) },
      { name: "opt/x/libx.so", content: makeElf({ ...arm64, type: 3, soname: "libx.so" }) },
    ];
    const path = { name: "etc/ld-musl-aarch64.path", content: "/usr/lib\n/opt/x\n" };
    const image = { platform: linuxArm64, entrypoint: ["app"] };
    assert.deepEqual((await prove({ ...image, layers: [{ entries: [...entries, path] }] })).findings, []);
    assert.deepEqual(found(await prove({ ...image, layers: [{ entries }] }), "warning"), ["library-missing /bin/app"]);
  });

  test("a needed library of another architecture only", async () => {
    const entries = [
      { name: "app", content: makeElf({ ...dynamicArm64, needed: ["libz.so.1"] }) },
      { name: "usr/lib/libz.so.1", content: makeElf({ ...amd64, type: 3, soname: "libz.so.1" }) },
    ];
    const proof = await prove(withBase(entries, { entrypoint: ["/app"] }));
    assert.deepEqual(found(proof), ["library-wrong-architecture /usr/lib/libz.so.1"]);
  });

  test("the health check is followed too", async () => {
    const entries = [
      { name: "app", content: makeElf(arm64) },
      { name: "usr/bin/probe", content: makeElf(amd64) },
    ];
    const healthcheck = ["CMD-SHELL", "probe --quick || exit 1"];
    const proof = await prove(withBase(entries, { entrypoint: ["/app"], healthcheck }));
    assert.deepEqual(found(proof), ["healthcheck-wrong-architecture /usr/bin/probe"]);
  });
});

describe("variants", () => {
  const single = (platform: MadeImage["platform"], parts: ElfParts): MadeImage => ({
    platform,
    layers: [{ entries: [{ name: "app", content: makeElf(parts) }] }],
    entrypoint: ["/app"],
  });

  test("code for ARM v7 in an image for v6", async () => {
    const proof = await prove(single(linuxArmV6, { ...armhf, cpuArch: 10 }));
    assert.match(
      only(proof, "variant-too-new").message,
      /needs v7 by its ARM attributes, but the image is declared linux\/arm\/v6/,
    );
    assert.equal((await prove(single(linuxArmV7, { ...armhf, cpuArch: 10 }))).verdict, "pass");
    assert.equal((await prove(single(linuxArmV6, { ...armhf, cpuArch: 7 }))).verdict, "pass");
  });

  test("code for x86-64-v3 in an image for amd64", async () => {
    const proof = await prove(single(linuxAmd64, { ...amd64, isa: 0b111 }));
    assert.match(only(proof, "variant-too-new").fix?.title ?? "", /linux\/amd64\/v3/);
    assert.equal((await prove(single({ ...linuxAmd64, variant: "v3" }, { ...amd64, isa: 0b111 }))).verdict, "pass");
    assert.equal((await prove(single(linuxAmd64, { ...amd64, isa: 1 }))).verdict, "pass");
  });

  test("soft float against hard float", async () => {
    const proof = await prove({
      platform: linuxArmV7,
      layers: [
        {
          entries: [
            ...base(armhf),
            {
              name: "app",
              content: makeElf({ ...armel, type: 3, interpreter: "/lib/ld-linux-armhf.so.3", needed: ["libc.so.6"] }),
            },
          ],
        },
      ],
      entrypoint: ["/app"],
    });
    assert.deepEqual(found(proof), ["float-abi-mismatch /app"]);
    assert.match(
      proof.findings[0]?.message ?? "",
      /soft float\) code, but the port that linux\/arm\/v7 stands for has hard float/,
    );
    assert.equal((await prove(single(linuxArmV7, armel))).verdict, "pass", "a static program runs with either");
  });
});

describe("code that nothing starts", () => {
  const image = (entries: readonly MadeEntry[], more: Partial<MadeImage> = {}): MadeImage => ({
    platform: linuxArm64,
    layers: [{ entries: base(arm64) }, { entries }],
    command: ["sh"],
    ...more,
  });

  test("a program in PATH and a library where the loader looks are errors", async () => {
    const proof = await prove(
      image([
        { name: "usr/local/bin/tool", type: "symlink", target: "/opt/tool/bin/tool" },
        { name: "opt/tool/bin/tool", content: makeElf(amd64) },
        {
          name: "usr/lib/aarch64-linux-gnu/libq.so.1",
          content: makeElf({ ...amd64, type: 3, soname: "libq.so.1" }),
          mode: 0o644,
        },
      ]),
    );
    assert.deepEqual(found(proof), [
      "executable-wrong-architecture /opt/tool/bin/tool",
      "library-wrong-architecture /usr/lib/aarch64-linux-gnu/libq.so.1",
    ]);
    assert.match(proof.findings[0]?.message ?? "", /in PATH as \/usr\/local\/bin\/tool/);
  });

  test("hard links are one file, told where it weighs most", async () => {
    const proof = await prove(
      image([
        { name: "a", content: makeElf(amd64) },
        { name: "usr/bin/x", type: "link", target: "a" },
      ]),
    );
    assert.deepEqual([...found(proof), ...found(proof, "warning")], ["executable-wrong-architecture /usr/bin/x"]);
    assert.match(proof.findings[0]?.message ?? "", /\(the same file as \/a\)/);
  });

  test("programs of Windows and macOS under the names of programs of Linux are errors", async () => {
    const pe = makePe({ machine: 0x8664 });
    const mac = makeMachO(0x0100000c);
    const proof = await prove(
      image([
        { name: "usr/bin/wtool", content: pe },
        { name: "usr/bin/mtool", content: mac },
        { name: "usr/lib/libq.so", content: mac, mode: 0o644 },
      ]),
    );
    assert.deepEqual(found(proof).toSorted(), [
      "executable-foreign-program /usr/bin/mtool",
      "executable-foreign-program /usr/bin/wtool",
      "library-foreign-program /usr/lib/libq.so",
    ]);
    assert.match(only(proof, "library-foreign-program").message, /is macOS code \(arm64\): Linux does not load it/);
    const meant = [
      { name: "usr/bin/tool.exe", content: pe },
      { name: "usr/bin/x.dll", content: pe },
      { name: "usr/bin/agent-darwin-arm64", content: mac },
      { name: "usr/bin/link", type: "symlink" as const, target: "/opt/windows/tool" },
      { name: "opt/windows/tool", content: pe },
      { name: "usr/lib/libq.dylib", content: mac },
      { name: "usr/bin/assembly", content: makePe({ machine: 0x14c, cli: 1 }) },
    ];
    const legitimate = await prove(image(meant));
    assert.deepEqual([...found(legitimate), ...found(legitimate, "warning")], []);
    const wine = { name: "usr/bin/wine", content: makeElf(arm64) };
    assert.deepEqual(found(await prove(image([wine, { name: "usr/bin/notepad", content: pe }]))), []);
  });

  test("elsewhere it is a warning", async () => {
    const proof = await prove(image([{ name: "srv/lib/addon.so", content: makeElf({ ...amd64, type: 3 }) }]));
    assert.equal(proof.verdict, "pass");
    assert.deepEqual(found(proof, "warning"), ["library-wrong-architecture /srv/lib/addon.so"]);
  });

  test("what is meant to be foreign is a note", async () => {
    const paths = [
      "usr/x86_64-linux-gnu/lib/libc.so.6",
      "usr/lib/gcc-cross/x86_64-linux-gnu/12/cc1",
      "usr/lib/firmware/qcom/modem.mbn",
      "usr/local/go/src/debug/elf/testdata/gcc-amd64-linux-exec",
      "usr/lib/debug/.build-id/00/11.debug",
      "usr/bin/qemu-arm-static",
      "usr/local/rustup/toolchains/stable/lib/rustlib/x86_64-unknown-linux-gnu/lib/libstd.so",
      "opt/x-tools/x86_64-unknown-linux-gnu/bin/ld",
    ];
    const proof = await prove(
      image([
        ...paths.map((name) => ({ name, content: makeElf(amd64) })),
        { name: "a.o", content: makeElf({ ...amd64, type: 1 }) },
      ]),
    );
    assert.deepEqual(found(proof), []);
    assert.deepEqual(found(proof, "warning"), []);
    assert.ok(found(proof, "note").length >= 6);
  });

  test("a set of builds must have one for this platform", async () => {
    const addon = (name: string, parts: ElfParts) => ({
      name: `app/prebuilds/${name}/node.napi.node`,
      content: makeElf({ ...parts, type: 3 }),
    });
    const complete = await prove(
      image([addon("linux-x64", amd64), addon("linux-arm", armhf), addon("linux-arm64", arm64)]),
    );
    assert.deepEqual(found(complete, "warning"), []);
    const binding = (name: string, parts: ElfParts) => ({
      name: `app/node_modules/@x/linux-${name}/x.node`,
      content: makeElf({ ...parts, type: 3 }),
    });
    const triplets = await prove(
      image([binding("x64-gnu", amd64), binding("arm-gnueabihf", armhf), binding("arm64-gnu", arm64)]),
    );
    assert.deepEqual(found(triplets, "warning"), []);
    const copied = await prove(
      image([{ name: "app/node_modules/@esbuild/linux-x64/bin/esbuild", content: makeElf(amd64) }]),
    );
    const { severity, message } = only(copied, "native-build-missing");
    assert.equal(severity, "error");
    assert.match(message, /@esbuild has a native build of esbuild for linux\/amd64, and none for linux\/arm64/);
    const lacking = await prove(image([addon("linux-x64", amd64), addon("linux-arm", armhf)]));
    assert.equal(lacking.verdict, "fail");
    assert.match(
      only(lacking, "native-build-missing").message,
      /^\/app\/prebuilds has native builds of node for linux\/amd64, linux\/arm, and no build for linux\/arm64/,
    );
  });

  test("32-bit x86 code is a companion of amd64", async () => {
    const proof = await prove({
      platform: linuxAmd64,
      layers: [
        {
          entries: [
            ...base(amd64),
            { name: "usr/lib/libx.so.1", content: makeElf({ ...i386, type: 3, soname: "libx.so.1" }) },
          ],
        },
      ],
      command: ["sh"],
    });
    assert.deepEqual([...found(proof), ...found(proof, "warning")], []);
  });

  test("what a later layer removes or replaces does not count", async () => {
    const wrong = {
      entries: [
        { name: "usr/bin/a", content: makeElf(amd64) },
        { name: "usr/bin/b", content: makeElf(amd64) },
      ],
    };
    const mend = {
      entries: [
        { name: "usr/bin/.wh.a", content: "" },
        { name: "usr/bin/b", content: makeElf(arm64) },
      ],
    };
    const proof = await prove(image([], { layers: [{ entries: base(arm64) }, wrong, mend] }));
    assert.equal(proof.verdict, "pass");
  });

  test("exceptions are path globs with a reason, and those without effect can be told", async () => {
    const allow = [
      { path: "/usr/local/bin/agent-*", reason: "guest agent" },
      { path: "**/nothing", reason: "unused" },
    ];
    const proof = await prove(image([{ name: "usr/local/bin/agent-x", content: makeElf(amd64) }]), { allow });
    assert.equal(proof.verdict, "pass");
    assert.match(proof.findings[0]?.message ?? "", /Allowed: guest agent$/);
    assert.equal(proof.findings[0]?.allowed, "guest agent");
    assert.deepEqual(proof.allowed, [allow[0]]);
  });
});

describe("structure and missing evidence", () => {
  test("the config says another platform", async () => {
    const layers = [{ entries: [{ name: "app", content: makeElf(arm64) }] }];
    const proof = await prove({ platform: linuxArm64, configPlatform: linuxAmd64, layers, entrypoint: ["/app"] });
    assert.match(
      only(proof, "config-platform-mismatch").message,
      /declared linux\/arm64, but its config says linux\/amd64/,
    );
    assert.equal(proof.verdict, "fail");
  });

  test("gzip, zstd and plain layers", async () => {
    for (const compression of ["gzip", "zstd", "none"] as const) {
      const layers = [{ entries: [{ name: "app", content: makeElf(amd64) }], compression }];
      const proof = await prove({ platform: linuxArm64, layers, entrypoint: ["/app"] });
      assert.deepEqual(found(proof), ["entrypoint-wrong-architecture /app"], compression);
    }
  });

  /** Proves an image after something was done to the files of its layout. */
  async function proveHarmed(
    image: MadeImage,
    harm: (blob: (index: number) => string) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<ImageProof> {
    const directory = await mkdtemp(join(folder, "harmed-"));
    const store = new LayoutStore(directory);
    const descriptor = await putImage(store, image);
    const { layers } = parseManifest(await store.manifest(descriptor));
    const path = (digest: string) => join(directory, "blobs", ...digest.split(":"));
    await harm((index) => path(layers[index]?.digest ?? ""));
    const facts = new FactsCache(join(directory, "facts"));
    return verifyImage(store, descriptor, image.platform, {
      facts,
      allow: [],
      ...(signal === undefined ? {} : { signal }),
    });
  }

  const twoLayers = (app = makeElf(dynamicArm64)): MadeImage => ({
    platform: linuxArm64,
    layers: [{ entries: base(arm64) }, { entries: [{ name: "app", content: app }] }],
    entrypoint: ["/app"],
  });

  test("a missing layer is no pass, and nothing is said to be missing because of it", async () => {
    const proof = await proveHarmed(twoLayers(), (blob) => rm(blob(1)));
    assert.equal(proof.verdict, "undecided");
    assert.deepEqual(
      proof.findings.map(({ rule }) => rule),
      ["layer-unread"],
    );
    assert.equal(proof.findings[0]?.layer?.index, 1);
    assert.equal(proof.coverage.unreadLayers, 1);
    const wrong = await proveHarmed(twoLayers(makeElf(amd64)), (blob) => rm(blob(0)));
    assert.equal(wrong.verdict, "fail", "what is there and wrong stays wrong");
  });

  test("a foreign layer that the store does not have is no pass", async () => {
    const image = twoLayers();
    const [first = assert.fail(), second = assert.fail()] = image.layers;
    const mediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    const proof = await proveHarmed({ ...image, layers: [{ ...first, mediaType }, second] }, (blob) => rm(blob(0)));
    assert.equal(proof.verdict, "undecided");
    assert.match(proof.findings[0]?.message ?? "", /foreign/);
  });

  test("changed content is an outage, not a verdict", async () => {
    const harm = async (path: string) => {
      const bytes = await readFile(path);
      bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
      await writeFile(path, bytes);
    };
    const compressions = ["none", "gzip", "zstd"] as const;
    for (const compression of compressions) {
      const layers = twoLayers().layers.map((layer) => ({ ...layer, compression }));
      await assert.rejects(
        proveHarmed({ ...twoLayers(), layers }, (blob) => harm(blob(1))),
        { code: "DIGEST_MISMATCH" },
        compression,
      );
    }
  });

  test("a layer that no engine could unpack is a bad image", async () => {
    const [first = assert.fail()] = twoLayers().layers;
    const tar = await makeTar(first.entries);
    for (const blob of [Buffer.from("<html>"), gzipSync(tar).subarray(0, -20), tar.subarray(0, 5000)]) {
      const proof = await prove({ ...twoLayers(), layers: [first, { entries: [], blob }] });
      assert.equal(proof.verdict, "fail");
      assert.equal(only(proof, "layer-corrupt").layer?.index, 1);
    }
  });

  test("a layer of an unknown kind is no pass", async () => {
    const [first = assert.fail()] = twoLayers().layers;
    const tar = await makeTar([{ name: "x", content: "x" }]);
    tar.write("Z", 156, "latin1");
    tar.write("        ", 148, "latin1");
    tar.write(
      tar
        .subarray(0, 512)
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(7, "0"),
      148,
      "latin1",
    );
    const proof = await prove({ ...twoLayers(), entrypoint: ["/bin/sh"], layers: [first, { entries: [], blob: tar }] });
    assert.equal(proof.verdict, "undecided");
    assert.match(only(proof, "layer-unread").message, /"x" has the unknown tar type "Z"/);
  });

  test("the config must list the layers as they are", async () => {
    const proof = await prove({ ...twoLayers(), diffIds: [digestOf(Buffer.from("a")), digestOf(Buffer.from("b"))] });
    assert.equal(proof.verdict, "fail");
    assert.equal(proof.findings.filter(({ rule }) => rule === "layers-mismatch").length, 2);
    assert.equal((await prove({ ...twoLayers(), diffIds: [] })).verdict, "fail");
  });

  test("layers that were read before come from the cache, with the same verdict", async () => {
    const facts = new FactsCache(join(folder, "shared-facts"));
    const first = await prove(twoLayers(makeElf(amd64)), { facts });
    const second = await prove(twoLayers(makeElf(amd64)), { facts: new FactsCache(join(folder, "shared-facts")) });
    assert.deepEqual([first.coverage.cachedLayers, second.coverage.cachedLayers], [0, 2]);
    assert.deepEqual({ ...second, coverage: first.coverage }, first);
  });

  test("progress tells the layer and its bytes", async () => {
    const seen: LayerProgress[] = [];
    await prove(twoLayers(), { onProgress: (progress) => seen.push(progress) });
    assert.equal(new Set(seen.map(({ digest }) => digest)).size, 2);
    assert.ok(seen.every(({ unpacked }) => unpacked > 0));
  });

  test("an aborted proof ends as aborted", async () => {
    await assert.rejects(
      proveHarmed(twoLayers(), async () => {}, AbortSignal.abort()),
      isAbort,
    );
  });

  test("another operating system is not proven", async () => {
    const proof = await prove({ platform: { os: "windows", architecture: "amd64" }, layers: [{ entries: [] }] });
    assert.equal(proof.verdict, "undecided");
  });
});
