import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtempDisposable, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { localFacts } from "./run-facts.ts";

const person = { GIT_AUTHOR_NAME: "n", GIT_AUTHOR_EMAIL: "e", GIT_COMMITTER_NAME: "n", GIT_COMMITTER_EMAIL: "e" };
const env = { PATH: process.env["PATH"], ...person };

/** A repository of two commits. */
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
    git(["commit", "--quiet", "--message=change"]);
  }
  const changes = async (folder = ".", asked = true) => {
    const event = asked ? { event: { name: "push" as const } } : {};
    const { signal } = new AbortController();
    const { changedPaths } = await localFacts(join(root.path, folder), "r", { ...event, inputs: {} }, { env, signal });
    return changedPaths?.toSorted();
  };
  return { root: root.path, git, put, changes, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

const first = { ".gitignore": "ignored\n", "src/a.ts": "", "tools/one/.archway.yaml": "", "gone.ts": "" };

describe("the changed files of a push that is asked for", () => {
  test("are those of the last commit and of the working tree, also what Git does not know yet and does not ignore", async () => {
    await using place = await repositoryOfTest(first, { "src/b.ts": "" });
    await rm(join(place.root, "gone.ts"));
    await place.put({ "src/a.ts": "changed", "src/new.ts": "", ignored: "" });
    assert.deepEqual(await place.changes(), ["gone.ts", "src/a.ts", "src/b.ts", "src/new.ts"]);
    assert.equal(await place.changes(".", false), undefined);
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
    const tree = broken.git(["rev-parse", "HEAD~1^{tree}"]);
    await rm(join(broken.root, ".git/objects", tree.slice(0, 2), tree.slice(2)));
    assert.equal(await broken.changes(), undefined);
  });
});
