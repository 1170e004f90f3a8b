import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { withScratch } from "../engine/scratch.ts";
import { scratchPrefix } from "../platform/scratch-name.ts";
import type { CliContext } from "./context.ts";

/** Folder of state that helps the next run (build records, logs) and may be deleted at any time. */
export function stateFolder(env: CliContext["env"]): string {
  return join(absolute(env["XDG_STATE_HOME"]) ?? join(homeFolder(env), ".local", "state"), "archway");
}

/** Folder of the workspaces of running jobs. */
export function workFolder(env: CliContext["env"]): string {
  return join(stateFolder(env), "work");
}

/** Folder of caches (facts of layers), which may be deleted at any time. */
export function cacheFolder(env: CliContext["env"]): string {
  return join(absolute(env["XDG_CACHE_HOME"]) ?? join(homeFolder(env), ".cache"), "archway");
}

/**
 * Makes the folders of runs, if they are not there, and closes them to other users: what containers left in artifacts, caches and workspaces may be readable by everybody, and run as
 * whoever owns it.
 */
export async function closeRunFolders(env: CliContext["env"]): Promise<void> {
  const state = stateFolder(env);
  const folders = [workFolder(env), join(state, "runs"), join(state, "checkouts"), join(cacheFolder(env), "jobs")];
  for (const folder of folders) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // One from before, or of a file system without permissions.
    await chmod(folder, 0o700).catch(() => undefined);
  }
}

/** A folder that the environment names; relative ones are to be ignored (XDG Base Directory Specification). */
function absolute(folder: string | undefined): string | undefined {
  return folder !== undefined && isAbsolute(folder) ? folder : undefined;
}

/** The user's home; the folder for temporary files where there is none (a container with an arbitrary user has neither HOME nor an entry in passwd). */
function homeFolder(env: CliContext["env"]): string {
  if (env["HOME"]) return env["HOME"];
  try {
    return homedir();
  } catch {
    return tmpdir();
  }
}

/**
 * Gives a private folder for the files of one run, and removes it however the run ends. Folders of runs that were killed, and of their engines, are
 * removed by the next one.
 */
export async function withScratchFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await removeAbandonedScratch();
  await mkdir(tmpdir(), { recursive: true });
  return withScratch(work);
}

/** Removes the folders for temporary files of processes that were killed: their names hold the process. */
export async function removeAbandonedScratch(): Promise<void> {
  const parent = tmpdir();
  const abandoned = await readdir(parent).then(
    (names) => names.filter((name) => name.startsWith(scratchPrefix) && !isAlive(name)),
    () => [],
  );
  // Another user's folders cannot be removed and need not be.
  await Promise.all(
    abandoned.map((name) => rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined)),
  );
}

function isAlive(name: string): boolean {
  const pid = Number(name.slice(scratchPrefix.length).split("-")[0]);
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
