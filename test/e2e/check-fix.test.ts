import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";
import { startArchway } from "./archway.ts";

const broken = "FROM debian:12\nCOPY bin/app-amd64 /usr/bin/app\n";
const repaired = "FROM debian:12\nARG TARGETARCH\nCOPY bin/app-${TARGETARCH} /usr/bin/app\n";
const sum = "1".repeat(64);
const checked = `FROM debian:12\nRUN curl -fsSLo /t https://example.org/t-linux-amd64 && echo "${sum}  /t" | sha256sum -c -\n`;

suite("archway check --fix", () => {
  let base = "";
  before(async () => (base = await mkdtemp(join(tmpdir(), "archway-fix-"))));
  after(() => rm(base, { recursive: true }));

  const folderOf = async (name: string, Dockerfile: string): Promise<string> => {
    const folder = join(base, name);
    await mkdir(join(folder, "bin"), { recursive: true });
    await writeFile(join(folder, "bin/app-amd64"), "x");
    await writeFile(join(folder, "bin/app-arm64"), "x");
    await writeFile(join(folder, "Dockerfile"), Dockerfile);
    return folder;
  };
  const check = (cwd: string, args: readonly string[]) =>
    startArchway(["check", "--offline", ...args], {
      cwd,
      env: { PATH: process.env["PATH"], HOME: base, NO_COLOR: "1" },
    }).ended;
  const textIn = (folder: string) => readFile(join(folder, "Dockerfile"), "utf8");

  test("writes what it repairs, keeps the mode, and leaves no other file", async () => {
    const folder = await folderOf("written", broken);
    await chmod(join(folder, "Dockerfile"), 0o640);
    const { code } = await check(folder, ["--fix"]);
    assert.equal(code, 0);
    assert.equal(await textIn(folder), repaired);
    assert.equal((await stat(join(folder, "Dockerfile"))).mode & 0o777, 0o640);
    assert.deepEqual((await readdir(folder)).toSorted(), ["Dockerfile", "bin"]);
  });

  test("--dry-run prints a diff that git applies, and writes nothing", async () => {
    const folder = await folderOf("dry", broken);
    const { stdout } = await check(folder, ["--fix", "--dry-run"]);
    assert.equal(await textIn(folder), broken);
    await writeFile(join(base, "dry.diff"), stdout);
    await promisify(execFile)("git", ["apply", join(base, "dry.diff")], { cwd: folder });
    assert.equal(await textIn(folder), repaired);
  });

  test("--fix=RULE repairs the findings of that rule alone", async () => {
    const folder = await folderOf("rule", broken);
    const { code } = await check(folder, ["--fix=hardcoded-arch-download"]);
    assert.equal(code, 1);
    assert.equal(await textIn(folder), broken);
  });

  test("a refusal says why and what to do, and writes nothing", async () => {
    const folder = await folderOf("refused", checked);
    const { code, stdout, stderr } = await check(folder, ["--fix"]);
    assert.equal(code, 1);
    assert.match(stdout + stderr, /do\s+not leave the check out/);
    assert.equal(await textIn(folder), checked);
  });
});
