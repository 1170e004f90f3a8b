import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { ArchwayError } from "../../error/error.ts";
import { repositoryOf } from "./file-tree.ts";
import { gitPaths, listPaths, walkFolder } from "./list-files.ts";
import type { Repository } from "./repository.ts";

/**
 * Opens the files of a folder: in a work tree of Git those that Git tracks or would add, else all of them.
 *
 * @throws ArchwayError `CHECK_DIRECTORY` (kind `input`) when it is not there or no folder.
 */
export async function readRepository(directory: string, signal: AbortSignal): Promise<Repository> {
  const root = openFolder(directory);
  const paths = await gitPaths(root, signal);
  const { files, links, unreadable } = paths === undefined ? walkFolder(root, signal) : listPaths(root, paths, signal);
  return repositoryOf({
    files,
    links,
    unreadable,
    read: ({ path }, count) => readBytes(join(root, path), count),
  });
}

/** The real path of a folder. */
function openFolder(directory: string): string {
  let reason: string;
  let cause: unknown;
  try {
    const root = realpathSync(directory);
    if (statSync(root).isDirectory()) return root;
    reason = "it is a file, not a folder";
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    reason = missing ? "it does not exist" : String(error instanceof Error ? error.message : error);
    cause = error;
  }
  throw new ArchwayError({
    code: "CHECK_DIRECTORY",
    kind: "input",
    message: `Cannot check ${directory}: ${reason}.`,
    hint: "Give the folder of the repository: archway check DIR.",
    cause,
  });
}

/** The first bytes of a regular file. A link or a FIFO that took its place since it was listed is not followed, and not waited for. */
function readBytes(path: string, count: number): Uint8Array | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(handle);
    if (!stats.isFile()) return undefined;
    const bytes = Buffer.allocUnsafe(Math.min(count, stats.size));
    let length = 0;
    while (length < bytes.length) {
      const more = readSync(handle, bytes, length, bytes.length - length, length);
      if (more === 0) break;
      length += more;
    }
    return bytes.subarray(0, length);
  } catch {
    // Without permission, or gone since it was listed: not there.
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
