import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Pack } from "tar-stream";

/** Bytes up to which a file is read at once. */
const small = 256 * 1024;

/** Whose the files are in containers: as with a mounted folder of this machine, this process's user. */
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** Adds files of a folder, links as links, and the folders on the way to them. Paths are relative to it. Files that are shared may be changed by every user of a container. */
export async function packFiles(
  tar: Pack,
  {
    folder,
    paths,
    isShared = false,
  }: {
    readonly folder: string;
    readonly paths: readonly string[];
    readonly isShared?: boolean;
  },
  signal: AbortSignal,
): Promise<void> {
  const folders = new Set<string>(["."]);
  for (const path of paths) {
    signal.throwIfAborted();
    for (const above of foldersOf(path)) {
      if (folders.has(above)) continue;
      folders.add(above);
      await addFolder(tar, above, isShared ? 0o777 : 0o755);
    }
    await addFile(tar, folder, path, isShared ? shareMode : undefined);
  }
}

/** Adds all that is in a folder, with the modes and times of its folders. */
export async function packFolder(tar: Pack, folder: string, signal: AbortSignal): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries.map((entry) => ({ entry, path: relative(folder, join(entry.parentPath, entry.name)) }));
  for (const { entry, path } of paths.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    signal.throwIfAborted();
    if (entry.isDirectory()) {
      const { mode, mtime } = await lstat(join(folder, path));
      await addFolder(tar, path, mode & 0o7777, mtime);
    } else if (entry.isFile() || entry.isSymbolicLink()) await addFile(tar, folder, path);
  }
}

/** Adds one folder. */
export function addFolder(tar: Pack, name: string, mode: number, mtime?: Date): Promise<void> {
  const header = {
    ...owner,
    name: `${name}/`,
    mode,
    type: "directory",
    ...(mtime === undefined ? {} : { mtime }),
  } as const;
  return new Promise((resolve, reject) => {
    tar.entry(header, (error) => (error ? reject(error) : resolve()));
  });
}

function foldersOf(path: string): readonly string[] {
  const above = dirname(path);
  return above === "." ? [] : [...foldersOf(above), above];
}

/** Everybody may read and change it, and run it when somebody may. */
function shareMode(mode: number): number {
  return mode | ((mode & 0o111) === 0 ? 0o666 : 0o777);
}

async function addFile(
  tar: Pack,
  folder: string,
  path: string,
  modeOf: (mode: number) => number = (mode) => mode,
): Promise<void> {
  const place = join(folder, path);
  const found = await lstat(place);
  const header = { ...owner, name: path, mode: modeOf(found.mode & 0o7777), mtime: found.mtime };
  if (found.isSymbolicLink()) {
    const linkname = await readlink(place);
    return add(tar, { ...header, type: "symlink", linkname }, undefined);
  }
  if (found.size <= small) return add(tar, header, await readFile(place));
  await pipeline(createReadStream(place), tar.entry({ ...header, size: found.size }));
}

function add(tar: Pack, header: Parameters<Pack["entry"]>[0], content: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (content === undefined) tar.entry(header, done);
    else tar.entry(header, content, done);
  });
}
