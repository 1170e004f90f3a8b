import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ArchwayError } from "../../error/error.ts";
import { measureFolder } from "./measure-folder.ts";
import { removeFolder } from "./remove-folder.ts";

/** Folders of a run with what its jobs made: artifacts, and layouts of images. */
const results = ["artifacts", "images"];

/** File in the folder of a run that goes on: the mark of its process. */
export const ownerFile = "owner";
/** Files in the folder of a run whose results others work with: the mark of each process. */
const userFile = "used-by.";
/** File in the folder of a run whose results were removed to make room. */
const removedFile = "results-removed";
/** File with the bytes of a run's results, written when it has ended: whoever removes some of them removes it. */
export const sizeFile = "results-bytes";

/** Whether a process has a mark in the folder of a run. */
type IsInUse = (owner: string) => Promise<boolean | undefined>;

/** Whether a run goes on, or another one works with what it made. */
export async function isRunUsed(folder: string, isInUse: IsInUse): Promise<boolean> {
  const own = await readFile(join(folder, ownerFile), "utf8").catch(() => undefined);
  const users = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(userFile));
  for (const owner of [...(own === undefined ? [] : [own]), ...users.map((name) => name.slice(userFile.length))])
    if ((await isInUse(owner)) !== false) return true;
  return false;
}

/**
 * Marks what runs made as in use by this process, until what is returned is called.
 *
 * @throws ArchwayError `EARLIER_MISSING` (kind `input`) when it has just been removed
 */
export async function useResults(folders: readonly string[], owner: string): Promise<() => Promise<void>> {
  const marks = folders.map((folder) => join(folder, `${userFile}${owner}`));
  const release = async () => {
    for (const mark of marks) await rm(mark, { force: true });
  };
  for (const [index, folder] of folders.entries()) {
    await writeFile(marks[index] ?? "", "").catch(() => undefined);
    // Whoever removes it tells so before looking for marks: one of us sees the other.
    if (existsSync(folder) && hasResults(folder)) continue;
    await release();
    throw new ArchwayError({
      code: "EARLIER_MISSING",
      kind: "input",
      message: `What the run ${basename(folder)} left has just been removed to make room.`,
      hint: "Run the jobs that are needed again: leave out --only.",
    });
  }
  return release;
}

/** Whether what a run made is still there, as far as nothing else took it. */
export function hasResults(folder: string): boolean {
  return !existsSync(join(folder, removedFile));
}

/**
 * Removes what the oldest runs made until all of it is within a size together. The newest run keeps it whatever its size, and so does one that goes on or is used; events and summaries
 * stay.
 *
 * @param runs folder of all runs; their names begin with their time
 */
export async function limitResults(
  runs: string,
  { bytes, isInUse }: { readonly bytes: number; readonly isInUse: IsInUse },
): Promise<void> {
  const names = (await readdir(runs).catch(() => [])).toSorted((a, b) => (a < b ? 1 : -1));
  let sum = 0;
  for (const [index, name] of names.entries()) {
    const folder = join(runs, name);
    if (!hasResults(folder)) continue;
    const isUsed = await isRunUsed(folder, isInUse);
    sum += await sizeOf(folder, isUsed);
    if (sum <= bytes || index === 0 || isUsed) continue;
    await writeFile(join(folder, removedFile), "");
    if (await isRunUsed(folder, isInUse)) await rm(join(folder, removedFile), { force: true });
    else for (const part of results) await removeFolder(join(folder, part)).catch(() => undefined);
  }
}

/** Bytes of what a run made: counted once when it has ended. */
async function sizeOf(folder: string, isUsed: boolean): Promise<number> {
  const known = Number.parseInt(await readFile(join(folder, sizeFile), "utf8").catch(() => ""), 10);
  if (Number.isSafeInteger(known)) return known;
  const parts = results.map((part) => join(folder, part)).filter((part) => existsSync(part));
  const sizes = await Promise.all(parts.map((part) => measureFolder(part).catch(() => ({ bytes: 0 }))));
  const sum = sizes.reduce((all, { bytes }) => all + bytes, 0);
  if (!isUsed) await writeFile(join(folder, sizeFile), String(sum)).catch(() => undefined);
  return sum;
}
