import { git } from "../git/git.ts";
import type { RunFacts } from "../pipeline/facts.ts";
import type { CliContext } from "./context.ts";
import type { RunOptions } from "./run-options.ts";

/** What Git says of a working tree; empty texts where there is no repository, commit, branch or tag. */
type GitFacts = Pick<RunFacts, "branch" | "tag" | "sha" | "message" | "authorName" | "authorEmail">;
type GitContext = Pick<CliContext, "env" | "signal">;

/**
 * Asks Git for the commit that a folder is at.
 *
 * @throws the signal's reason
 */
export async function readGitFacts(folder: string, context: GitContext): Promise<GitFacts> {
  const word = async (...args: readonly string[]) => (await ask(folder, args, context))?.trim() ?? "";
  const [branch, tag, commit] = await Promise.all([
    word("symbolic-ref", "--short", "--quiet", "HEAD"),
    word("describe", "--tags", "--exact-match", "HEAD"),
    word("log", "-1", "--no-show-signature", "--format=%H%x00%B%x00%an%x00%ae"),
  ]);
  const [sha = "", message = "", authorName = "", authorEmail = ""] = commit.split("\0");
  return { branch, tag, sha, message: message.trim(), authorName, authorEmail };
}

/**
 * What a push or pull request that is asked for changed: what the last commit and the working tree did, as paths relative to the folder of the pipeline. Undefined for other events, when nothing is asked for, and when Git
 * cannot tell all of it.
 *
 * @throws the signal's reason
 */
export async function readChangedPaths(
  folder: string,
  { event }: Pick<RunOptions, "event">,
  context: GitContext,
): Promise<readonly string[] | undefined> {
  if (event?.name !== "push" && event?.name !== "pull_request") return undefined;
  const [tracked, fresh] = await Promise.all([
    ask(folder, ["diff", "--name-only", "--no-renames", "--relative", "-z", "HEAD~1"], context),
    ask(folder, ["ls-files", "--others", "--exclude-standard", "-z"], context),
  ]);
  if (tracked === undefined || fresh === undefined) return undefined;
  return `${tracked}${fresh}`.split("\0").filter((path) => path !== "");
}

/** What a local run is about: the commit of the working tree, and the event that was asked for. Without one filters let everything pass: the user wants to see the jobs run. */
export function localFacts(
  run: string,
  found: GitFacts & Pick<RunFacts, "changedPaths">,
  { event, inputs }: Pick<RunOptions, "event" | "inputs">,
): RunFacts {
  const name = event?.name ?? "push";
  return {
    ...found,
    run,
    number: 0,
    event: name,
    branch: name === "tag" ? "" : (event?.ref ?? found.branch),
    tag: name === "tag" ? (event?.ref ?? found.tag) : "",
    inputs,
  };
}

/** What Git says; undefined where it cannot: there is no Git, no repository, no commit, no tag. */
async function ask(folder: string, args: readonly string[], { env, signal }: GitContext): Promise<string | undefined> {
  try {
    return (await git(args, { cwd: folder, env, signal, settings: [["safe.directory", "*"]] })).toString();
  } catch {
    // A cancel is told here.
    signal.throwIfAborted();
    return undefined;
  }
}
