import { createHash, randomUUID } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CacheSpec } from "../../pipeline/job-spec.ts";
import { formatPlatform, type Platform } from "../../platform/platform.ts";
import { removeFolder } from "./remove-folder.ts";

/** Milliseconds after which a half made cache belongs to nobody. */
const halfMadeAge = 86_400_000;

/** A cache in a job's hands: a folder of its own. */
export interface OpenCache {
  readonly result: "hit" | "restored" | "miss";
  /** The key whose content it is. */
  readonly from?: string;
  /** Makes the folder's content the newest cache of the key, in one step. A hit is kept as it is: the key says what is in it. */
  save(): Promise<{ readonly saved: boolean; readonly bytes: number; readonly reason?: string }>;
}

/**
 * The caches of all runs: `PLATFORM/HASH-OF-KEY/` with the key in a file and the content in a folder. The platform is a folder of its own: what one platform's jobs
 * saved no other's can open.
 */
export class Caches {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Fills `target` with the cache of the key, else with the newest whose key begins with one of `restore`, in their order. */
  async open({ key, restore, maxSize }: CacheSpec, platform: Platform, target: string): Promise<OpenCache> {
    const home = join(this.#folder, formatPlatform(platform).replaceAll("/", "_"));
    await mkdir(target, { recursive: true });
    const own = join(home, nameOf(key));
    const entries = await this.#entries(home);
    const exact = entries.find((entry) => entry.key === key);
    const near = restore.flatMap((start) => entries.filter((entry) => entry.key.startsWith(start)))[0];
    const source = exact ?? near;
    if (source !== undefined) {
      await cp(join(source.folder, "content"), target, {
        recursive: true,
        verbatimSymlinks: true,
        preserveTimestamps: true,
      });
      const now = new Date();
      await utimes(join(source.folder, "key"), now, now).catch(() => undefined);
    }
    return {
      result: exact !== undefined ? "hit" : source !== undefined ? "restored" : "miss",
      ...(source === undefined ? {} : { from: source.key }),
      save: async () => {
        if (exact !== undefined) return { saved: false, bytes: 0, reason: "the cache of this key is there already" };
        const bytes = await sizeOf(target);
        if (bytes > maxSize) return { saved: false, bytes, reason: `it has ${bytes} bytes, max_size is ${maxSize}` };
        const fresh = join(home, `.new-${randomUUID()}`);
        await mkdir(fresh, { recursive: true });
        await writeFile(join(fresh, "key"), key);
        await cp(target, join(fresh, "content"), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
        try {
          await rename(fresh, own);
        } catch (error) {
          await removeFolder(fresh);
          const code = error instanceof Error && "code" in error ? error.code : "";
          if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
          return { saved: false, bytes, reason: "another job saved a cache of this key meanwhile" };
        }
        return { saved: true, bytes };
      },
    };
  }

  /** Removes caches that nobody used for `age` seconds, and the longest unused ones until all have at most `bytes` together. */
  async collectGarbage({
    bytes,
    age,
    now,
  }: {
    readonly bytes: number;
    readonly age: number;
    readonly now: number;
  }): Promise<void> {
    const platforms = await readdir(this.#folder).catch(() => []);
    const all = (await Promise.all(platforms.map((name) => this.#entries(join(this.#folder, name))))).flat();
    const sized = await Promise.all(all.map(async (entry) => ({ ...entry, size: await sizeOf(entry.folder) })));
    let sum = 0;
    for (const { folder, used, size } of sized.sort((a, b) => b.used - a.used)) {
      sum += size;
      if (sum > bytes || used < now - age * 1000) await this.#drop(folder);
    }
    for (const platform of platforms) await this.#clear(join(this.#folder, platform), now);
  }

  /** Takes a cache out of sight in one step, then removes it: one that is cut off is never taken for a whole one. */
  async #drop(folder: string): Promise<void> {
    const dead = join(dirname(folder), `.dead-${randomUUID()}`);
    await rename(folder, dead).catch(() => undefined);
    await removeFolder(dead).catch(() => undefined);
  }

  /** Removes what killed processes left half made or half removed. */
  async #clear(home: string, now: number): Promise<void> {
    for (const name of (await readdir(home)).filter((one) => /^\.(new|dead)-/.test(one))) {
      const { mtimeMs } = await stat(join(home, name)).catch(() => ({ mtimeMs: now }));
      if (mtimeMs < now - halfMadeAge) await removeFolder(join(home, name)).catch(() => undefined);
    }
  }

  /** Caches of a platform, the last used first. */
  async #entries(
    home: string,
  ): Promise<readonly { readonly folder: string; readonly key: string; readonly used: number }[]> {
    const names = (await readdir(home).catch(() => [])).filter((name) => !name.startsWith("."));
    const found = await Promise.all(
      names.map(async (name) => {
        const folder = join(home, name);
        try {
          const [key, { mtimeMs }] = await Promise.all([
            readFile(join(folder, "key"), "utf8"),
            stat(join(folder, "key")),
          ]);
          return [{ folder, key, used: mtimeMs }];
        } catch {
          // Being removed by another process, or cut off by a full disk: as good as not there.
          return [];
        }
      }),
    );
    return found.flat().sort((a, b) => b.used - a.used);
  }
}

function nameOf(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 40);
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
