import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtempDisposable, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { localFacts, readChangedPaths, readGitFacts } from "./run-facts.ts";

const person = { GIT_AUTHOR_NAME: "n", GIT_AUTHOR_EMAIL: "e", GIT_COMMITTER_NAME: "n", GIT_COMMITTER_EMAIL: "e" };
const env = { PATH: process.env["PATH"], ...person };
const context = { env, signal: new AbortController().signal };
const nothing = { branch: "", tag: "", sha: "", message: "", authorName: "", authorEmail: "" };

/** A repository with these commits. */
async function repositoryOfTest(...commits: readonly Readonly<Record<string, string>>[]) {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-facts-"));
  const git = (args: readonly string[], input = "") =>
    execFileSync("git", ["-C", root.path, ...args], { env, input, stdio: "pipe" })
      .toString()
      .trim();
  const put = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(root.path, dirname(name)), { recursive: true });
      await writeFile(join(root.path, name), text);
    }
  };
  git(["init", "--quiet", "--initial-branch=main"]);
  for (const files of commits) {
    await put(files);
    git(["add", "."]);
    git(["commit", "--quiet", "--message=Change\n\nwith a body"]);
  }
  const changes = async (folder = ".", name: "push" | "pull_request" | "schedule" = "push") =>
    (await readChangedPaths(join(root.path, folder), { event: { name } }, context))?.toSorted();
  return { root: root.path, git, put, changes, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

const first = { ".gitignore": "ignored\n", "src/a.ts": "", "tools/one/.archway.yaml": "", "gone.ts": "" };

test("outside of a repository nothing is known, before the first commit only the branch", async () => {
  await using place = await repositoryOfTest();
  assert.deepEqual(await readGitFacts(dirname(place.root), context), nothing);
  assert.deepEqual(await readGitFacts(place.root, context), { ...nothing, branch: "main" });
});

test("commit, branch and tag are those of the working tree", async () => {
  await using place = await repositoryOfTest(first);
  const { git, root } = place;
  const sha = git(["rev-parse", "HEAD"]);
  const about = { sha, message: "Change\n\nwith a body", authorName: "n", authorEmail: "e" };
  assert.deepEqual(await readGitFacts(root, context), { ...about, branch: "main", tag: "" });
  git(["tag", "v1"]);
  git(["checkout", "--quiet", "--detach"]);
  assert.deepEqual(await readGitFacts(root, context), { ...about, branch: "", tag: "v1" });
});

describe("the changed files of a push that is asked for", () => {
  test("are those of the last commit and of the working tree, also what Git does not know yet and does not ignore", async () => {
    await using place = await repositoryOfTest(first, { "src/b.ts": "" });
    await rm(join(place.root, "gone.ts"));
    await place.put({ "src/a.ts": "changed", "src/new.ts": "", "src/ü.ts": "", ignored: "" });
    const all = ["gone.ts", "src/a.ts", "src/b.ts", "src/new.ts", "src/ü.ts"];
    assert.deepEqual(await place.changes(), all);
    assert.deepEqual(await place.changes(".", "pull_request"), all);
    assert.equal(await place.changes(".", "schedule"), undefined);
    assert.equal(await readChangedPaths(place.root, {}, context), undefined);
  });

  test("are relative to the folder of the pipeline", async () => {
    await using place = await repositoryOfTest(first, { "tools/one/src/a.go": "", "src/b.ts": "" });
    await place.put({ "tools/one/new.go": "" });
    assert.deepEqual(await place.changes("tools/one"), ["new.go", "src/a.go"]);
  });

  test("may be many", async () => {
    await using place = await repositoryOfTest();
    const names = Array.from({ length: 12_000 }, (_, index) => `${index}-${"x".repeat(100)}`);
    const commit = (n: number) => `commit refs/heads/main\nmark :${n}\ncommitter n <e> ${n} +0000\ndata 0\n`;
    const added = names.map((name) => `M 100644 inline ${name}\ndata 0\n`).join("\n");
    place.git(["fast-import", "--quiet"], `${commit(1)}${added}\n${commit(2)}from :1\ndeleteall\n`);
    assert.equal((await place.changes())?.length, names.length);
  });

  test("are unknown when there is nothing to compare with, and when Git fails", async () => {
    await using young = await repositoryOfTest(first);
    assert.equal(await young.changes(), undefined);
    await using broken = await repositoryOfTest(first, { "src/b.ts": "" });
    // The parent of a shallow clone is not there.
    broken.git(["clone", "--quiet", "--depth=1", `file://${broken.root}`, "shallow"]);
    assert.equal(await broken.changes("shallow"), undefined);
    const tree = broken.git(["rev-parse", "HEAD~1^{tree}"]);
    await rm(join(broken.root, ".git/objects", tree.slice(0, 2), tree.slice(2)));
    assert.equal(await broken.changes(), undefined);
  });
});

test("the event that is asked for names the branch or the tag", () => {
  const git = { ...nothing, branch: "main", tag: "v1", sha: "abc" };
  const of = (event?: { name: "push" | "tag"; ref?: string }) => {
    const {
      branch,
      tag,
      event: name,
    } = localFacts("run", git, { inputs: {}, ...(event === undefined ? {} : { event }) });
    return [name, branch, tag];
  };
  assert.deepEqual(of(), ["push", "main", ""]);
  assert.deepEqual(of({ name: "push", ref: "other" }), ["push", "other", ""]);
  assert.deepEqual(of({ name: "tag" }), ["tag", "", "v1"]);
  assert.deepEqual(of({ name: "tag", ref: "v2" }), ["tag", "", "v2"]);
});
