import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { localFacts, readGitFacts } from "./run-facts.ts";

const { signal } = new AbortController();
const nothing = { branch: "", tag: "", sha: "", message: "", authorName: "", authorEmail: "" };

/** A repository without a commit. */
async function repositoryOfTest() {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-facts-"));
  const folder = join(root.path, "app");
  await mkdir(folder);
  const git = (...args: readonly string[]) =>
    execFileSync(
      "git",
      ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgSign=false", ...args],
      {
        cwd: folder,
        encoding: "utf8",
        stdio: "pipe",
      },
    ).trim();
  git("init", "--quiet", "-b", "main");
  const commit = async (file: string, message: string) => {
    await writeFile(join(folder, file), message);
    git("add", ".");
    git("commit", "--quiet", "-m", message);
    return git("rev-parse", "HEAD");
  };
  return { root: root.path, folder, git, commit, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

test("outside of a repository nothing is known, before the first commit only the branch", async () => {
  await using place = await repositoryOfTest();
  assert.deepEqual(await readGitFacts(place.root, {}, signal), nothing);
  assert.deepEqual(await readGitFacts(place.folder, {}, signal), { ...nothing, branch: "main" });
});

test("commit, branch and tag are those of the working tree", async () => {
  await using place = await repositoryOfTest();
  const { git, commit, folder } = place;
  const first = await commit("a", "First\n\nwith a body");
  const about = { sha: first, message: "First\n\nwith a body", authorName: "T", authorEmail: "t@example.com" };
  assert.deepEqual(await readGitFacts(folder, {}, signal), { ...about, branch: "main", tag: "" });
  git("tag", "v1");
  git("checkout", "--quiet", "--detach");
  assert.deepEqual(await readGitFacts(folder, {}, signal), { ...about, branch: "", tag: "v1" });
});

test("a push that is asked for changed what the last commit and the working tree changed; without a parent everything", async () => {
  await using place = await repositoryOfTest();
  const { commit, folder, root } = place;
  const changed = async (at: string, name: string) =>
    (await readGitFacts(at, { event: { name: name as "push" } }, signal)).changedPaths;
  await commit("a", "one");
  assert.equal(await changed(folder, "push"), undefined);
  await mkdir(join(folder, "in"));
  await commit("in/ü", "two");
  await writeFile(join(folder, "a"), "now");
  assert.deepEqual(await changed(folder, "push"), ["a", "in/ü"]);
  assert.deepEqual(await changed(join(folder, "in"), "pull_request"), ["a", "in/ü"]);
  assert.equal(await changed(folder, "schedule"), undefined);
  // The parent of a shallow clone is not there.
  const shallow = join(root, "shallow");
  execFileSync("git", ["clone", "--quiet", "--depth", "1", `file://${folder}`, shallow], { stdio: "pipe" });
  assert.equal(await changed(shallow, "push"), undefined);
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
