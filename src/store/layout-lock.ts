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
 * @throws ArchwayError `LOCKED` (kind `unreachable`) when the others do not finish within a minute.
 */
export async function withLayoutLock<Result>(
  directory: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const path = join(directory, lockFile);
  const deadline = Date.now() + patience;
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    while (!tryLock(database)) {
      if (Date.now() > deadline) throw locked(directory, path);
      await sleep(2 + Math.random() * 20, undefined, signal === undefined ? {} : { signal });
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && error.errcode === busy) return false;
    throw error;
  }
}

function locked(directory: string, path: string): ArchwayError {
  return new ArchwayError({
    code: "LOCKED",
    kind: "unreachable",
    message: `another process has been changing the layout ${directory} for more than ${patience / 1000} seconds`,
    hint: `See who holds ${path} (fuser ${path}), and try again when it has ended.`,
  });
}
