import { lstatSync } from "node:fs";
import { copyFile, lstat, mkdir, readlink, rm, symlink, utimes } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { ArchwayError } from "../../error/error.ts";
import { runCopy } from "./clone/run-copy.ts";
import type { Checkout } from "./working-tree.ts";

/** Files that one `cp` gets, and characters of their names: a command line has a limit. */
const batch = { files: 2000, characters: 60_000 };

/**
 * Copies the files of a checkout into a folder, with their modes and times, links as links. Batches go to GNU's `cp`, one a processor; what it does not do (it is another `cp`, a file went away
 * meanwhile) is done one by one.
 *
 * @returns the paths that were there
 * @throws ArchwayError kind `input`: `FILE_UNREADABLE`; kind `unreachable`: `WORKSPACE_UNWRITABLE` with what the file system says (no room); the signal's reason
 */
export async function copyFiles(from: Checkout, to: string, signal: AbortSignal): Promise<readonly string[]> {
  const queue = batchesOf(from.paths);
  const there: string[] = [];
  const lane = async (): Promise<void> => {
    for (let paths = queue.shift(); paths !== undefined; paths = queue.shift()) {
      if (await copyBatch(from.folder, paths, to, signal)) there.push(...paths);
      else for (const path of paths) if (await copyOne(from.folder, path, to)) there.push(path);
      signal.throwIfAborted();
    }
  };
  const lanes = [...Array.from({ length: Math.min(availableParallelism(), 8) }, lane), copyRaw(from, to, signal)];
  for (const one of await Promise.allSettled(lanes)) if (one.status === "rejected") throw one.reason;
  return there.sort();
}

function batchesOf(paths: readonly string[]): (readonly string[])[] {
  const batches: string[][] = [];
  let size = batch.characters;
  for (const path of paths) {
    size += path.length;
    if (size > batch.characters || (batches.at(-1)?.length ?? 0) >= batch.files) {
      batches.push([]);
      size = path.length;
    }
    batches.at(-1)?.push(path);
  }
  return batches;
}

/** False when not all of them were copied. */
async function copyBatch(from: string, paths: readonly string[], to: string, signal: AbortSignal): Promise<boolean> {
  // What is there already may be a link to elsewhere, or not ours to write to.
  const args = ["-a", "--parents", "--remove-destination", "-t", to, "--", ...paths];
  return runCopy(args, { cwd: from, signal }).then(
    () => true,
    () => {
      signal.throwIfAborted();
      return false;
    },
  );
}

/** Names that are no text cannot be arguments. */
async function copyRaw({ folder, rawPaths = [] }: Checkout, to: string, signal: AbortSignal): Promise<void> {
  for (const path of rawPaths) {
    signal.throwIfAborted();
    await copyOne(folder, path, to);
  }
}

/** Copies one file or link; false when it has gone. */
async function copyOne(from: string, path: string | Buffer, to: string): Promise<boolean> {
  const inside = (folder: string, name: Buffer) => Buffer.concat([Buffer.from(`${folder}/`), name]);
  const name = Buffer.from(path);
  const [source, target] = [inside(from, name), inside(to, name)];
  try {
    const found = await lstat(source);
    await mkdir(target.subarray(0, target.lastIndexOf("/")), { recursive: true });
    await rm(target, { force: true });
    if (found.isSymbolicLink()) await symlink(await readlink(source, { encoding: "buffer" }), target);
    else {
      await copyFile(source, target);
      await utimes(target, found.atimeMs / 1000, found.mtimeMs / 1000);
    }
    return true;
  } catch (error) {
    if (lstatSync(source, { throwIfNoEntry: false }) === undefined) return false;
    throw problem(error, name.toString());
  }
}

function problem(error: unknown, path: string): ArchwayError {
  const said = error instanceof Error ? error.message : String(error);
  const isOurs = error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM");
  if (isOurs)
    return new ArchwayError({
      code: "FILE_UNREADABLE",
      kind: "input",
      message: `${path} belongs to the workspace and cannot be read: ${said}`,
      hint: "Let it be read, or add it to .gitignore.",
      cause: error,
    });
  return new ArchwayError({
    code: "WORKSPACE_UNWRITABLE",
    kind: "unreachable",
    message: `${path} cannot be copied into a workspace: ${said}`,
    hint: "Workspaces lie below $XDG_STATE_HOME/archway; make room there, or name another folder.",
    cause: error,
  });
}
