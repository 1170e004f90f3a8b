import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { ArchwayError } from "../error/error.ts";
import { git, GitFailure, type GitCall } from "./git.ts";
import { type GitPlace, splitLogin } from "./git-url.ts";
import { type GitLogin, settingsOfLogin } from "./login.ts";

export interface CloneOptions {
  /** Commits that come along, 1 for the one alone. */
  readonly depth: number;
  /** Fails when the tree has pointers of Git LFS and there is no git-lfs; without it they stay pointers. */
  readonly needsLfs?: boolean;
  /** Where there is none, the URL's, and else what Git's own helpers know. */
  readonly login?: GitLogin;
  /** How messages call it (`the build context`), and how codes of errors begin. */
  readonly about: { readonly name: string; readonly code: "CONTEXT" | "SOURCE" };
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** A repository that was cloned. */
export interface Clone {
  /** The commit that is checked out. */
  readonly commit: string;
  /** Fetches the whole history and all tags. Throws as the cloning does. */
  deepen(): Promise<void>;
}

/**
 * Clones a repository at one commit into a folder that is made: the files with their submodules, and a `.git` that knows the branch or tag that was asked for and no
 * password. The reference comes from outside (a branch's name in CI): it is never taken for an option.
 *
 * @throws ArchwayError kind `input`: `…_INVALID` for a reference that is not there; kind `unreachable`: `…_UNREACHABLE`, `GIT_MISSING`, `GIT_LFS_MISSING`
 */
export async function cloneRepository(place: GitPlace, folder: string, options: CloneOptions): Promise<Clone> {
  const { about, signal } = options;
  const { ref } = place;
  if (ref !== undefined && (ref.startsWith("-") || ref.includes(":"))) {
    throw new ArchwayError({
      code: `${about.code}_INVALID`,
      kind: "input",
      message: `"${ref}" is no reference of a Git repository.`,
      hint: "The part behind # in the URL is a branch, a tag or a commit.",
    });
  }
  const { url, username, password } = splitLogin(place.url);
  const login = options.login ?? (password === undefined ? undefined : { username: username ?? "", password });
  const added = login === undefined ? undefined : settingsOfLogin(url, login);
  const hasLfs = spawnSync("git-lfs", ["version"], { env: options.env }).status === 0;
  const call: GitCall = {
    cwd: folder,
    env: { ...options.env, ...added?.env },
    signal,
    settings: [
      ...(hasLfs ? lfsSettings : []),
      ...(added?.settings ?? []),
      ...(added === undefined && username !== undefined
        ? [[`credential.${new URL(url).origin}.username`, username] as const]
        : []),
    ],
  };
  await mkdir(folder, { recursive: true });
  const run = async (...args: readonly string[]) => (await git(args, call)).toString().trim();
  const telling = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof GitFailure ? told(error, about, login?.password) : error;
    }
  };
  const commit = await telling(async () => {
    await run("init", "--quiet", "--template=");
    await run("remote", "add", "--", "origin", url);
    await fetchCommit(ref, options.depth, run);
    await run("submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1");
    if (options.needsLfs === true && !hasLfs && options.env["GIT_LFS_SKIP_SMUDGE"] !== "1") await requireNoLfs(run);
    return run("rev-parse", "HEAD");
  });
  const deepen = async () => {
    await telling(async () => {
      const isShallow = (await run("rev-parse", "--is-shallow-repository")) === "true";
      await run("fetch", "--quiet", "--tags", ...(isShallow ? ["--unshallow"] : []), "origin");
    });
  };
  return { commit, deepen };
}

type Run = (...args: readonly string[]) => Promise<string>;

/** What `git lfs install` would write into the user's configuration. */
const lfsSettings = [
  ["filter.lfs.smudge", "git-lfs smudge -- %f"],
  ["filter.lfs.process", "git-lfs filter-process"],
  ["filter.lfs.required", "true"],
] as const;

/** Brings the commit and what is asked for of its history, and checks it out: a branch as that branch, all else alone. */
async function fetchCommit(ref: string | undefined, depth: number, run: Run): Promise<void> {
  const fetch = (...refs: readonly string[]) =>
    run("fetch", "--quiet", "--no-tags", "--depth", String(depth), "origin", ...refs);
  const found = await findReference(ref, run);
  if (found !== undefined) {
    const kept = found.startsWith("refs/heads/") ? found.replace("refs/heads/", "refs/remotes/origin/") : found;
    await fetch(`+${found}:${kept}`);
    if (kept === found) await run("checkout", "--quiet", "--detach", found);
    else await run("checkout", "--quiet", "-B", found.replace("refs/heads/", ""), kept);
    return;
  }
  const commit = ref ?? "HEAD";
  try {
    await fetch(commit);
  } catch (error) {
    // Servers may refuse to serve a bare commit that no reference points at: fetch all, then look for it here.
    if (!/^[0-9a-f]{7,64}$/.test(commit) || !(error instanceof GitFailure)) throw error;
    await run("fetch", "--quiet", "origin", "+refs/*:refs/origin/*");
    await run("update-ref", "FETCH_HEAD", commit);
  }
  await run("checkout", "--quiet", "--detach", "FETCH_HEAD");
}

/** The full name of a branch or tag, as Git would choose it; undefined for what is no name of the server, such as a commit. */
async function findReference(ref: string | undefined, run: Run): Promise<string | undefined> {
  const wanted = ref === undefined ? ["HEAD"] : [ref, `refs/tags/${ref}`, `refs/heads/${ref}`];
  const listed = await run("ls-remote", "--symref", "origin", ...wanted);
  const lines = listed.split("\n").map((line) => line.split("\t"));
  if (ref === undefined) return lines.find(([to]) => to?.startsWith("ref: refs/heads/"))?.[0]?.slice("ref: ".length);
  // A pattern fits the end of names: another branch may end in the same words.
  const names = lines.map(([, name]) => name);
  return [ref, `refs/tags/${ref}`, `refs/heads/${ref}`].find(
    (name) => name.startsWith("refs/") && names.includes(name),
  );
}

async function requireNoLfs(run: Run): Promise<void> {
  const files = (await run("ls-files", "-z", ":(top,attr:filter=lfs)")).split("\0").filter((file) => file !== "");
  if (files.length === 0) return;
  throw new ArchwayError({
    code: "GIT_LFS_MISSING",
    kind: "unreachable",
    message: `${files.length} files of the repository lie in Git LFS (${files.slice(0, 3).join(", ")}), and git-lfs is not installed.`,
    hint: "Install git-lfs; with GIT_LFS_SKIP_SMUDGE=1 in the environment their pointers are taken as they are.",
  });
}

function told({ command, said }: GitFailure, about: CloneOptions["about"], password: string | undefined): ArchwayError {
  const isUnknown = /couldn't find remote ref|not our ref|unknown revision|not a valid SHA1|nonexistent object/i.test(
    said,
  );
  const shown = password === undefined || password === "" ? said : said.replaceAll(password, "***");
  return new ArchwayError({
    code: `${about.code}_${isUnknown ? "INVALID" : "UNREACHABLE"}`,
    kind: isUnknown ? "input" : "unreachable",
    message: `git ${command} failed for ${about.name}:\n${shown}`,
    hint: isUnknown
      ? "Check the reference behind # in the URL: a branch, a tag or a commit."
      : "Check the URL and that this machine may read the repository.",
  });
}
