import { existsSync } from "node:fs";
import { mkdtemp, readdir, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { cloneRepository } from "../git/clone.ts";
import { copyRepository } from "../git/copy-repository.ts";
import { isGitAddress, readGitPlace, splitLogin } from "../git/git-url.ts";
import type { GitLogin } from "../git/login.ts";
import { removeFolder } from "../job/volumizer/remove-folder.ts";
import { readWorkingTree, type Checkout } from "../job/volumizer/working-tree.ts";
import { processMark } from "../store/process-mark.ts";
import type { CliContext } from "./context.ts";
import { closeRunFolders, stateFolder } from "./folders.ts";
import { optionError } from "./parse-option.ts";
import type { RunOptions } from "./run-options.ts";

/** User name where a token alone is given: servers take any, and GitHub's tokens of apps want this one. */
const tokenUser = "x-access-token";

/** A repository that a run takes its pipeline and its files from. */
export interface RunSource {
  /** How a person names it; without a password. */
  readonly name: string;
  /** The same without the reference: one name for all that is run of it. */
  readonly repository: string;
  /** Where it was cloned to, another folder for each run. */
  readonly root: string;
  /** Folder that was asked for: the pipeline is looked for there, then above it. */
  readonly folder: string;
  /** The files that jobs start with: those of the pipeline's folder. Nothing but this run has them. */
  checkout(folder: string, git: "none" | "commit" | "history", signal: AbortSignal): Promise<Checkout>;
  remove(): Promise<void>;
}

/**
 * Clones what `--source` names into the folder of this process; undefined without it.
 *
 * @throws ArchwayError kind `input`: `SOURCE_INVALID` for a reference or folder that is not there, `OPTION_INVALID`; kind `unreachable`: `SOURCE_UNREACHABLE`, `GIT_MISSING`,
 *   `GIT_LFS_MISSING`
 */
export async function openSource(
  { cwd, env, signal }: CliContext,
  { source, sourcePassword }: Pick<RunOptions, "source" | "sourcePassword">,
  secrets: ReadonlyMap<string, string>,
): Promise<RunSource | undefined> {
  if (source === undefined) return undefined;
  const written = readGitPlace(source);
  const place = isGitAddress(written.url) ? written : { ...written, url: resolve(cwd, written.url) };
  if (!isGitAddress(written.url)) await requireLocal(written.url, place.url);
  const own = join(stateFolder(env), "work", await processMark());
  const root = join(own, "source");
  const remove = async () => {
    // What else is there was kept on purpose, and may be a clone of it. Otherwise the run has removed all.
    if ((await readdir(own).catch(() => [])).some((name) => name !== "source")) return;
    await removeFolder(root);
    await rmdir(own).catch(() => undefined);
  };
  await closeRunFolders(env);
  try {
    const login = loginFor(place.url, sourcePassword, secrets);
    const clone = await cloneRepository(place, root, {
      depth: 2,
      needsLfs: true,
      about: { name: "the source", code: "SOURCE" },
      ...(login === undefined ? {} : { login }),
      env,
      signal,
    });
    const folder = await folderInside(root, place.subfolder ?? ".");
    const checkout = async (wanted: string, git: "none" | "commit" | "history", within: AbortSignal) => {
      const tree = await readWorkingTree(wanted, { env, signal: within });
      if (git === "history") await clone.deepen();
      const fresh = await mkdtemp(join(own, "git-"));
      try {
        const isThere = git !== "none" && (await copyRepository(root, fresh, git, { env, signal: within }));
        // The clone's own has a remote, and so have those of submodules.
        await removeRepositories(wanted);
        if (isThere) await rename(join(fresh, ".git"), join(wanted, ".git"));
        return { ...tree, hasRepository: isThere };
      } finally {
        await removeFolder(fresh);
      }
    };
    const { url } = splitLogin(place.url);
    const repository = isGitAddress(url) ? url.replace(/(\.git)?\/*$/, "") : url;
    const name = [url, place.ref].filter((part) => part !== undefined).join("#");
    return { name, repository, root: await realpath(root), folder, checkout, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A path that is not there is a slip, and no server that may answer later. */
async function requireLocal(written: string, path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) return;
  throw new ArchwayError({
    code: "SOURCE_INVALID",
    kind: "input",
    message: `There is no repository ${written}.`,
    hint: "--source takes a URL[#REF[:FOLDER]], or the path of a repository on this machine.",
  });
}

function loginFor(url: string, name: string | undefined, secrets: ReadonlyMap<string, string>): GitLogin | undefined {
  if (name === undefined) return undefined;
  const password = secrets.get(name);
  if (password === undefined)
    throw optionError("--source-password", name, "is no secret that is given; see --secret-file and --secret-env.");
  if (!/^https?:\/\//.test(url)) throw optionError("--source-password", name, "is for sources of https:// alone.");
  return { username: splitLogin(url).username ?? tokenUser, password };
}

/** Removes the `.git` of a folder, and what leads from submodules to it. */
async function removeRepositories(folder: string): Promise<void> {
  await rm(join(folder, ".git"), { recursive: true, force: true });
  if (!existsSync(join(folder, ".gitmodules"))) return;
  // Git tracks nothing of that name.
  for (const { name, parentPath } of await readdir(folder, { withFileTypes: true, recursive: true }))
    if (name === ".git") await rm(join(parentPath, name), { recursive: true, force: true });
}

/** A folder of the clone as it is after all links, which lead nowhere out of it. */
async function folderInside(root: string, subfolder: string): Promise<string> {
  const [real, home] = [await realpath(resolve(root, subfolder)).catch(() => undefined), await realpath(root)];
  const isInside =
    real !== undefined && (real === home || real.startsWith(home + sep)) && (await stat(real)).isDirectory();
  if (isInside) return real;
  throw new ArchwayError({
    code: "SOURCE_INVALID",
    kind: "input",
    message: `The source has no folder ${subfolder}.`,
    hint: "The part behind the colon of URL#REF:FOLDER is a folder of the repository.",
  });
}
