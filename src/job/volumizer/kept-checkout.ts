import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLayoutLock } from "../../store/layout-lock.ts";
import { fillCheckout } from "./fill-checkout.ts";
import { removeFolder } from "./remove-folder.ts";
import type { Checkout } from "./working-tree.ts";

/** Milliseconds without use, and number, after which a kept checkout goes. */
const limits = { age: 14 * 86_400_000, count: 10 };

/** Whether what a process left has to stay; undefined when that cannot be told from here. */
type IsInUse = (owner: string) => Promise<boolean | undefined>;

/** A copy of a working tree that stays between runs, so that the next one copies only what has changed. One run at a time has it, and nobody else changes it meanwhile. */
export interface KeptCheckout {
  /** Where its files are. */
  readonly folder: string;
  /**
   * Makes it a copy of a working tree as it is now. Returns the paths that were there.
   *
   * @throws what {@link fillCheckout} throws
   */
  fill(tree: Checkout, signal: AbortSignal): Promise<readonly string[]>;
  /** Lets others have it. Nothing may use its files any more. */
  release(): Promise<void>;
}

/**
 * Takes the kept copy of a working tree; undefined when another process has it.
 *
 * @param folder of all kept checkouts
 * @param how.owner mark of this process
 * @throws ArchwayError of {@link withLayoutLock}, what the file system says
 */
export async function takeCheckout(
  folder: string,
  tree: string,
  { owner, isInUse }: { readonly owner: string; readonly isInUse: IsInUse },
): Promise<KeptCheckout | undefined> {
  const home = join(folder, createHash("sha256").update(tree).digest("hex").slice(0, 32));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const isTaken = await withLayoutLock(folder, async () => {
    if (await isUsed(home, isInUse)) return false;
    await mkdir(home, { recursive: true, mode: 0o700 });
    await writeFile(ownerFile(home), owner);
    await writeFile(useFile(home), "");
    return true;
  });
  if (!isTaken) return undefined;
  const files = join(home, "files");
  return {
    folder: files,
    fill: (now, signal) => fillCheckout(now, { files, index: join(home, "index") }, signal),
    release: () => rm(ownerFile(home), { force: true }),
  };
}

/**
 * Removes kept checkouts that no run has used for two weeks, and all but the ten that were used last.
 *
 * @param about.now milliseconds since the epoch
 */
export async function removeUnusedCheckouts(
  folder: string,
  { now, isInUse }: { readonly now: number; readonly isInUse: IsInUse },
): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(".dead-"))) await removeFolder(join(folder, name));
  const all = await Promise.all(
    names
      .filter((name) => !name.startsWith("."))
      .map(async (name) => {
        const home = join(folder, name);
        const used = await stat(useFile(home)).catch(() => undefined);
        return { home, used: used?.mtimeMs ?? 0 };
      }),
  );
  all.sort((a, b) => b.used - a.used);
  for (const [place, { home, used }] of all.entries()) {
    if (place < limits.count && used >= now - limits.age) continue;
    // Out of sight in one step: one that is cut off is never taken for a whole one.
    const dead = join(folder, `.dead-${randomUUID()}`);
    const isDead = await withLayoutLock(folder, async () => {
      if (await isUsed(home, isInUse)) return false;
      await rename(home, dead);
      return true;
    });
    if (isDead) await removeFolder(dead);
  }
}

/** Holds the mark of the process that has it. */
function ownerFile(home: string): string {
  return join(home, "owner");
}

/** Its time is that of the last use. */
function useFile(home: string): string {
  return join(home, "used");
}

async function isUsed(home: string, isInUse: IsInUse): Promise<boolean> {
  const owner = await readFile(ownerFile(home), "utf8").catch(() => undefined);
  return owner !== undefined && (await isInUse(owner)) !== false;
}
