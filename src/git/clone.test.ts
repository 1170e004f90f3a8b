import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtempDisposable, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startGitServer } from "../../test/bed/git-server.ts";
import { type CloneOptions, cloneRepository } from "./clone.ts";
import { copyRepository } from "./copy-repository.ts";
import { readGitPlace } from "./git-url.ts";

const signal = new AbortController().signal;
const login = { username: "ci", password: "s3cret/pass" };

/** A server with `app.git` (two commits on main, a tag, a branch with a slash, a submodule) and `lib.git`; a home without any settings. */
async function serverOfTest() {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-git-"));
  const home = join(root.path, "home");
  await mkdir(home);
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, GIT_CONFIG_NOSYSTEM: "1" };
  const gitIn =
    (folder: string) =>
    (...args: readonly string[]) =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
        cwd: join(root.path, folder),
        env,
        stdio: "pipe",
        encoding: "utf8",
      }).trim();
  for (const name of ["lib.git", "app.git"]) {
    await mkdir(join(root.path, name));
    gitIn(name)("init", "--quiet", "-b", "main");
    await writeFile(join(root.path, name, "file"), `of ${name}`);
    gitIn(name)("add", ".");
    gitIn(name)("commit", "--quiet", "-m", "one");
  }
  const app = gitIn("app.git");
  app("tag", "v1");
  app("branch", "topic/v1");
  app("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../lib.git", "lib");
  app("commit", "--quiet", "-m", "two");
  const commits = { first: app("rev-parse", "HEAD~1"), second: app("rev-parse", "HEAD") };
  const server = await startGitServer(root.path, login);
  const trace = join(root.path, "trace");
  const clone = (what: string, name: string, more: Partial<CloneOptions> = {}) =>
    cloneRepository(readGitPlace(what), join(root.path, name), {
      depth: 2,
      about: { name: "the source", code: "SOURCE" },
      env: { ...env, GIT_TRACE2_EVENT: trace },
      signal,
      ...more,
    });
  return {
    path: root.path,
    home,
    env,
    gitIn,
    commits,
    trace,
    url: `${server.url}/app.git`,
    server,
    clone,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

describe("a clone", () => {
  test("is of the branch, tag or commit that was asked for, and knows which", async () => {
    await using server = await serverOfTest();
    const { clone, gitIn, commits, url } = server;
    const short = commits.first.slice(0, 9);
    for (const [index, [ref, commit, branch]] of (
      [
        ["", commits.second, "refs/heads/main"],
        ["#main", commits.second, "refs/heads/main"],
        ["#topic/v1", commits.first, "refs/heads/topic/v1"],
        ["#v1", commits.first, ""],
        [`#${commits.first}`, commits.first, ""],
        [`#${short}`, commits.first, ""],
      ] as const
    ).entries()) {
      const name = `clone-${index}`;
      assert.equal((await clone(`${url}${ref}`, name, { login })).commit, commit, ref);
      const git = gitIn(name);
      const head = spawnSync("git", ["symbolic-ref", "-q", "HEAD"], { cwd: join(server.path, name), encoding: "utf8" });
      assert.equal(head.stdout.trim(), branch, ref);
      assert.equal(git("status", "--porcelain"), "", ref);
      if (ref === "#v1") assert.equal(git("describe", "--tags", "--exact-match"), "v1");
      if (ref === "#main") assert.equal(await readFile(join(server.path, name, "lib/file"), "utf8"), "of lib.git");
    }
  });

  test("has its history and tags when asked for", async () => {
    await using server = await serverOfTest();
    await writeFile(join(server.path, "app.git/file"), "three");
    server.gitIn("app.git")("commit", "--quiet", "-a", "-m", "three");
    const clone = await server.clone(server.url, "clone", { login });
    const git = server.gitIn("clone");
    assert.equal(git("rev-list", "--count", "HEAD"), "2");
    await clone.deepen();
    assert.equal(git("rev-list", "--count", "HEAD"), "3");
    assert.match(git("describe", "--tags"), /^v1-2-g/);
    await clone.deepen();
  });

  test("leaves no password behind: not in files, not in arguments, not with helpers of the user", async () => {
    await using server = await serverOfTest();
    const { clone, home, path, trace } = server;
    await writeFile(join(home, ".gitconfig"), "[credential]\n\thelper = store\n");
    const inUrl = server.url.replace("http://", `http://ci:${encodeURIComponent(login.password)}@`);
    await clone(server.url, "by-secret", { login });
    await clone(inUrl, "by-url");
    assert.equal(await readFile(join(path, "by-url/lib/file"), "utf8"), "of lib.git");
    assert.equal(existsSync(join(home, ".git-credentials")), false, "a helper keeps it");
    for (const word of [login.password, encodeURIComponent(login.password)]) {
      const found = spawnSync("grep", ["-r", "-a", "-F", word, "by-secret", "by-url", "home"], { cwd: path });
      assert.equal(found.stdout.toString(), "");
      const arguments_ = await readFile(trace, "utf8");
      assert.match(arguments_, /"argv":\["git","fetch"/);
      assert.equal(arguments_.includes(word), false, "it is in arguments");
    }
  });

  test("takes the login from Git's own helpers", async () => {
    await using server = await serverOfTest();
    const store = join(server.home, "store");
    await writeFile(store, `${server.server.url.replace("//", `//ci:${encodeURIComponent(login.password)}@`)}\n`);
    await writeFile(join(server.home, ".gitconfig"), `[credential]\n\thelper = store --file ${store}\n`);
    assert.equal((await server.clone(server.url, "clone")).commit, server.commits.second);
  });

  test("tells what is unknown from what cannot be reached", async () => {
    await using server = await serverOfTest();
    const { clone, url } = server;
    const other = { ...login, password: "another-one" };
    await assert.rejects(clone(`${url}#nothere`, "a", { login }), { code: "SOURCE_INVALID", kind: "input" });
    await assert.rejects(clone(`${url}#${"1".repeat(40)}`, "b", { login }), { code: "SOURCE_INVALID" });
    await assert.rejects(clone(`${url}#--upload-pack=x`, "c", { login }), { code: "SOURCE_INVALID" });
    const refused = { code: "SOURCE_UNREACHABLE", kind: "unreachable" };
    await assert.rejects(clone(url, "d"), refused);
    await assert.rejects(clone("http://127.0.0.1:1/app.git", "e"), refused);
    await assert.rejects(clone(url, "f", { login: other }), (error: Error) => {
      assert.match(error.message, /Authentication failed/);
      assert.doesNotMatch(error.message, /another-one/);
      return true;
    });
  });
});

describe("files in Git LFS", () => {
  async function withLfs(server: Awaited<ReturnType<typeof serverOfTest>>): Promise<string> {
    const git = server.gitIn("lib.git");
    await writeFile(join(server.path, "lib.git/.gitattributes"), "*.bin filter=lfs -text\n");
    const content = "large";
    const oid = "ed7ecdb7c7e0e8bc7fbd8a6a7bc75a4b1ec9b3ce6a04b3a4d6a4a7f9b4b5b7a2";
    await writeFile(
      join(server.path, "lib.git/a.bin"),
      `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`,
    );
    git("add", ".");
    git("commit", "--quiet", "-m", "lfs");
    return `file://${server.path}/lib.git`;
  }

  test("are asked for git-lfs where they are needed", async () => {
    await using server = await serverOfTest();
    const url = await withLfs(server);
    const bin = join(server.path, "bin");
    await mkdir(bin);
    for (const name of await readdir("/usr/bin"))
      if (name !== "git-lfs") await symlink(join("/usr/bin", name), join(bin, name));
    const env = { ...server.env, PATH: bin };
    await assert.rejects(server.clone(url, "a", { needsLfs: true, env }), {
      code: "GIT_LFS_MISSING",
      message: /1 files of the repository lie in Git LFS \(a\.bin\)/,
    });
    await server.clone(url, "b", { env });
    await server.clone(url, "c", { needsLfs: true, env: { ...env, GIT_LFS_SKIP_SMUDGE: "1" } });
    assert.match(await readFile(join(server.path, "c/a.bin"), "utf8"), /^version https:/);
  });

  test("come by git-lfs, without its being installed for the user", async (t) => {
    if (spawnSync("git-lfs", ["version"]).status !== 0) return t.skip("there is no git-lfs");
    await using server = await serverOfTest();
    const git = server.gitIn("lib.git");
    git("lfs", "install", "--local");
    git("lfs", "track", "*.bin");
    await writeFile(join(server.path, "lib.git/a.bin"), "large");
    git("add", ".");
    git("commit", "--quiet", "-m", "lfs");
    assert.match(git("show", "HEAD:a.bin"), /^version https:/);
    await server.clone(`file://${server.path}/lib.git`, "clone", { needsLfs: true });
    assert.equal(await readFile(join(server.path, "clone/a.bin"), "utf8"), "large");
  });
});

describe("the repository of a workspace", () => {
  for (const depth of ["commit", "history"] as const) {
    test(`has the ${depth}, its branch and tags, and no remote`, async () => {
      await using server = await serverOfTest();
      const { gitIn, path, commits } = server;
      const app = gitIn("app.git");
      app("config", "remote.origin.url", "https://user:s3cret@example.com/app.git");
      app("tag", "-a", "-m", "x", "v2");
      const to = join(path, "workspace");
      await mkdir(to);
      await writeFile(join(to, "file"), "changed");
      const done = await copyRepository(join(path, "app.git"), to, depth, { env: server.env, signal });
      assert.equal(done, true);
      const git = gitIn("workspace");
      assert.equal(git("rev-parse", "HEAD"), commits.second);
      assert.equal(git("symbolic-ref", "HEAD"), "refs/heads/main");
      assert.equal(git("rev-list", "--count", "HEAD"), depth === "commit" ? "1" : "2");
      assert.equal(git("describe", "--tags"), "v2");
      assert.equal(git("tag"), depth === "commit" ? "v2" : "v1\nv2");
      assert.equal(git("remote"), "");
      assert.match(git("status", "--porcelain"), /^ ?M file$/m);
      git("fsck", "--strict");
      assert.equal(spawnSync("grep", ["-r", "s3cret", "."], { cwd: to }).stdout.toString(), "");
    });
  }

  test("is not there where there is no commit", async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), "archway-git-"));
    const to = join(root.path, "to");
    await mkdir(to);
    assert.equal(await copyRepository(root.path, to, "commit", { env: process.env, signal }), false);
    execFileSync("git", ["init", "--quiet"], { cwd: root.path });
    assert.equal(await copyRepository(root.path, to, "history", { env: process.env, signal }), false);
    assert.deepEqual(await readdir(to), []);
  });
});
