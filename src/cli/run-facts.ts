import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { RunFacts } from "../pipeline/facts.ts";
import type { RunOptions } from "./run-options.ts";

/** What Git says of a working tree; empty texts where there is no repository, commit, branch or tag. */
type GitFacts = Pick<RunFacts, "branch" | "tag" | "sha" | "message" | "authorName" | "authorEmail"> &
  Pick<RunFacts, "changedPaths">;

/**
 * Asks Git for the commit that a folder is at. For a push or pull request that is asked for also for what the last commit and the working tree changed.
 *
 * @throws the signal's reason
 */
export async function readGitFacts(
  folder: string,
  { event }: Pick<RunOptions, "event">,
  signal: AbortSignal,
): Promise<GitFacts> {
  const git = async (...args: readonly string[]): Promise<string> => {
    try {
      const { stdout } = await promisify(execFile)("git", ["-c", "safe.directory=*", ...args], { cwd: folder, signal });
      return stdout.trim();
    } catch {
      // No repository, no commit or no tag: the text is empty then. A cancel is told here.
      signal.throwIfAborted();
      return "";
    }
  };
  const [branch, tag, commit] = await Promise.all([
    git("symbolic-ref", "--short", "--quiet", "HEAD"),
    git("describe", "--tags", "--exact-match", "HEAD"),
    git("log", "-1", "--no-show-signature", "--format=%H%x00%P%x00%B%x00%an%x00%ae"),
  ]);
  const [sha = "", parents = "", message = "", authorName = "", authorEmail = ""] = commit.split("\0");
  const about = { branch, tag, sha, message: message.trim(), authorName, authorEmail };
  const isCompared = parents !== "" && (event?.name === "push" || event?.name === "pull_request");
  if (!isCompared) return about;
  const changed = (await git("diff", "--name-only", "--no-renames", "-z", "HEAD~1")).split("\0");
  return { ...about, changedPaths: changed.filter((path) => path !== "") };
}

/** What a local run is about: the commit of the working tree, and the event that was asked for. Without one filters let everything pass: the user wants to see the jobs run. */
export function localFacts(
  run: string,
  git: GitFacts,
  { event, inputs }: Pick<RunOptions, "event" | "inputs">,
): RunFacts {
  const name = event?.name ?? "push";
  return {
    ...git,
    run,
    number: 0,
    event: name,
    branch: name === "tag" ? "" : (event?.ref ?? git.branch),
    tag: name === "tag" ? (event?.ref ?? git.tag) : "",
    inputs,
  };
}
