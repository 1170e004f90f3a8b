import { chmod, copyFile, lstat, mkdir, readdir, readlink, realpath, rm, symlink, utimes } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { ArchwayError } from "../../error/error.ts";
import { requireFolders } from "./require-folders.ts";

/** Files that are copied at a time. */
const lanes = 16;
/** What is kept of a mode: a program that a container marked as one of root's must not be one on this machine. */
const permissions = 0o777;

/** What lies in a folder, by its path in it. */
export interface Entry {
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "other";
}

/** All that lies in a folder, sorted; nothing when it is not there. Links are not followed. */
export async function listEntries(folder: string): Promise<readonly Entry[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    },
  );
  return entries
    .map((entry): Entry => ({
      path: relative(folder, join(entry.parentPath, entry.name)),
      kind: entry.isFile() ? "file" : entry.isDirectory() ? "folder" : entry.isSymbolicLink() ? "link" : "other",
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * Copies entries of a folder into another one, with their permissions and times. What is there already is replaced; folders that are there stay as they are.
 *
 * @param how.maxBytes gives undefined when there are more, and then what was copied so far is of no use
 * @throws ArchwayError kind `failed`: `ARTIFACT_ESCAPES` for what leads out of the folder, `ARTIFACT_INVALID` for what is no file, folder or link
 */
export async function moveEntries(
  from: string,
  entries: readonly Entry[],
  to: string,
  { signal, maxBytes = Number.POSITIVE_INFINITY }: { readonly signal: AbortSignal; readonly maxBytes?: number },
): Promise<{ readonly files: number; readonly bytes: number } | undefined> {
  for (const { path, kind } of entries) if (kind === "other") throw invalid(path);
  const made = await makeFolders(entries, to);
  const files = entries.filter(({ kind }) => kind !== "folder");
  let bytes = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let entry = files[next++]; entry !== undefined && bytes <= maxBytes; entry = files[next++]) {
      signal.throwIfAborted();
      const moved = await moveFile(from, entry, to);
      // Not `bytes += await …`: that adds to what the sum was before, and loses what other lanes added meanwhile.
      bytes += moved;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  if (bytes > maxBytes) return undefined;
  // Last, and the deepest first: a closed folder could not be filled, and filling it changes its time.
  for (const path of made.toReversed()) {
    const found = await lstat(join(from, path));
    await chmod(join(to, path), found.mode & permissions);
    await utimes(join(to, path), found.atimeMs / 1000, found.mtimeMs / 1000);
  }
  return { files: files.length, bytes };
}

/** Makes the folders that entries need; gives those that were not there, the upper ones first. */
async function makeFolders(entries: readonly Entry[], to: string): Promise<readonly string[]> {
  const wanted = new Set<string>();
  for (const { path, kind } of entries)
    for (let folder = kind === "folder" ? path : dirname(path); folder !== "."; folder = dirname(folder))
      wanted.add(folder);
  const made: string[] = [];
  await mkdir(to, { recursive: true });
  const root = await realpath(to);
  for (const path of [...wanted].sort()) {
    // A folder of the workspace may be a link to elsewhere, made by a step.
    await requireFolders(to, path);
    const first = await mkdir(join(to, path), { recursive: true });
    if (first !== undefined) made.push(path);
    if (!(await realpath(join(to, path))).startsWith(root + sep)) throw escapes(path);
  }
  return made;
}

/** Copies one file or link; gives the bytes of a file. */
async function moveFile(from: string, { path, kind }: Entry, to: string): Promise<number> {
  const [source, target] = [join(from, path), join(to, path)];
  await rm(target, { force: true });
  if (kind === "link") {
    const link = await readlink(source);
    const end = join(dirname(path), link);
    if (link.startsWith("/") || end === ".." || end.startsWith(`..${sep}`)) throw escapes(path);
    await symlink(link, target);
    return 0;
  }
  const found = await lstat(source);
  await copyFile(source, target);
  if ((found.mode & ~permissions & 0o7777) !== 0) await chmod(target, found.mode & permissions);
  await utimes(target, found.atimeMs / 1000, found.mtimeMs / 1000);
  return found.size;
}

function escapes(path: string): ArchwayError {
  return new ArchwayError({
    code: "ARTIFACT_ESCAPES",
    kind: "failed",
    message: `${path} leads out of the workspace.`,
    hint: "Links in artifacts are relative and stay inside of it.",
  });
}

function invalid(path: string): ArchwayError {
  return new ArchwayError({
    code: "ARTIFACT_INVALID",
    kind: "failed",
    message: `${path} is a socket, a pipe or a device: artifacts hold files, folders and links.`,
    hint: `Leave it out of the artifact with !${path} as its last path.`,
  });
}
