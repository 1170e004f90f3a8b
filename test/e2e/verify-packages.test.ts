import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { verifySchema } from "../../src/cli/output-schemas.ts";
import { parsePlatform } from "../../src/platform/platform.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { amd64, makeElf } from "../../src/verify/test-elf.ts";
import { putImage } from "../../src/verify/test-image.ts";
import type { MadeEntry } from "../../src/verify/test-image.ts";
import { openArchive } from "../bed/base/debian-archive.ts";
import { unavailable } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
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

describe("databases that dpkg wrote", { skip: await whyNoDpkg() }, () => {
  const names = ["hostname", "zlib1g", "netbase", "sed"] as const;
  type Name = (typeof names)[number];
  /** Architecture → package → its file. */
  const files = new Map<"amd64" | "arm64", Map<string, string>>();
  before(async () => {
    for (const architecture of ["amd64", "arm64"] as const) {
      const archive = await openArchive(architecture, [], () => undefined);
      const fetched = await archive.fetch(names);
      files.set(architecture, new Map(names.map((name, index) => [name, fetched[index]?.file ?? ""])));
    }
  });

  /** A root folder with a merged /usr into which dpkg unpacked packages of Debian; no script of theirs runs. */
  async function root(name: string, own: "amd64" | "arm64", foreign: readonly Name[] = []): Promise<string> {
    const folder = join(place, name);
    for (const directory of ["usr/bin", "usr/lib", "var/lib/dpkg/updates", "var/lib/dpkg/info"]) {
      mkdirSync(join(folder, directory), { recursive: true });
    }
    for (const link of ["bin", "lib"]) symlinkSync(`usr/${link}`, join(folder, link));
    for (const file of ["status", "available"]) writeFileSync(join(folder, "var/lib/dpkg", file), "");
    const packages = [
      ...(["hostname", "zlib1g", "netbase"] as const).map((one) => files.get(own)?.get(one) ?? ""),
      ...foreign.map((one) => files.get("amd64")?.get(one) ?? ""),
    ];
    const forced = ["--force-architecture", "--force-depends", "--force-unsafe-io", "--no-triggers"];
    await run("dpkg", [`--root=${folder}`, ...forced, "--unpack", ...packages]);
    return folder;
  }

  test("packages of this platform: no finding about packages", async () => {
    const { findings } = await verify("linux/arm64", [await root("right", "arm64")]);
    assert.deepEqual(aboutPackages(findings), []);
  });

  test("packages of amd64 in an image for arm64 are refused, with the files' packages and versions", async () => {
    const { code, verdict, findings } = await verify("linux/arm64", [await root("wrong", "amd64")]);
    assert.equal(code, 1);
    assert.equal(verdict, "fail");
    const whole = only(findings, "package-wrong-architecture");
    assert.equal(whole.severity, "error");
    assert.match(whole.message, /^2 of 2 architecture-dependent packages are for amd64 \(dpkg: hostname /);
    // hostname lists /bin/hostname, and /bin is a link.
    const hostname = findings.find(({ path }) => path === "/usr/bin/hostname");
    assert.deepEqual(hostname?.package, {
      ...hostname?.package,
      database: "dpkg",
      name: "hostname",
      architecture: "amd64",
    });
    assert.match(hostname?.package?.version ?? "", /^\d/);
    assert.equal(hostname?.cause?.code, "foreign-package");
  });

  test("one package of amd64 in an image for arm64 is named, as the cause of its program", async () => {
    const folder = await root("mixed", "arm64", ["sed"]);
    const { findings } = await verify("linux/arm64", [folder]);
    const single = only(findings, "package-wrong-architecture");
    assert.equal(single.severity, "warning");
    assert.equal(single.package?.name, "sed");
    const program = only(findings, "executable-wrong-architecture");
    assert.equal(program.path, "/usr/bin/sed");
    assert.equal(program.package?.name, "sed");
    assert.match(program.cause?.text ?? "", /package sed:amd64 .* architecture amd64/);
  });

  test("an architecture that dpkg was told of is meant to be there", async () => {
    const folder = await root("enabled", "arm64", ["sed"]);
    await run("dpkg", [`--root=${folder}`, "--add-architecture", "arm64"]);
    // dpkg here is of amd64, which it writes down with the added one.
    assert.match(readFileSync(join(folder, "var/lib/dpkg/arch"), "utf8"), /^amd64$/m);
    const { findings } = await verify("linux/arm64", [folder]);
    assert.deepEqual(aboutPackages(findings), []);
    assert.match(
      only(findings, "executable-wrong-architecture").cause?.text ?? "",
      /enabled foreign architecture amd64/,
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
async function whyNoDpkg(): Promise<string | false> {
  return process.getuid?.() === 0 ? unavailable("bases") : "needs root";
}
