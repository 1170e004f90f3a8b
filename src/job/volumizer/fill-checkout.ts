import { lstatSync } from "node:fs";
import { chmod, chown, mkdir, rm, rmdir, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ArchwayError } from "../../error/error.ts";
import { type CheckoutIndex, readIndex, writeIndex } from "./checkout-index.ts";
import { copyFiles } from "./copy-files.ts";
import { contentMark } from "./file-mark.ts";
import { removeFolder } from "./remove-folder.ts";
import type { Checkout } from "./working-tree.ts";

/** Paths that are looked at before others may work. */
const turn = 1000;

/** A kept checkout: its files, and the index that names every one of them. */
export interface CheckoutPlace {
  readonly files: string;
  readonly index: string;
}

/**
 * Makes a kept checkout a copy of a working tree: what has changed since is copied or removed; all is made anew where what is there cannot be relied on.
 *
 * @returns the paths that were there
 * @throws what {@link copyFiles} throws
 */
export async function fillCheckout(
  tree: Checkout,
  place: CheckoutPlace,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const before = await readIndex(place.index);
  if (before !== undefined) {
    try {
      return await change(tree, before, place, signal);
    } catch (error) {
      signal.throwIfAborted();
      // A file of the working tree that cannot be read; anything else is something in the checkout that nobody knows of.
      if (error instanceof ArchwayError && error.kind === "input") throw error;
    }
  }
  await rm(place.index, { force: true });
  await removeFolder(place.files);
  return change(tree, new Map(), place, signal);
}

/** The index names all that is there at every moment, so that nothing of it is taken for good when this process is killed. */
async function change(
  tree: Checkout,
  before: CheckoutIndex,
  { files, index }: CheckoutPlace,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { folder, paths, marks } = tree;
  await mkdir(files, { recursive: true });
  await rm(join(files, ".git"), { recursive: true, force: true });
  const now = new Set(paths);
  const gone = [...before.keys()].filter((path) => !now.has(path));
  requireFolders(files, foldersOf(gone));
  const { same, other } = await compare(tree, before, files, signal);
  if (other.length > 0 || gone.length > 0) {
    const uncertain = (list: readonly string[]) => list.map((path) => [path, ""] as const);
    await writeIndex(index, new Map([...same, ...uncertain(other), ...uncertain(gone)]));
    await removeFiles(files, gone);
    // Before a link comes to where a folder was: what was in the folder would be looked for behind it.
    if (gone.length > 0) await writeIndex(index, new Map([...same, ...uncertain(other)]));
  }
  const folders = foldersOf(paths);
  requireFolders(files, folders);
  const copied = await copyFiles({ folder, paths: other }, files, signal);
  if (copied.length < other.length) {
    const there = new Set(copied);
    await removeFiles(
      files,
      other.filter((path) => !there.has(path)),
    );
  }
  await copyFolders(folder, files, folders);
  if (other.length === 0 && gone.length === 0) return paths;
  await writeIndex(index, new Map([...same, ...copied.map((path) => [path, marks?.get(path) ?? ""] as const)]));
  return [...same.keys(), ...copied].sort();
}

/** Parts the paths of a tree by whether what is there is a copy of them. */
async function compare(
  { paths, marks }: Checkout,
  before: CheckoutIndex,
  files: string,
  signal: AbortSignal,
): Promise<{ readonly same: ReadonlyMap<string, string>; readonly other: readonly string[] }> {
  const same = new Map<string, string>();
  const other: string[] = [];
  for (const [at, path] of paths.entries()) {
    if (at % turn === turn - 1) await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    const mark = marks?.get(path);
    if (mark !== undefined && mark === before.get(path) && isCopy(join(files, path), mark)) same.set(path, mark);
    else other.push(path);
  }
  return { same, other };
}

/** Whether a file is as it was copied: it may have been removed, with other things of the user's state. */
function isCopy(path: string, mark: string): boolean {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found !== undefined && mark.startsWith(`${contentMark(found)} `);
}

/** All folders that paths lead through, the upper ones first. */
function foldersOf(paths: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const path of paths)
    for (let folder = dirname(path); folder !== "." && !found.has(folder); folder = dirname(folder)) found.add(folder);
  return [...found].sort();
}

/** Throws when something else than a folder is where one belongs: behind a link files of others would be changed. */
function requireFolders(files: string, folders: readonly string[]): void {
  for (const folder of folders) {
    const found = lstatSync(join(files, folder), { throwIfNoEntry: false });
    if (found !== undefined && !found.isDirectory()) throw new Error(`${folder} is no folder`);
  }
}

/** Removes files, and the folders that are empty then. */
async function removeFiles(files: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(join(files, path), { force: true });
  // Those that are not empty stay.
  for (const folder of foldersOf(paths).toReversed()) await rmdir(join(files, folder)).catch(() => undefined);
}

/** Gives folders the modes and times that they have in the tree, the deepest first: one may be closed to us afterwards. */
async function copyFolders(from: string, to: string, folders: readonly string[]): Promise<void> {
  for (const path of folders.toReversed()) {
    const [source, target] = [from, to].map((root) => lstatSync(join(root, path), { throwIfNoEntry: false }));
    if (source?.isDirectory() !== true || target?.isDirectory() !== true) continue;
    if (source.mode === target.mode && Math.abs(source.mtimeMs - target.mtimeMs) < 1) continue;
    if (process.getuid?.() === 0) await chown(join(to, path), source.uid, source.gid);
    await chmod(join(to, path), source.mode);
    await utimes(join(to, path), source.atimeMs / 1000, source.mtimeMs / 1000);
  }
}
