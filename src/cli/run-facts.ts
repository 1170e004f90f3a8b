import { git } from "../git/git.ts";
import type { RunFacts } from "../pipeline/facts.ts";
import type { CliContext } from "./context.ts";
import type { RunOptions } from "./run-options.ts";

/**
 * What a local run is about: the commit of the working tree, and the event that was asked for. A push that is asked for changed what the last commit and the working tree
 * changed.
 *
 * @param folder of the pipeline, which paths are relative to
 */
export async function localFacts(
  folder: string,
  run: string,
  { event, inputs }: Pick<RunOptions, "event" | "inputs">,
  { env, signal }: Pick<CliContext, "env" | "signal">,
): Promise<RunFacts> {
  /** What Git says; undefined where it cannot: there is no Git, no repository, no commit, no tag. */
  const ask = async (...args: readonly string[]): Promise<string | undefined> => {
    try {
      return (await git(args, { cwd: folder, env, signal, settings: [["safe.directory", "*"]] })).toString();
    } catch {
      // A cancel is told here.
      signal.throwIfAborted();
      return undefined;
    }
  };
  const word = async (...args: readonly string[]) => (await ask(...args))?.trim() ?? "";
  const [branch, tag, commit, parent] = await Promise.all([
    word("symbolic-ref", "--short", "--quiet", "HEAD"),
    word("describe", "--tags", "--exact-match", "HEAD"),
    word("log", "-1", "--format=%H%x00%B%x00%an%x00%ae"),
    word("rev-parse", "--verify", "--quiet", "HEAD~1"),
  ]);
  const [sha = "", message = "", authorName = "", authorEmail = ""] = commit.split("\0");
  const name = event?.name ?? "push";
  // Without a named event filters let everything pass: the user wants to see the jobs run.
  const isCompared = event !== undefined && parent !== "" && (name === "push" || name === "pull_request");
  const changedPaths = isCompared ? await changesOf(ask) : undefined;
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
    ...(changedPaths === undefined ? {} : { changedPaths }),
    inputs,
  };
}

/** What the last commit and the working tree changed, relative to the folder; undefined when Git cannot tell all of it. */
async function changesOf(
  ask: (...args: readonly string[]) => Promise<string | undefined>,
): Promise<readonly string[] | undefined> {
  const [tracked, fresh] = await Promise.all([
    ask("diff", "--name-only", "--no-renames", "--relative", "-z", "HEAD~1"),
    ask("ls-files", "--others", "--exclude-standard", "-z"),
  ]);
  if (tracked === undefined || fresh === undefined) return undefined;
  return `${tracked}${fresh}`.split("\0").filter((path) => path !== "");
}
