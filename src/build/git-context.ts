import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import type { ContextInputs, OpenContext } from "./context.ts";
import { locatedInside } from "./located.ts";

/** A Git build context: what to clone, which reference, and the folder in it. */
export interface GitContext {
  readonly url: string;
  readonly ref?: string;
  readonly subfolder?: string;
}

/**
 * Reads a Git URL as BuildKit does: `git://`, `git@`, `ssh://`, `http(s)://` and `file://` with a path that ends in `.git`, and
 * `github.com/…`; `#REF:SUBFOLDER` or `?ref=REF&subdir=SUBFOLDER` behind it. Returns `undefined` for anything else.
 * Source: BuildKit's documentation of Git contexts.
 */
export function parseGitContext(text: string): GitContext | undefined {
  const [beforeFragment, fragment] = splitOnce(text, "#");
  const [address, query] = splitOnce(beforeFragment, "?");
  const isGit =
    /^(git|ssh):\/\//.test(address) ||
    /^git@[^:/]+:/.test(address) ||
    /^(https?|file):\/\/.+\.git$/.test(address) ||
    /^github\.com\/[^/]+\/[^/]+/.test(address);
  if (!isGit) return undefined;
  const parameters = new URLSearchParams(query ?? "");
  const [fragmentRef, fragmentFolder] = splitOnce(fragment ?? "", ":");
  const ref = fragmentRef || parameters.get("ref") || parameters.get("branch") || parameters.get("tag") || undefined;
  const subfolder = fragmentFolder || parameters.get("subdir") || undefined;
  return {
    url: address.startsWith("github.com/") ? `https://${address}` : address,
    ...(ref === undefined ? {} : { ref }),
    ...(subfolder === undefined ? {} : { subfolder }),
  };
}

/**
 * Clones a Git context into the scratch folder, at one commit. The reference comes from outside (a branch's name in CI): it is never taken for an option, and
 * links of the repository lead nowhere out of it.
 *
 * Throws `CONTEXT_INVALID`, `DOCKERFILE_MISSING` (kind `input`), `CONTEXT_UNREACHABLE`, `GIT_MISSING` (kind `unreachable`).
 */
export async function openGit(git: GitContext, file: string | undefined, inputs: ContextInputs): Promise<OpenContext> {
  const clone = join(inputs.scratch, "git");
  await mkdir(clone);
  const run = (args: readonly string[]) => runGit(args, clone, inputs);
  const ref = git.ref ?? "HEAD";
  if (ref.startsWith("-") || ref.includes(":")) {
    throw new ArchwayError({
      code: "CONTEXT_INVALID",
      kind: "input",
      message: `"${ref}" is no reference of a Git repository.`,
      hint: "The part behind # in the URL is a branch, a tag or a commit.",
    });
  }
  await run(["init", "--quiet"]);
  await run(["remote", "add", "--", "origin", git.url]);
  try {
    await run(["fetch", "--quiet", "--depth", "1", "origin", ref]);
  } catch (error) {
    // Servers may refuse to serve a bare commit that no reference points at: fetch all, then look for it here.
    if (!/^[0-9a-f]{7,64}$/.test(ref) || !(error instanceof ArchwayError)) throw error;
    await run(["fetch", "--quiet", "origin", "+refs/*:refs/origin/*"]);
    await run(["update-ref", "FETCH_HEAD", ref]);
  }
  await run(["checkout", "--quiet", "--detach", "FETCH_HEAD"]);
  await run(["submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1"]);
  const commit = (await run(["rev-parse", "HEAD"])).trim();
  await rm(join(clone, ".git"), { recursive: true, force: true });

  const directory = resolve(clone, git.subfolder ?? ".");
  const located = await locatedInside(
    clone,
    directory,
    resolve(directory, file ?? "Dockerfile"),
    `${git.url} at ${ref}`,
  );
  return { ...located, commit, identity: `git ${git.url} ${commit} ${git.subfolder ?? "."}` };
}

/** Variables by which a Git hook, say, tells Git which repository it is in: ours is another. */
const repositoryVariables = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_NAMESPACE",
  "GIT_PREFIX",
];

async function runGit(args: readonly string[], cwd: string, inputs: ContextInputs): Promise<string> {
  const env = Object.fromEntries(Object.entries(inputs.env).filter(([name]) => !repositoryVariables.includes(name)));
  const child = spawn("git", ["-c", "advice.detachedHead=false", "-c", "protocol.ext.allow=never", ...args], {
    cwd,
    // Its messages are read below, in the language that they are written in.
    env: { ...env, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
    signal: inputs.signal,
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  const code = await once(child, "close").then(
    ([status]: unknown[]) => status,
    (error: unknown) => {
      if (inputs.signal.aborted) throw error;
      throw new ArchwayError({
        code: "GIT_MISSING",
        kind: "unreachable",
        message: "A Git context needs git, and it could not be started.",
        hint: "Install git, or give a directory.",
        cause: error,
      });
    },
  );
  if (code !== 0) {
    const unknownRef = /couldn't find remote ref|not our ref|unknown revision/i.test(errors);
    throw new ArchwayError({
      code: unknownRef ? "CONTEXT_INVALID" : "CONTEXT_UNREACHABLE",
      kind: unknownRef ? "input" : "unreachable",
      message: `git ${args[0] ?? ""} failed for the build context:\n${errors.trim()}`,
      hint: unknownRef
        ? "Check the reference behind # in the URL: a branch, a tag or a commit."
        : "Check the URL and that this machine may read the repository.",
    });
  }
  return output;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
