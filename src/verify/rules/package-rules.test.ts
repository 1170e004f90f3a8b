import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Finding } from "../../finding/finding.ts";
import { LayoutStore } from "../../store/layout.ts";
import { FactsCache } from "../layer/facts-cache.ts";
import type { ImageProof } from "../gate.ts";
import { verifyImage } from "../gate.ts";
import type { ElfParts } from "../program/test-elf.ts";
import { amd64, arm64, i386, makeElf } from "../program/test-elf.ts";
import type { MadeEntry, MadeImage } from "../layer/test-image.ts";
import { putImage } from "../layer/test-image.ts";
import type { MadePackage } from "../packages/test-packages.ts";
import { makeApkInstalled, makeDpkgStatus, makeRpmSqlite } from "../packages/test-packages.ts";

const linuxArm64 = { os: "linux", architecture: "arm64" };
const linuxAmd64 = { os: "linux", architecture: "amd64" };
const linuxArmV6 = { os: "linux", architecture: "arm", variant: "v6" };
const linuxArmV7 = { os: "linux", architecture: "arm", variant: "v7" };

async function prove(image: MadeImage, allow: { path: string; reason: string }[] = []): Promise<ImageProof> {
  const folder = await mkdtemp(join(tmpdir(), "archway-packages-"));
  try {
    const store = new LayoutStore(join(folder, "layout"));
    const descriptor = await putImage(store, image);
    const facts = new FactsCache(join(folder, "facts"));
    const proof = await verifyImage(store, descriptor, image.platform, { facts, allow });
    // What the cache gives back leads to the same findings.
    const again = await verifyImage(store, descriptor, image.platform, { facts, allow });
    assert.deepEqual(again.findings, proof.findings);
    return proof;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An image of layers whose command is a native program of its own. */
function imageOf(platform: MadeImage["platform"], ...layers: readonly (readonly MadeEntry[])[]): MadeImage {
  const made = layers.map((entries, index) => ({ entries, createdBy: `RUN step ${index} # buildkit` }));
  return { platform, layers: made };
}

function dpkg(packages: readonly MadePackage[], architectures?: string): MadeEntry[] {
  return [
    { name: "var/lib/dpkg/status", content: makeDpkgStatus(packages), mode: 0o644 },
    ...(architectures === undefined ? [] : [{ name: "var/lib/dpkg/arch", content: architectures, mode: 0o644 }]),
    ...packages.map(({ name, files = [] }) => ({
      name: `var/lib/dpkg/info/${name}.list`,
      content: ["/.", ...files, ""].join("\n"),
      mode: 0o644,
    })),
  ];
}

const several = (architecture: string, count: number): MadePackage[] =>
  Array.from({ length: count }, (_, index) => ({ name: `package${index}`, architecture, version: `${index}.0-1` }));

const program = (name: string, parts: ElfParts): MadeEntry => ({ name, content: makeElf(parts) });

function only(proof: ImageProof, rule: string): Finding {
  const [finding, ...more] = proof.findings.filter((one) => one.rule === rule);
  assert.ok(finding, `${rule} is not among ${JSON.stringify(proof.findings, undefined, 1)}`);
  assert.deepEqual(more, []);
  return finding;
}

const rules = (proof: ImageProof) =>
  proof.findings.filter(({ rule }) => rule !== "no-machine-code").map(({ rule, severity }) => `${severity} ${rule}`);

describe("packages of another architecture", () => {
  for (const [kind, path, entries] of [
    ["dpkg", "/var/lib/dpkg/status", dpkg([...several("amd64", 7), { name: "tzdata", architecture: "all" }])],
    [
      "apk",
      "/lib/apk/db/installed",
      [{ name: "lib/apk/db/installed", content: makeApkInstalled([...several("x86_64", 7), ...several("noarch", 9)]) }],
    ],
    [
      "rpm",
      "/usr/lib/sysimage/rpm/rpmdb.sqlite",
      [
        {
          name: "usr/lib/sysimage/rpm/rpmdb.sqlite",
          content: makeRpmSqlite([...several("x86_64", 7), ...several("noarch", 9)]),
        },
      ],
    ],
  ] as const) {
    test(`${kind}: a whole userland of amd64 in an image for arm64, without a line of machine code`, async () => {
      const proof = await prove(imageOf(linuxArm64, entries));
      assert.equal(proof.verdict, "fail");
      const finding = only(proof, "package-wrong-architecture");
      assert.equal(finding.severity, "error");
      assert.equal(finding.path, path);
      assert.match(
        finding.message,
        new RegExp(
          `^7 of 7 architecture-dependent packages are for .*\\(${kind}: package0 0\\.0-1, .* …\\).*declared linux/arm64`,
        ),
      );
      assert.equal(finding.cause?.code, "S01");
    });

    test(`${kind}: the same image declared linux/amd64 has no finding`, async () => {
      const proof = await prove(imageOf(linuxAmd64, entries));
      assert.deepEqual(rules(proof), []);
    });
  }

  test("distroless: each package is a file of its own", async () => {
    const status = (name: string, architecture: string): MadeEntry => ({
      name: `var/lib/dpkg/status.d/${name}`,
      content: `Package: ${name}\nVersion: 12.4\nArchitecture: ${architecture}\n`,
    });
    const entries = [
      status("base-files", "amd64"),
      status("libc6", "amd64"),
      status("tzdata", "all"),
      { name: "var/lib/dpkg/status.d/libc6.md5sums", content: `${"0".repeat(32)}  usr/lib/libc.so.6\n` },
      program("usr/lib/libc.so.6", amd64),
    ];
    const finding = only(await prove(imageOf(linuxArm64, entries)), "package-wrong-architecture");
    assert.equal(finding.severity, "error");
    assert.match(finding.message, /^2 of 2 .*base-files 12\.4, libc6 12\.4/);
  });

  test("a single one is a warning that names it, in the layer that installed it", async () => {
    const own = several("arm64", 5);
    const foreign = { name: "glibc-bin", architecture: "amd64", version: "2.35-r0", files: ["/opt/glibc/ldconfig"] };
    const proof = await prove(
      imageOf(
        linuxArm64,
        dpkg(own),
        [...dpkg([...own, foreign]), { name: "opt/glibc/ldconfig", content: "#!/bin/true\n" }],
        dpkg([...own, foreign, { name: "late", architecture: "arm64" }]),
      ),
    );
    const finding = only(proof, "package-wrong-architecture");
    assert.equal(finding.severity, "warning");
    assert.deepEqual(finding.package, {
      database: "dpkg",
      name: "glibc-bin",
      version: "2.35-r0",
      architecture: "amd64",
    });
    assert.equal(finding.layer?.index, 1);
    assert.equal(finding.layer?.createdBy, "RUN step 1 # buildkit");
    assert.equal(proof.verdict, "pass");
  });

  test("an architecture that was enabled in dpkg is meant to be there", async () => {
    const packages = [...several("arm64", 5), { name: "libc6", architecture: "amd64" }];
    assert.deepEqual(rules(await prove(imageOf(linuxArm64, dpkg(packages, "arm64\namd64\n")))), []);
    assert.deepEqual(rules(await prove(imageOf(linuxArm64, dpkg(packages, "arm64\n")))), [
      "warning package-wrong-architecture",
    ]);
  });

  test("an enabled architecture does not excuse a whole userland of it", async () => {
    const packages = [...several("amd64", 5), { name: "libc6", architecture: "arm64" }];
    const proof = await prove(imageOf(linuxArm64, dpkg(packages, "amd64\narm64\n")));
    assert.equal(only(proof, "package-wrong-architecture").severity, "error");
  });

  test("32-bit x86 beside amd64 is at home, and alone it is not", async () => {
    const rpm = (packages: readonly MadePackage[]) => [
      { name: "var/lib/rpm/rpmdb.sqlite", content: makeRpmSqlite(packages) },
    ];
    assert.deepEqual(
      rules(await prove(imageOf(linuxAmd64, rpm([...several("x86_64", 2), ...several("i686", 5)])))),
      [],
    );
    assert.deepEqual(
      rules(await prove(imageOf(linuxAmd64, dpkg([...several("amd64", 2), ...several("i386", 5)])))),
      [],
    );
    assert.deepEqual(rules(await prove(imageOf(linuxAmd64, rpm(several("i586", 5))))), [
      "error package-wrong-architecture",
    ]);
  });

  test("the ports of 32-bit ARM", async () => {
    const fits = [
      [linuxArmV7, "dpkg", "armhf"],
      // Raspbian's.
      [linuxArmV6, "dpkg", "armhf"],
      [linuxArmV7, "dpkg", "armel"],
      [linuxArmV6, "apk", "armhf"],
      [linuxArmV7, "apk", "armhf"],
      [linuxArmV7, "apk", "armv7"],
      [linuxArmV7, "rpm", "armv7hl"],
    ] as const;
    const wrong = [
      [linuxArmV6, "apk", "armv7"],
      [linuxArmV6, "rpm", "armv7hl"],
      [linuxArm64, "dpkg", "armhf"],
      [linuxArmV7, "dpkg", "arm64"],
    ] as const;
    const entries = (kind: "dpkg" | "apk" | "rpm", architecture: string): readonly MadeEntry[] => {
      const packages = several(architecture, 3);
      if (kind === "dpkg") return dpkg(packages);
      return kind === "apk"
        ? [{ name: "usr/lib/apk/db/installed", content: makeApkInstalled(packages) }]
        : [{ name: "var/lib/rpm/rpmdb.sqlite", content: makeRpmSqlite(packages) }];
    };
    for (const [platform, kind, architecture] of fits) {
      const found = rules(await prove(imageOf(platform, entries(kind, architecture))));
      assert.deepEqual(found, [], `${kind} ${architecture} ${platform.architecture}`);
    }
    for (const [platform, kind, architecture] of wrong) {
      const found = rules(await prove(imageOf(platform, entries(kind, architecture))));
      assert.deepEqual(found, ["error package-wrong-architecture"], `${kind} ${architecture} ${platform.architecture}`);
    }
  });

  test("words that are not known are told and weigh nothing", async () => {
    const content = makeRpmSqlite(several("cortexa57", 3));
    const proof = await prove(imageOf(linuxArm64, [{ name: "var/lib/rpm/rpmdb.sqlite", content }]));
    assert.equal(proof.verdict, "pass");
    assert.deepEqual(rules(proof), ["note package-wrong-architecture"]);
    assert.match(
      only(proof, "package-wrong-architecture").message,
      /^3 of 3 .* for cortexa57 .* which Archway does not know/,
    );
  });

  test("a database that does not belong to the image's own code is a warning", async () => {
    const entries = [...dpkg(several("amd64", 3)), program("app", arm64)];
    const proof = await prove({ ...imageOf(linuxArm64, entries), entrypoint: ["/app"] });
    assert.deepEqual(rules(proof), ["warning package-wrong-architecture"]);
    assert.equal(only(proof, "package-wrong-architecture").cause?.code, "foreign-package-database");
  });

  test("what a later layer removed does not count", async () => {
    const whiteout = [{ name: "var/lib/dpkg/.wh.status", content: "" }];
    assert.deepEqual(rules(await prove(imageOf(linuxArm64, dpkg(several("amd64", 3)), whiteout))), []);
  });

  test("an exception with a reason makes a note of it", async () => {
    const proof = await prove(imageOf(linuxArm64, dpkg(several("amd64", 3))), [
      { path: "/var/lib/dpkg/status", reason: "kept for a scanner" },
    ]);
    assert.equal(proof.verdict, "pass");
    assert.match(only(proof, "package-wrong-architecture").message, /Allowed: kept for a scanner/);
  });
});

describe("apk's own architecture", () => {
  const image = (platform: MadeImage["platform"], word: string) =>
    imageOf(platform, [{ name: "etc/apk/arch", content: `${word}\n`, mode: 0o644 }]);

  test("one that contradicts the platform is a warning", async () => {
    const proof = await prove(image(linuxArm64, "x86_64"));
    const finding = only(proof, "apk-architecture-mismatch");
    assert.equal(finding.severity, "warning");
    assert.match(finding.message, /\/etc\/apk\/arch says x86_64, but the image is declared linux\/arm64/);
    assert.equal(proof.verdict, "pass");
  });

  test("the right one is no finding", async () => {
    assert.deepEqual(rules(await prove(image(linuxArm64, "aarch64"))), []);
    assert.deepEqual(rules(await prove(image(linuxArmV6, "armhf"))), []);
  });
});

describe("databases that were not read", () => {
  test("an unknown format, a damaged and a moved one are notes that say so", async () => {
    const proof = await prove(
      imageOf(linuxArm64, [
        { name: "var/lib/rpm/Packages", content: Buffer.alloc(4096, 7) },
        { name: "lib/apk/db/installed", content: "P:x\n\n".repeat(50_001) },
        { name: "var/lib/dpkg", type: "symlink", target: "../../opt/dpkg" },
        { name: "opt/dpkg/status", content: makeDpkgStatus(several("amd64", 3)) },
      ]),
    );
    const notes = proof.findings.filter(({ rule }) => rule === "packages-not-read");
    assert.deepEqual(
      notes.map(({ severity, path }) => `${severity} ${path}`),
      ["note /opt/dpkg/status", "note /lib/apk/db/installed", "note /var/lib/rpm/Packages"],
    );
    assert.match(notes[2]?.message ?? "", /it is no hash database of Berkeley DB/);
    assert.match(notes[1]?.message ?? "", /it lists more than 50000 packages/);
  });

  test("RPM: an older file that a conversion left is passed over, and a log with changes is told", async () => {
    const newest = { name: "var/lib/rpm/rpmdb.sqlite", content: makeRpmSqlite(several("aarch64", 2)) };
    const older = { name: "var/lib/rpm/Packages", content: Buffer.alloc(4096, 7) };
    assert.deepEqual(rules(await prove(imageOf(linuxArm64, [newest, older]))), []);
    const log = { name: "var/lib/rpm/rpmdb.sqlite-wal", content: "changes" };
    const proof = await prove(imageOf(linuxArm64, [newest, log]));
    assert.match(only(proof, "packages-not-read").message, /rpmdb\.sqlite-wal was not read: it is a log of changes/);
  });

  test("one beyond the bound is not read", async () => {
    const content = Buffer.alloc(16 * 1024 * 1024 + 1, "\n");
    const proof = await prove(imageOf(linuxArm64, [{ name: "var/lib/dpkg/status", content }]));
    assert.match(only(proof, "packages-not-read").message, /it is larger than 16 MiB/);
  });
});

describe("the package of a file", () => {
  test("is found through the links of a merged /usr, with its version", async () => {
    const entries = [
      { name: "bin", type: "symlink", target: "usr/bin" } as const,
      program("usr/bin/tool", amd64),
      ...dpkg([
        ...several("arm64", 3),
        { name: "tool", version: "1.2-3", architecture: "arm64", files: ["/bin", "/bin/tool"] },
      ]),
    ];
    const finding = only(await prove(imageOf(linuxArm64, entries)), "executable-wrong-architecture");
    assert.equal(finding.path, "/usr/bin/tool");
    assert.deepEqual(finding.package, { database: "dpkg", name: "tool", version: "1.2-3", architecture: "arm64" });
    assert.notEqual(finding.cause?.code, "foreign-package");
  });

  test("a package of an enabled foreign architecture is the cause of its files", async () => {
    const entries = [
      program("usr/bin/tool", amd64),
      { name: "var/lib/dpkg/info/tool:amd64.list", content: "/.\n/usr\n/usr/bin\n/usr/bin/tool\n" },
      ...dpkg([...several("arm64", 3), { name: "tool", version: "1.2-3", architecture: "amd64" }], "arm64\namd64\n"),
    ];
    const proof = await prove(imageOf(linuxArm64, entries));
    const finding = only(proof, "executable-wrong-architecture");
    assert.equal(finding.package?.name, "tool");
    assert.deepEqual(finding.cause, {
      code: "foreign-package",
      text: "The file is of the package tool:amd64 1.2-3, which is for the enabled foreign architecture amd64.",
    });
    assert.match(finding.fix?.title ?? "", /Install tool for arm64/);
  });

  test("libraries in the folder of an enabled architecture are a note, as without a database", async () => {
    const library = "usr/lib/x86_64-linux-gnu/libz.so.1";
    const entries = [
      program(library, amd64),
      program("usr/bin/own", arm64),
      ...dpkg(
        [...several("arm64", 3), { name: "zlib1g", architecture: "amd64", files: [`/${library}`] }],
        "arm64\namd64\n",
      ),
    ];
    const proof = await prove(imageOf(linuxArm64, entries));
    assert.deepEqual(rules(proof), ["note foreign-code-expected"]);
    assert.equal(proof.findings[0]?.package, undefined, "a finding about several files names no package");
  });

  test("of two packages that share a path, the one of the code's architecture", async () => {
    const shared = ["/usr/bin/tool"];
    const entries = [
      program("usr/bin/tool", i386),
      {
        name: "var/lib/rpm/rpmdb.sqlite",
        content: makeRpmSqlite([
          { name: "tool", architecture: "x86_64", files: shared },
          { name: "tool", architecture: "i686", files: shared },
        ]),
      },
    ];
    const finding = only(await prove(imageOf(linuxAmd64, entries)), "executable-wrong-architecture");
    assert.equal(finding.package?.architecture, "i686");
    assert.match(finding.cause?.text ?? "", /tool\.i686 1\.0-1, which is for the architecture i686/);
  });
});
