import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { ArchwayError } from "../error/error.ts";

/** Name of the lock file in a layout; OCI layouts tolerate other files (image-layout.md). It stays, empty. */
export const lockFile = ".archway.lock";

/** How long a writer waits for others, milliseconds; each of them holds the lock for one small file. */
const patience = 60_000;

/** SQLITE_BUSY (sqlite.org/rescode.html): somebody else holds the lock. */
const busy = 5;

/**
 * Runs `work` while no other writer, in this process or another, is in its own turn for the same layout.
 *
 * Node.js has no file locks of its own; SQLite takes them on its database file. The kernel drops them when a process dies, so that
 * unlike a lock file with an owner's id there is nothing stale to judge after a kill -9.
 *
 * @throws ArchwayError kind `unreachable`: `LOCKED` when the others do not finish within a minute, `DENIED` when the folder cannot be written.
 */
export async function withLayoutLock<Result>(
  directory: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const path = join(directory, lockFile);
  const deadline = Date.now() + patience;
  const database = openLock(directory, path);
  try {
    while (!tryLock(database, directory)) {
      if (Date.now() > deadline) throw locked(directory, path);
      await sleep(2 + Math.random() * 20, undefined, signal === undefined ? {} : { signal });
    }
    return await work();
  } finally {
    database.close();
  }
}

function openLock(directory: string, path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw cannotLock(directory, error);
  }
}

function tryLock(database: DatabaseSync, directory: string): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && error.errcode === busy) return false;
    throw cannotLock(directory, error);
  }
}

function cannotLock(directory: string, cause: unknown): ArchwayError {
  return new ArchwayError({
    code: "DENIED",
    kind: "unreachable",
    message: `cannot lock the layout ${directory}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Check that files in it may be written, and that its disk has room.",
    cause,
  });
}

function locked(directory: string, path: string): ArchwayError {
  return new ArchwayError({
    code: "LOCKED",
    kind: "unreachable",
    message: `another process has been changing the layout ${directory} for more than ${patience / 1000} seconds`,
    hint: `See who holds ${path} (fuser ${path}), and try again when it has ended.`,
  });
}
