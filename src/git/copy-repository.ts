import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { git, GitFailure, type GitCall } from "./git.ts";

/** How much of a repository a workspace has: its commit alone, or all that led to it. Tags come along, those of the commit or all. */
export type RepositoryDepth = "commit" | "history";

/**
 * Gives a folder a `.git` of its own with the commit that a working tree is at, its branch and its tags: enough for `git rev-parse`, `git describe` and `git status`. No
 * remote, no settings and no hooks come along, so no credentials do. Objects are packed by Git without a transport, which would ask whose the repository is.
 *
 * @returns false when there is no repository, or no commit in it
 * @throws {@link GitFailure}; ArchwayError `GIT_MISSING` (kind `unreachable`)
 */
export async function copyRepository(
  from: string,
  to: string,
  depth: RepositoryDepth,
  { env, signal }: Pick<GitCall, "env" | "signal">,
): Promise<boolean> {
  const settings = [["safe.directory", "*"]] as const;
  const run = async (cwd: string, args: readonly string[], input = "") =>
    (await git(args, { cwd, env, signal, settings, input: Buffer.from(input) })).toString().trim();
  // No repository and no commit yet are the same here: nothing to tell of.
  const head = await run(from, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).catch(ignoreFailure);
  if (head === undefined) return false;
  const branch = await run(from, ["symbolic-ref", "--quiet", "HEAD"]).catch(ignoreFailure);
  const listed = await run(from, [
    "for-each-ref",
    ...(depth === "commit" ? [`--points-at=${head}`] : []),
    "--format=%(objectname) %(refname)",
    "refs/tags",
  ]);
  const tags = listed.split("\n").filter((line) => line !== "");
  const isShallow = (await run(from, ["rev-parse", "--is-shallow-repository"])) === "true";
  const shallow =
    depth === "commit"
      ? [head]
      : isShallow
        ? (await run(from, ["rev-list", "--max-parents=0", "HEAD"])).split("\n")
        : [];
  await run(to, ["init", "--quiet", "--template="]);
  const packs = join(to, ".git", "objects", "pack");
  await mkdir(packs, { recursive: true });
  const wanted = [head, ...tags.map((line) => line.split(" ")[0] ?? "")];
  await run(
    from,
    ["pack-objects", "--quiet", "--revs", ...(shallow.length > 0 ? ["--shallow"] : []), join(packs, "pack")],
    [...shallow.map((commit) => `--shallow ${commit}`), ...wanted, ""].join("\n"),
  );
  if (shallow.length > 0) await writeFile(join(to, ".git", "shallow"), `${shallow.join("\n")}\n`);
  const created = tags.map((line) => line.split(" ")).map(([object, name]) => `create ${name} ${object}\n`);
  await run(to, ["update-ref", "--stdin"], created.join(""));
  if (branch === undefined) await run(to, ["update-ref", "--no-deref", "HEAD", head]);
  else {
    await run(to, ["symbolic-ref", "HEAD", branch]);
    await run(to, ["update-ref", branch, head]);
  }
  await run(to, ["read-tree", "HEAD"]);
  return true;
}

function ignoreFailure(error: unknown): undefined {
  if (error instanceof GitFailure) return undefined;
  throw error;
}
