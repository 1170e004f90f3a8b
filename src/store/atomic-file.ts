import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "./store-error.ts";
import { isRunning, processMark } from "./process-mark.ts";

const temporaryName = /^\.archway-([0-9a-f]{8}-\d+-\d+)-[0-9a-f]+\.tmp$/;

/** A file of unknown owner (another host) is taken for left behind when nothing wrote to it for so long, milliseconds: one day. */
const abandonedAfter = 24 * 60 * 60 * 1000;

/** What a file is written from. */
export type FileContent = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Writes a file whole or not at all: into a temporary file in `workspace` (a folder of the same file system), flushed to the disk,
 * then renamed to `target`. On failure, or when `signal` aborts, the temporary file is removed and the target is as it was.
 */
export async function writeAtomically(
  workspace: string,
  target: string,
  content: FileContent,
  signal?: AbortSignal,
): Promise<void> {
  const temporary = join(workspace, `.archway-${await processMark()}-${randomBytes(8).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content, signal === undefined ? {} : { signal });
      await file.sync();
    } finally {
      await file.close();
    }
    signal?.throwIfAborted();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes renames in a folder survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a folder with its parents. */
export async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
}

/** Removes temporary files that killed processes left in a folder. Files of live processes stay. */
export async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const mark = temporaryName.exec(name)?.[1];
    if (mark !== undefined && (await isAbandoned(join(directory, name), mark))) {
      await rm(join(directory, name), { force: true });
    }
  }
}

async function isAbandoned(file: string, mark: string): Promise<boolean> {
  const running = await isRunning(mark);
  if (running !== undefined) return !running;
  try {
    const { mtimeMs } = await stat(file);
    return Date.now() - mtimeMs > abandonedAfter;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}
