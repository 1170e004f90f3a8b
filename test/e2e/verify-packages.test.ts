import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { verifySchema } from "../../src/cli/schemas/verify.ts";
import { parsePlatform } from "../../src/platform/platform.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { amd64, arm64, makeElf } from "../../src/verify/test-elf.ts";
import { putImage } from "../../src/verify/test-image.ts";
import type { MadeEntry } from "../../src/verify/test-image.ts";
import { unavailable } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import { findProgram } from "../bed/go-toolchain.ts";
import { archway } from "./archway.ts";

type Platform = z.infer<typeof verifySchema>["images"][number]["platforms"][number];
type Finding = Platform["findings"][number];

let place = "";
before(async () => {
  place = await mkdtemp(join(tmpdir(), "archway-packages-"));
});
after(() => rm(place, { recursive: true }));

/** The entries of a layer that holds a folder. */
function entriesOf(root: string, path = ""): MadeEntry[] {
  return readdirSync(join(root, path)).flatMap((child): MadeEntry[] => {
    const name = path === "" ? child : `${path}/${child}`;
    const file = join(root, name);
    const status = lstatSync(file);
    if (status.isSymbolicLink()) return [{ name, type: "symlink", target: readlinkSync(file) }];
    if (status.isDirectory()) return [{ name, type: "directory" }, ...entriesOf(root, name)];
    return status.isFile() ? [{ name, content: readFileSync(file), mode: status.mode & 0o7777 }] : [];
  });
}

/** Runs `archway verify` on an image whose layers hold these folders; gives its one platform and the exit code. */
async function verify(
  platform: string,
  roots: readonly string[],
): Promise<Platform & { readonly code: number | null }> {
  const layout = await mkdtemp(join(place, "layout-"));
  const store = new LayoutStore(layout);
  const layers = roots.map((root, index) => ({ entries: entriesOf(root), createdBy: `RUN step ${index} # buildkit` }));
  const image = await putImage(store, { platform: parsePlatform(platform), layers });
  await store.tag("1", image);
  const env = { ...process.env, XDG_CACHE_HOME: join(place, "cache"), XDG_STATE_HOME: join(place, "state") };
  const { code, stdout, stderr } = await archway(["verify", "--format", "json", `oci:${layout}:1`], {
    cwd: place,
    env,
  });
  assert.notEqual(stdout, "", stderr);
  const [proof] = z.strictObject(verifySchema.shape).parse(JSON.parse(stdout)).images[0]?.platforms ?? [];
  assert.ok(proof, stdout);
  return { ...proof, code };
}

function only(findings: readonly Finding[], rule: string): Finding {
  const [finding, ...more] = findings.filter((one) => one.rule === rule);
  assert.ok(finding, `${rule} is not among ${JSON.stringify(findings, undefined, 1)}`);
  assert.deepEqual(more, []);
  return finding;
}

const aboutPackages = (findings: readonly Finding[]) =>
  findings.filter(({ rule }) => /package|apk/.test(rule)).map(({ rule, severity }) => `${severity} ${rule}`);

describe("databases that dpkg wrote", { skip: whyNoDpkg() }, () => {
  /** A package file with a program or library for an architecture. */
  async function build(name: string, architecture: "amd64" | "arm64" | "all", path: string): Promise<string> {
    const folder = await mkdtemp(join(place, "deb-"));
    mkdirSync(join(folder, "DEBIAN"));
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    const content = architecture === "all" ? "text\n" : makeElf({ ...{ amd64, arm64 }[architecture], type: 3 });
    writeFileSync(join(folder, path), content, { mode: 0o755 });
    // Packages of which several architectures may be installed have the architecture in the names of their files.
    const control = `Package: ${name}\nVersion: 1:2.5-1\nArchitecture: ${architecture}\n${architecture === "all" ? "" : "Multi-Arch: same\n"}Maintainer: a <a@example.org>\nDescription: a package\n`;
    writeFileSync(join(folder, "DEBIAN/control"), control);
    await run("dpkg-deb", ["--root-owner-group", "--build", folder, `${folder}.deb`]);
    return `${folder}.deb`;
  }

  /** A root folder with a merged /usr into which dpkg installed packages. */
  async function root(...packages: readonly Promise<string>[]): Promise<string> {
    const folder = await mkdtemp(join(place, "root-"));
    for (const directory of ["usr/bin", "usr/lib", "var/lib/dpkg/updates", "var/lib/dpkg/info"]) {
      mkdirSync(join(folder, directory), { recursive: true });
    }
    for (const link of ["bin", "lib"]) symlinkSync(`usr/${link}`, join(folder, link));
    for (const file of ["status", "available"]) writeFileSync(join(folder, "var/lib/dpkg", file), "");
    const forced = ["--force-architecture", "--force-unsafe-io"];
    await run("dpkg", [`--root=${folder}`, ...forced, "--install", ...(await Promise.all(packages))]);
    return folder;
  }

  const data = () => build("data", "all", "usr/share/data/text");
  const native = () => [
    build("shell", "arm64", "bin/shell"),
    build("library", "arm64", "usr/lib/aarch64-linux-gnu/libx.so.1"),
  ];
  const foreign = () => [
    build("shell", "amd64", "bin/shell"),
    build("library", "amd64", "usr/lib/x86_64-linux-gnu/libx.so.1"),
  ];

  test("packages of this platform: no finding", async () => {
    const { code, findings } = await verify("linux/arm64", [await root(data(), ...native())]);
    assert.equal(code, 0);
    assert.deepEqual(findings, []);
  });

  test("packages of amd64 in an image for arm64 are refused, with the package and version of each file", async () => {
    const { code, verdict, findings } = await verify("linux/arm64", [await root(data(), ...foreign())]);
    assert.equal(code, 1);
    assert.equal(verdict, "fail");
    const whole = only(findings, "package-wrong-architecture");
    assert.equal(whole.severity, "error");
    assert.match(
      whole.message,
      /^2 of 2 architecture-dependent packages are for amd64 \(dpkg: library 1:2\.5-1, shell /,
    );
    // The package lists /bin/shell, and /bin is a link.
    const program = only(findings, "executable-wrong-architecture");
    assert.equal(program.path, "/usr/bin/shell");
    assert.deepEqual(program.package, { database: "dpkg", name: "shell", version: "1:2.5-1", architecture: "amd64" });
    assert.equal(program.cause?.code, "foreign-package");
  });

  test("one package of amd64 in an image for arm64 is named, as the cause of its program", async () => {
    const folder = await root(data(), ...native(), build("tool", "amd64", "usr/bin/tool"));
    const { findings } = await verify("linux/arm64", [folder]);
    const single = only(findings, "package-wrong-architecture");
    assert.equal(single.severity, "warning");
    assert.equal(single.package?.name, "tool");
    const program = only(findings, "executable-wrong-architecture");
    assert.equal(program.path, "/usr/bin/tool");
    assert.match(program.cause?.text ?? "", /package tool:amd64 1:2\.5-1, which is for the architecture amd64/);
  });

  test("an architecture that dpkg was told of is meant to be there", async () => {
    const library = build("library", "amd64", "usr/lib/x86_64-linux-gnu/libx.so.1");
    const folder = await root(...native(), library);
    const other = (await run("dpkg", ["--print-architecture"])).trim() === "amd64" ? "arm64" : "amd64";
    await run("dpkg", [`--root=${folder}`, "--add-architecture", other]);
    const { code, findings } = await verify("linux/arm64", [folder]);
    assert.equal(code, 0);
    assert.deepEqual(
      findings.map(({ rule, severity }) => `${severity} ${rule}`),
      ["note foreign-code-expected"],
    );
  });
});

describe("databases that RPM wrote", { skip: await unavailable("rpm") }, () => {
  const spec = [
    "Name: tool\nEpoch: 2\nVersion: 1.5\nRelease: 3\nSummary: a tool\nLicense: none\n%description\na tool\n%install",
    "mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/doc/tool\ncp %{code} %{buildroot}/usr/bin/tool",
    "echo text > %{buildroot}/usr/share/doc/tool/README",
    "%files\n/usr/bin/tool\n/usr/share/doc/tool/README\n",
  ].join("\n");

  /** A package of an architecture, whatever its files are. */
  async function build(architecture: string): Promise<string> {
    const top = await mkdtemp(join(place, "rpmbuild-"));
    writeFileSync(join(top, "tool.spec"), spec);
    writeFileSync(join(top, "code"), makeElf(amd64));
    const settings = { _topdir: top, code: join(top, "code"), __os_install_post: "%{nil}", _build_id_links: "none" };
    const defines = Object.entries(settings).flatMap(([name, value]) => ["--define", `${name} ${value}`]);
    const checks = ["--define", "__spec_install_post %{nil}", "--define", "debug_package %{nil}"];
    await run("rpmbuild", ["-bb", "--target", architecture, ...defines, ...checks, join(top, "tool.spec")]);
    return join(top, "RPMS", architecture, `tool-1.5-3.${architecture}.rpm`);
  }

  async function root(architecture: string): Promise<string> {
    const folder = await mkdtemp(join(place, "root-"));
    const base = ["--root", folder, "--dbpath", "/var/lib/rpm"];
    await run("rpm", [...base, "--initdb"]);
    await run("rpm", [...base, "--install", "--nodeps", "--ignorearch", await build(architecture)]);
    return folder;
  }

  test("SQLite: a package of x86_64 in an image for arm64", async () => {
    const folder = await root("x86_64");
    const { code, findings } = await verify("linux/arm64", [folder]);
    assert.equal(code, 1);
    const wrong = only(findings, "package-wrong-architecture");
    assert.equal(wrong.path, "/var/lib/rpm/rpmdb.sqlite");
    assert.match(wrong.message, /^1 of 1 architecture-dependent packages are for x86_64 \(rpm: tool 2:1\.5-3\)/);
    const program = only(findings, "executable-wrong-architecture");
    assert.equal(program.path, "/usr/bin/tool");
    assert.deepEqual(program.package, { database: "rpm", name: "tool", version: "2:1.5-3", architecture: "x86_64" });
  });

  test("SQLite: the same package in an image for amd64", async () => {
    const { code, findings } = await verify("linux/amd64", [await root("x86_64")]);
    assert.equal(code, 0);
    assert.deepEqual(aboutPackages(findings), []);
  });

  test("Berkeley DB: the same headers as older versions of RPM keep them", async () => {
    const made = await root("aarch64");
    const folder = await mkdtemp(join(place, "root-"));
    mkdirSync(join(folder, "var/lib/rpm"), { recursive: true });
    mkdirSync(join(folder, "usr/bin"), { recursive: true });
    writeFileSync(join(folder, "usr/bin/tool"), makeElf(amd64), { mode: 0o755 });
    using database = new DatabaseSync(join(made, "var/lib/rpm/rpmdb.sqlite"), { readOnly: true });
    const header = database.prepare("SELECT blob FROM Packages").get()?.["blob"];
    assert.ok(header instanceof Uint8Array);
    const hex = (bytes: Uint8Array) => ` ${Buffer.from(bytes).toString("hex")}\n`;
    const key = (number: number) => hex(Uint8Array.of(number % 256, number >> 8, 0, 0));
    const packages = Array.from({ length: 300 }, (_, index) => key(index + 1) + hex(header));
    const text = `VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END\n${key(0)}${key(300)}${packages.join("")}DATA=END\n`;
    writeFileSync(join(place, "dump"), text);
    await run("db5.3_load", ["-f", join(place, "dump"), join(folder, "var/lib/rpm/Packages")]);

    const native = await verify("linux/arm64", [folder]);
    assert.deepEqual(aboutPackages(native.findings), []);
    const program = only(native.findings, "executable-wrong-architecture");
    assert.deepEqual(program.package, { database: "rpm", name: "tool", version: "2:1.5-3", architecture: "aarch64" });
    const foreign = await verify("linux/amd64", [folder]);
    assert.match(only(foreign.findings, "package-wrong-architecture").message, /^300 of 300 .* are for aarch64/);
  });
});

/** dpkg gives files to their owners, as only root may. */
function whyNoDpkg(): string | false {
  if (findProgram("dpkg-deb") === undefined) return "needs dpkg";
  return process.getuid?.() === 0 ? false : "needs root";
}
