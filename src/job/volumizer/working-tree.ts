import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { constants, existsSync, lstatSync, readFileSync, readlinkSync } from "node:fs";
import { chmod, copyFile, lstat, mkdir, readdir, readlink, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ArchwayError } from "../../error/error.ts";
import { matchesGlob } from "../../verify/chain/glob.ts";

/** Copies that are under way at a time. */
const atOnce = 32;

/** The files that the jobs of a run start with. */
export interface Checkout {
  readonly folder: string;
  /** Paths relative to the folder, sorted; only what is there. Links are not followed. */
  readonly paths: readonly string[];
  /** There is a `.git` beside them, without credentials. */
  readonly hasRepository?: boolean;
}

/**
 * The working tree as it is: what Git tracks and does not ignore, in its present state. Outside of a repository every file of the folder. `.git` is never among them: its
 * configuration may hold credentials.
 */
export async function readWorkingTree(folder: string, signal: AbortSignal): Promise<Checkout> {
  const listed = (await listWithGit(folder, signal)) ?? (await listAll(folder));
  const there = await Promise.all(
    listed.map(async (path) => {
      const found = await lstat(join(folder, path)).catch(() => undefined);
      return found !== undefined && (found.isFile() || found.isSymbolicLink()) ? [path] : [];
    }),
  );
  return { folder, paths: there.flat().sort() };
}

async function listWithGit(folder: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
  if (!isInRepository(folder)) return undefined;
  const list = async (...options: readonly string[]) => {
    const args = ["-c", "safe.directory=*", "ls-files", "-z", ...options];
    const { stdout } = await promisify(execFile)("git", args, { cwd: folder, signal, maxBuffer: 512 * 1024 ** 2 });
    return stdout.split("\0").filter((path) => path !== "");
  };
  try {
    const tracked = await list("--cached", "--recurse-submodules");
    const others = await list("--others", "--exclude-standard");
    return [...new Set([...tracked, ...others])];
  } catch (error) {
    signal.throwIfAborted();
    // To take every file instead would take what is ignored, secrets among them.
    throw new ArchwayError({
      code: "GIT_FAILED",
      kind: "input",
      message: `Git cannot list the files of ${folder}: ${error instanceof Error ? error.message.trim() : String(error)}`,
      hint: "git status tells what is wrong with the repository.",
      cause: error,
    });
  }
}

function isInRepository(folder: string): boolean {
  for (let place = folder; ; place = dirname(place)) {
    if (existsSync(join(place, ".git"))) return true;
    if (place === dirname(place)) return false;
  }
}

async function listAll(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.split("/").includes(".git"));
}

/** Copies files with their modes, links as links; shares their blocks where the file system can (`FICLONE`). */
export async function copyFiles(from: Checkout, to: string, signal: AbortSignal): Promise<void> {
  const folders = new Set(from.paths.map((path) => dirname(join(to, path))));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  await eachOf(from.paths, signal, async (path) => {
    const [source, target] = [join(from.folder, path), join(to, path)];
    const found = await lstat(source);
    if (found.isSymbolicLink()) return symlink(await readlink(source), target);
    await copyFile(source, target, constants.COPYFILE_FICLONE);
    await chmod(target, found.mode);
    await utimes(target, found.atime, found.mtime);
  });
}

/** Does something for each, some at a time. */
async function eachOf<Item>(
  items: readonly Item[],
  signal: AbortSignal,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      signal.throwIfAborted();
      const item = items[index];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
}

/** SHA-256 over names and contents of the files that fit globs, in hexadecimal; of no file at all it is that of nothing. Reads at once: expressions do not wait. */
export function hashFiles({ folder, paths }: Checkout, globs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths.filter((one) => globs.some((glob) => matchesGlob(`/${glob}`, `/${one}`)))) {
    const file = join(folder, path);
    hash.update(`${path}\0`);
    hash.update(lstatSync(file).isSymbolicLink() ? readlinkSync(file) : readFileSync(file));
    hash.update("\0");
  }
  return hash.digest("hex");
}
