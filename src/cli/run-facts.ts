import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { RunFacts } from "../pipeline/facts.ts";
import type { RunOptions } from "./run-options.ts";

/**
 * What a local run is about: the commit of the working tree, and the event that was asked for. A push that is asked for changed what the last commit and the working tree
 * changed.
 */
export async function localFacts(
  folder: string,
  run: string,
  { event, inputs }: Pick<RunOptions, "event" | "inputs">,
  signal: AbortSignal,
): Promise<RunFacts> {
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
  const [branch, tag, commit, parent] = await Promise.all([
    git("symbolic-ref", "--short", "--quiet", "HEAD"),
    git("describe", "--tags", "--exact-match", "HEAD"),
    git("log", "-1", "--format=%H%x00%B%x00%an%x00%ae"),
    git("rev-parse", "--verify", "--quiet", "HEAD~1"),
  ]);
  const [sha = "", message = "", authorName = "", authorEmail = ""] = commit.split("\0");
  const name = event?.name ?? "push";
  // Without a named event filters let everything pass: the user wants to see the jobs run.
  const isCompared = event !== undefined && parent !== "" && (name === "push" || name === "pull_request");
  const changed = isCompared
    ? (await git("diff", "--name-only", "--no-renames", "-z", "HEAD~1")).split("\0")
    : undefined;
  return {
    run,
    number: 0,
    event: name,
    branch: name === "tag" ? "" : (event?.ref ?? branch),
    tag: name === "tag" ? (event?.ref ?? tag) : "",
    sha,
    message: message.trim(),
    authorName,
    authorEmail,
    ...(changed === undefined ? {} : { changedPaths: changed.filter((path) => path !== "") }),
    inputs,
  };
}
