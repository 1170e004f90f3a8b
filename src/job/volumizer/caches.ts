import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { CacheSpec } from "../../pipeline/job-spec.ts";
import { formatPlatform, type Platform } from "../../platform/platform.ts";
import { withLayoutLock } from "../../store/layout-lock.ts";
import { copyFolder } from "./clone/copy-folder.ts";
import { type CloneDriver, drivers } from "./clone/driver.ts";
import { measureFolder } from "./measure-folder.ts";
import { removeFolder } from "./remove-folder.ts";

/** Milliseconds after which a half made cache, or the use by a process that cannot be asked for, counts no more. */
const halfMadeAge = 86_400_000;

/** A cache in a job's hands: a folder of its own. */
export interface OpenCache {
  readonly result: "hit" | "restored" | "miss";
  /** The key whose content it is. */
  readonly from?: string;
  /**
   * Makes the folder's content the newest cache of the key, in one step. A hit is kept as it is: the key says what is in it. The folder may be gone afterwards: it is moved
   * where that is possible. Throws the reason of the signal; nothing of it is kept then.
   */
  save(signal?: AbortSignal): Promise<{ readonly saved: boolean; readonly bytes: number; readonly reason?: string }>;
  /** Tells that the folder is gone: until then no cleaning takes away what it may be a clone of. */
  release(): Promise<void>;
}

/** What all caches of a user may take together. */
export interface CacheLimits {
  readonly bytes: number;
  readonly count: number;
  /** Seconds since the last use. */
  readonly age: number;
}

interface Cleaning {
  readonly now: number;
  readonly isInUse: (owner: string) => Promise<boolean | undefined>;
}

interface Entry {
  readonly folder: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly used: number;
}

/**
 * The caches of all runs: `PLATFORM/SCOPE.HASH-OF-KEY/` with the key in a file, the content in a folder, and a file for each process that uses it. What one platform's jobs saved no
 * other's can open; and nothing that one repository saved, or what was saved from another path, is ever looked at: keys are the words of whoever wrote a pipeline.
 */
export class Caches {
  readonly #folder: string;
  readonly #repository: string;
  readonly #driver: CloneDriver;
  readonly #owner: string;

  /**
   * @param how.repository what tells the repository whose jobs open and save caches from all others
   * @param how.driver makes the clones that jobs get
   * @param how.owner mark of this process
   */
  constructor(
    folder: string,
    how: { readonly repository: string; readonly driver: CloneDriver; readonly owner: string },
  ) {
    this.#folder = folder;
    this.#repository = how.repository;
    this.#driver = how.driver;
    this.#owner = how.owner;
  }

  /**
   * Fills `target` with the cache of the key, else with the newest whose key begins with one of `restore`, in their order; of those that this repository saved from the same path.
   *
   * @param how.signal ends the filling; throws its reason
   * @param how.isPlain nothing may be mounted there: steps may remove the folder, or it has files already
   */
  async open(
    { path, key, restore, maxSize }: CacheSpec,
    platform: Platform,
    target: string,
    how: { readonly isPlain?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<OpenCache> {
    const home = join(this.#folder, formatPlatform(platform).replaceAll("/", "_"));
    await mkdir(home, { recursive: true });
    await mkdir(target, { recursive: true });
    const scope = this.#scopeOf(path);
    const { source, isExact, release } = await withLayoutLock(home, () => this.#choose(home, scope, key, restore));
    if (source !== undefined) {
      const driver = how.isPlain && this.#driver.name === "overlay" ? drivers.copy : this.#driver;
      const content = join(source.folder, "content");
      try {
        await driver.clone(content, target, how.signal).catch(async (error: unknown) => {
          // Caches may lie on another disk than workspaces.
          if (driver.name !== "reflink" || how.signal?.aborted === true) throw error;
          await drivers.copy.clone(content, target, how.signal);
        });
      } catch (error) {
        await release();
        throw error;
      }
      if (driver.name !== "overlay") await release();
    }
    return {
      result: isExact ? "hit" : source !== undefined ? "restored" : "miss",
      ...(source === undefined ? {} : { from: source.key }),
      release,
      save: async (signal) => {
        if (isExact) return { saved: false, bytes: 0, reason: "the cache of this key is there already" };
        const { bytes, isOurs } = await measureFolder(target);
        signal?.throwIfAborted();
        if (bytes > maxSize) return { saved: false, bytes, reason: `it has ${bytes} bytes, max_size is ${maxSize}` };
        const saved = await this.#save(home, { scope, key }, { folder: target, bytes, isOurs, signal });
        return saved ? { saved, bytes } : { saved, bytes, reason: "another job saved a cache of this key meanwhile" };
      },
    };
  }

  /** What the names of caches begin with that this repository saves from a path. */
  #scopeOf(path: string): string {
    return hashOf(JSON.stringify([this.#repository, normalize(`${path}/`)]));
  }

  /** The entry to use, marked as used by this process. */
  async #choose(
    home: string,
    scope: string,
    key: string,
    restore: readonly string[],
  ): Promise<{ readonly source?: Entry; readonly isExact: boolean; readonly release: () => Promise<void> }> {
    const entries = await this.#entries(home, (name) => name.startsWith(`${scope}.`));
    const exact = entries.find((entry) => entry.key === key);
    const near = restore.flatMap((start) => entries.filter((entry) => entry.key.startsWith(start)))[0];
    const source = exact ?? near;
    if (source === undefined) return { isExact: false, release: async () => undefined };
    const user = join(source.folder, `used-by.${this.#owner}.${randomUUID()}`);
    await writeFile(user, "");
    const now = new Date();
    await utimes(join(source.folder, "key"), now, now);
    return { source, isExact: exact !== undefined, release: () => rm(user, { force: true }) };
  }

  /** Makes a folder the cache of a key; false when there is one already. */
  async #save(
    home: string,
    { scope, key }: { readonly scope: string; readonly key: string },
    from: {
      readonly folder: string;
      readonly bytes: number;
      readonly isOurs: boolean;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<boolean> {
    const fresh = join(home, `.new-${randomUUID()}`);
    await mkdir(fresh, { recursive: true });
    try {
      await writeFile(join(fresh, "key"), key);
      await writeFile(join(fresh, "bytes"), String(from.bytes));
      const content = join(fresh, "content");
      // What is not ours could be moved and then not be removed. Another disk, or a mount: a copy.
      const isMovable = from.isOurs || process.getuid?.() === 0;
      const isMoved =
        isMovable &&
        (await rename(from.folder, content).then(
          () => true,
          () => false,
        ));
      if (!isMoved) await copyFolder(from.folder, content, { reflink: false, signal: from.signal });
      await rename(fresh, join(home, `${scope}.${hashOf(key)}`));
      return true;
    } catch (error) {
      await removeFolder(fresh).catch(() => undefined);
      const code = error instanceof Error && "code" in error ? error.code : "";
      if (code === "ENOTEMPTY" || code === "EEXIST") return false;
      throw error;
    }
  }

  /**
   * Removes caches that nobody used for long, and the longest unused ones until all are within the limits together. What is in use stays.
   *
   * @param about.now milliseconds since the epoch
   * @param about.isInUse whether what a process has has to stay: it runs, or a job of it is kept; undefined when that cannot be told from here
   */
  async collectGarbage({ bytes, count, age, now, isInUse }: CacheLimits & Cleaning): Promise<void> {
    const platforms = await readdir(this.#folder).catch(() => []);
    const all = (
      await Promise.all(platforms.map((name) => this.#entries(join(this.#folder, name), () => true)))
    ).flat();
    const sum = { bytes: 0, count: 0 };
    for (const entry of all.sort((a, b) => b.used - a.used)) {
      sum.bytes += await sizeOf(entry.folder);
      sum.count++;
      if (sum.bytes > bytes || sum.count > count || entry.used < now - age * 1000)
        await this.#drop(entry.folder, { now, isInUse });
    }
    for (const platform of platforms) await this.#clear(join(this.#folder, platform), now);
  }

  /** Takes a cache out of sight in one step, then removes it: one that is cut off is never taken for a whole one. */
  async #drop(folder: string, how: Cleaning): Promise<void> {
    const dead = join(dirname(folder), `.dead-${randomUUID()}`);
    const isDropped = await withLayoutLock(dirname(folder), async () => {
      if (await isUsed(folder, how)) return false;
      await rename(folder, dead);
      return true;
    }).catch(() => false);
    if (isDropped) await removeFolder(dead).catch(() => undefined);
  }

  /** Removes what killed processes left half made or half removed. */
  async #clear(home: string, now: number): Promise<void> {
    for (const name of (await readdir(home)).filter((one) => /^\.(new|dead)-/.test(one))) {
      const { mtimeMs } = await stat(join(home, name)).catch(() => ({ mtimeMs: now }));
      if (mtimeMs < now - halfMadeAge) await removeFolder(join(home, name)).catch(() => undefined);
    }
  }

  /** Caches of a platform whose name fits, the last used first. */
  async #entries(home: string, fits: (name: string) => boolean): Promise<readonly Entry[]> {
    const names = (await readdir(home).catch(() => [])).filter((name) => !name.startsWith(".") && fits(name));
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

/** Whether there is a clone of a cache that has to stay. */
async function isUsed(folder: string, { now, isInUse }: Cleaning): Promise<boolean> {
  for (const name of await readdir(folder)) {
    const [, owner] = /^used-by\.(.*)\.[^.]+$/.exec(name) ?? [];
    if (owner === undefined) continue;
    const is = await isInUse(owner);
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: 0 }));
    if (is ?? mtimeMs > now - halfMadeAge) return true;
  }
  return false;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}

/** Bytes of a cache as they were when it was saved. */
async function sizeOf(folder: string): Promise<number> {
  const written = await readFile(join(folder, "bytes"), "utf8").catch(() => "");
  if (/^\d+$/.test(written)) return Number(written);
  return measureFolder(folder).then(
    ({ bytes }) => bytes,
    () => 0,
  );
}
