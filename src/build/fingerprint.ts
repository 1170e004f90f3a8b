import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { ArchwayError } from "../error/error.ts";

/** What a walk over a build context found. */
export interface ContextFingerprint {
  /** SHA-256 over path, kind, mode, size and times of everything that is not ignored. */
  readonly digest: string;
  readonly files: number;
  /** Bytes of all regular files. */
  readonly bytes: number;
  /** Sockets: no engine sends them. */
  readonly sockets: readonly string[];
}

/** Decides what belongs to a context, by paths relative to its root with `/` between the parts. */
export interface ContextFilter {
  ignores(path: string): boolean;
  /** True when nothing below a directory can belong to the context. */
  excludesDirectory(path: string): boolean;
}

/**
 * Walks a build context without reading its files: the change time of a file moves with every write, so equal fingerprints mean
 * equal content on one machine. Unreadable files are found here, before an engine trips over them.
 *
 * Throws `CONTEXT_UNREADABLE` (kind `input`) with the first of them.
 */
export async function fingerprintContext(
  root: string,
  filter: ContextFilter,
  signal: AbortSignal,
): Promise<ContextFingerprint> {
  const hash = createHash("sha256");
  const sockets: string[] = [];
  const isRoot = process.getuid?.() === 0;
  let files = 0;
  let bytes = 0;

  async function walk(directory: string): Promise<void> {
    signal.throwIfAborted();
    const absolute = join(root, directory);
    const entries = await readdir(absolute, { withFileTypes: true }).catch((error: unknown) => {
      throw unreadable(directory === "" ? "." : directory, error);
    });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    // Side by side within a directory: the walk waits for the disk, not for itself.
    const described = await Promise.all(
      entries.map(async (entry) => {
        const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
        if (entry.isDirectory()) return { path, entry, line: undefined };
        if (filter.ignores(path)) return undefined;
        if (entry.isSocket()) return { path, entry, line: undefined };
        const found = await lstat(join(root, path), { bigint: true });
        // Root may be without what sets it above permissions, as in many containers; what all may read it may.
        if (entry.isFile() && (!isRoot || (found.mode & 0o444n) !== 0o444n)) {
          await access(join(root, path), constants.R_OK).catch((error: unknown) => {
            throw unreadable(path, error);
          });
        }
        const link = entry.isSymbolicLink() ? await readlink(join(root, path)) : "";
        return {
          path,
          entry,
          line: `${path}\0${found.mode}\0${found.size}\0${found.mtimeNs}\0${found.ctimeNs}\0${link}\n`,
          size: found.size,
        };
      }),
    );
    for (const item of described) {
      if (!item) continue;
      if (item.entry.isDirectory()) {
        if (filter.excludesDirectory(item.path)) continue;
        if (!filter.ignores(item.path)) hash.update(`${item.path}/\n`);
        await walk(item.path);
      } else if (item.line === undefined) {
        sockets.push(item.path);
      } else {
        hash.update(item.line);
        files += 1;
        if (item.entry.isFile()) bytes += Number(item.size);
      }
    }
  }

  await walk("");
  return { digest: hash.digest("hex"), files, bytes, sockets };
}

function unreadable(path: string, cause: unknown): ArchwayError {
  return new ArchwayError({
    code: "CONTEXT_UNREADABLE",
    kind: "input",
    message: `The build context holds ${path}, which you may not read.`,
    hint: "Give yourself the right to read it, or list it in .dockerignore.",
    cause,
  });
}
