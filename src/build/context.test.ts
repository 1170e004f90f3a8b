import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import { openContext } from "./context.ts";
import type { ContextInputs } from "./context.ts";
import { parseGitUrl } from "../git/git-url.ts";
import { fingerprintContext } from "./fingerprint.ts";
import type { ContextFilter } from "./fingerprint.ts";

function folder(t: { after(work: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), "archway-test-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function inputs(scratch: string, stdin: Uint8Array = new Uint8Array()): ContextInputs {
  return {
    cwd: scratch,
    stdin: Readable.from([stdin]),
    scratch,
    env: process.env,
    signal: new AbortController().signal,
  };
}

const everything: ContextFilter = { ignores: () => false, excludesDirectory: () => false };

test("Git URLs are told from folders, with reference and subfolder", () => {
  assert.deepEqual(parseGitUrl("https://example.com/a/b.git#v1.2:docker/app"), {
    url: "https://example.com/a/b.git",
    ref: "v1.2",
    subfolder: "docker/app",
  });
  assert.deepEqual(parseGitUrl("git@example.com:a/b.git#:sub"), {
    url: "git@example.com:a/b.git",
    subfolder: "sub",
  });
  assert.deepEqual(parseGitUrl("github.com/a/b"), { url: "https://github.com/a/b" });
  assert.deepEqual(parseGitUrl("https://example.com/b.git?ref=main&subdir=x"), {
    url: "https://example.com/b.git",
    ref: "main",
    subfolder: "x",
  });
  for (const path of [".", "./app.git", "/srv/app", "https://example.com/app.tar.gz"]) {
    assert.equal(parseGitUrl(path), undefined, path);
  }
});

test("a Git context: the branch, the subfolder and the commit; what is not there is the user's mistake", async (t) => {
  const root = folder(t);
  const repository = join(root, "app.git");
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: repository,
      encoding: "utf8",
    });
  mkdirSync(join(repository, "image"), { recursive: true });
  git("init", "-q", "-b", "main");
  writeFileSync(join(repository, "image", "Dockerfile"), "FROM scratch\n");
  git("add", ".");
  git("commit", "-q", "-m", "one");
  const commit = git("rev-parse", "HEAD").trim();
  const scratch = join(root, "scratch");
  mkdirSync(scratch);
  const opened = await openContext(`file://${repository}#main:image`, undefined, inputs(scratch));
  assert.equal(opened.commit, commit);
  assert.equal(readFileSync(opened.dockerfile, "utf8"), "FROM scratch\n");

  for (const wrong of ["#nothere", "#main:nofolder", "#main:../.."]) {
    const other = folder(t);
    await assert.rejects(
      openContext(`file://${repository}${wrong}`, undefined, inputs(other)),
      (error) => error instanceof ArchwayError && error.kind === "input",
      wrong,
    );
  }
});

test("standard input: a tar is the context, text is a Dockerfile, nothing is an error", async (t) => {
  const root = folder(t);
  writeFileSync(join(root, "Dockerfile"), "FROM scratch\n");
  const tar = execFileSync("tar", ["-C", root, "-cz", "Dockerfile"]);
  const fromTar = await openContext("-", undefined, inputs(folder(t), tar));
  assert.equal(readFileSync(fromTar.dockerfile, "utf8"), "FROM scratch\n");
  const fromText = await openContext("-", undefined, inputs(folder(t), Buffer.from("FROM busybox\n")));
  assert.equal(readFileSync(fromText.dockerfile, "utf8"), "FROM busybox\n");
  await assert.rejects(openContext("-", undefined, inputs(folder(t))), { code: "CONTEXT_INVALID", kind: "input" });
});

test("a missing folder and a missing Dockerfile are told apart", async (t) => {
  const root = folder(t);
  await assert.rejects(openContext("nothere", undefined, inputs(root)), { code: "CONTEXT_INVALID" });
  await assert.rejects(openContext(".", undefined, inputs(root)), { code: "DOCKERFILE_MISSING" });
});

test("a fingerprint changes with content, mode and name, not with what is ignored", async (t) => {
  const root = folder(t);
  const signal = new AbortController().signal;
  const digest = async (filter = everything) => (await fingerprintContext(root, filter, signal)).digest;
  writeFileSync(join(root, "a"), "one");
  symlinkSync("nothere", join(root, "dangling"));
  const first = await digest();
  assert.equal(await digest(), first);
  writeFileSync(join(root, "a"), "two");
  const second = await digest();
  assert.notEqual(second, first);
  writeFileSync(join(root, "ignored"), "x");
  assert.equal(await digest({ ...everything, ignores: (path) => path === "ignored" }), second);
  assert.notEqual(await digest(), second);
});

test("sockets are listed, and are no part of a context", async (t) => {
  const root = folder(t);
  const server = createServer();
  await new Promise<void>((ready) => server.listen(join(root, "app.sock"), ready));
  t.after(() => server.close());
  const found = await fingerprintContext(root, everything, new AbortController().signal);
  assert.deepEqual(found.sockets, ["app.sock"]);
  assert.equal(found.files, 0);
});

test("a reference that looks like an option is refused, and links of the repository lead nowhere", async (t) => {
  const root = folder(t);
  const repository = join(root, "evil.git");
  mkdirSync(repository);
  writeFileSync(join(root, "secret"), "FROM secret\n");
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: repository });
  git("init", "-q", "-b", "main");
  symlinkSync(root, join(repository, "app"));
  symlinkSync(join(root, "secret"), join(repository, "Dockerfile"));
  git("add", ".");
  git("commit", "-q", "-m", "one");
  for (const [behind, file] of [
    [`#--upload-pack=touch ${join(root, "pwned")};`, undefined],
    ["#main:app", "secret"],
    ["#main", undefined],
    ["#main", "../../secret"],
  ] as const) {
    await assert.rejects(
      openContext(`file://${repository}${behind}`, file, inputs(folder(t))),
      (error) => error instanceof ArchwayError && error.kind === "input" && !error.message.includes("FROM secret"),
      behind,
    );
  }
  assert.equal(existsSync(join(root, "pwned")), false);
});

test("a Git hook's variables do not make us work on the caller's repository", async (t) => {
  const root = folder(t);
  const repository = join(root, "app.git");
  mkdirSync(repository);
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      cwd: repository,
      encoding: "utf8",
    });
  git("init", "-q", "-b", "main");
  writeFileSync(join(repository, "Dockerfile"), "FROM scratch\n");
  git("add", ".");
  git("commit", "-q", "-m", "one");
  const scratch = folder(t);
  const env = { ...process.env, GIT_DIR: join(repository, ".git"), GIT_WORK_TREE: repository };
  await openContext(`file://${repository}`, undefined, { ...inputs(scratch), env });
  assert.equal(git("remote"), "");
  assert.equal(git("symbolic-ref", "HEAD").trim(), "refs/heads/main");
});

test("a Dockerfile on standard input for a folder", async (t) => {
  const root = folder(t);
  const opened = await openContext(root, "-", inputs(folder(t), Buffer.from("FROM busybox\n")));
  assert.equal(opened.directory, root);
  assert.equal(readFileSync(opened.dockerfile, "utf8"), "FROM busybox\n");
});
