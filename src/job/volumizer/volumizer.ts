import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyRepository, type RepositoryDepth } from "../../git/copy-repository.ts";
import { Artifacts, removeExpired } from "./artifacts.ts";
import { Caches } from "./caches.ts";
import type { CloneDriver } from "./clone/driver.ts";
import type { JobFolder } from "./job-folder.ts";
import type { KeptCheckout } from "./kept-checkout.ts";
import { LocalFolder } from "./local-folder.ts";
import { removeFolder } from "./remove-folder.ts";
import { isRunUsed, ownerFile, sizeFile } from "./run-results.ts";
import { copyFiles } from "./copy-files.ts";
import type { Checkout } from "./working-tree.ts";

/** Where the files of jobs live: folders of this machine below one state folder, so that the next start finds what a killed process left. */
export class Volumizer {
  readonly artifacts: Artifacts;
  readonly caches: Caches;
  readonly #folder: string;
  readonly #driver: CloneDriver;
  #private: Promise<string> | undefined;
  #checkout: KeptCheckout | undefined;
  #count = 0;
  #isKept = false;

  /**
   * @param parts.stateFolder where workspaces and artifacts go
   * @param parts.cacheFolder where caches stay between runs
   * @param parts.repository whose pipeline it is
   * @param parts.owner mark of this process
   * @param parts.driver how jobs get their copy of the checkout and of caches
   */
  constructor(parts: {
    readonly stateFolder: string;
    readonly cacheFolder: string;
    readonly repository: string;
    readonly owner: string;
    readonly run: string;
    readonly driver: CloneDriver;
  }) {
    this.#driver = parts.driver;
    this.#folder = join(parts.stateFolder, "work", parts.owner);
    this.artifacts = new Artifacts(join(parts.stateFolder, "runs", parts.run, "artifacts"));
    this.caches = new Caches(join(parts.cacheFolder, "jobs"), parts);
  }

  /**
   * A copy of the working tree as it is now: every job starts from the same files, whatever is edited meanwhile.
   *
   * @param how.kept takes it, and is released with this volumizer; without it the copy goes with this process
   */
  async snapshot(
    tree: Checkout,
    {
      git,
      env,
      signal,
      kept,
    }: {
      readonly kept?: KeptCheckout | undefined;
      /** What it gets as `.git`. */
      readonly git: "none" | RepositoryDepth;
      readonly env: NodeJS.ProcessEnv;
      readonly signal: AbortSignal;
    },
  ): Promise<Checkout> {
    this.#checkout = kept;
    const folder = kept?.folder ?? join(this.#folder, "checkout");
    await mkdir(folder, { recursive: true });
    const paths = await (kept?.fill(tree, signal) ?? copyFiles(tree, folder, signal));
    const { rawPaths } = tree;
    const checkout = { folder, paths, ...(rawPaths === undefined ? {} : { rawPaths }) };
    if (git === "none") return checkout;
    return { ...checkout, hasRepository: await copyRepository(tree.folder, folder, git, { env, signal }) };
  }

  /** A folder for secrets, closed to other users, that goes with this process. No pipeline can name it. */
  async openPrivate(): Promise<string> {
    await mkdir(this.#folder, { recursive: true });
    this.#private ??= mkdtemp(join(this.#folder, "private-"));
    return this.#private;
  }

  /**
   * A job's own copy of a checkout that {@link snapshot} made. Every user of a container may put files into it. On this machine only this process's user gets to it.
   */
  async openJob(checkout: Checkout, signal: AbortSignal): Promise<JobFolder & { readonly workspace: string }> {
    const folder = join(this.#folder, `${++this.#count}`);
    const workspace = join(folder, "workspace");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await mkdir(workspace);
    await mkdir(join(folder, "scratch"), { mode: 0o700 });
    try {
      await this.#driver.clone(checkout.folder, workspace, signal);
      await chmod(workspace, 0o777);
    } catch (error) {
      await removeFolder(folder);
      throw error;
    }
    const made = { driver: this.#driver.name, files: checkout.paths.length };
    return new LocalFolder({ folder, made, artifacts: this.artifacts, caches: this.caches });
  }

  /** Leaves the workspaces that are there when this process ends: something goes on using them. */
  keep(): void {
    this.#isKept = true;
  }

  /** Removes the folders of this process, as far as it may: what a container wrote as another user stays. */
  async close(): Promise<void> {
    const folder = this.#isKept ? await this.#private : this.#folder;
    if (folder !== undefined) await removeFolder(folder).catch(() => undefined);
    if (!this.#isKept) await this.#checkout?.release();
  }
}

/** Makes the folder of a run that begins, and marks it as in use until what is returned is called. Throws what the file system says. */
export async function openRunFolder(folder: string, owner: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, ownerFile), owner);
  return () => rm(join(folder, ownerFile), { force: true });
}

/**
 * Removes what is left of the oldest runs, their artifacts and images too: names of runs begin with their time. A run that goes on stays, however many came after it: it may wait for an approval.
 *
 * @param isInUse whether what a process left has to stay; undefined when that cannot be told from here
 */
export async function removeOldRuns(
  stateFolder: string,
  keep: number,
  isInUse: (owner: string) => Promise<boolean | undefined>,
): Promise<void> {
  const runs = join(stateFolder, "runs");
  const names = (await readdir(runs).catch(() => [])).toSorted((a, b) => (a < b ? 1 : -1));
  for (const name of names.slice(keep)) {
    if (await isRunUsed(join(runs, name), isInUse)) continue;
    await removeFolder(join(runs, name)).catch(() => undefined);
  }
}

/**
 * Removes the artifacts that have expired since their run has ended. Those of a run that goes on, or was killed, stay as long as the run does.
 *
 * @param about.endFile file in a run's folder that is written when it has ended
 * @param about.now milliseconds since the epoch
 */
export async function removeExpiredArtifacts(
  stateFolder: string,
  { endFile, now }: { readonly endFile: string; readonly now: number },
): Promise<void> {
  const runs = join(stateFolder, "runs");
  for (const run of await readdir(runs).catch(() => [])) {
    const ended = await stat(join(runs, run, endFile)).catch(() => undefined);
    if (ended === undefined) continue;
    const age = (now - ended.mtimeMs) / 1000;
    const isChanged = await removeExpired(join(runs, run, "artifacts"), age).catch(() => true);
    if (isChanged) await rm(join(runs, run, sizeFile), { force: true });
  }
}

/** File in an abandoned folder that cannot be removed: it was told once. */
const toldFile = "told";

/**
 * Removes the workspaces of processes that have gone.
 *
 * @returns folders that cannot be removed, because containers wrote into them as another user, and that no start before has told of
 */
export async function removeAbandonedWorkspaces(
  stateFolder: string,
  isRunning: (owner: string) => Promise<boolean | undefined>,
): Promise<readonly string[]> {
  const work = join(stateFolder, "work");
  const left: string[] = [];
  for (const owner of await readdir(work).catch(() => [])) {
    const folder = join(work, owner);
    if ((await isRunning(owner)) !== false) continue;
    const isTold = existsSync(join(folder, toldFile));
    await removeFolder(folder).catch(async () => {
      if (!isTold) left.push(folder);
      await writeFile(join(folder, toldFile), "").catch(() => undefined);
    });
  }
  return left;
}
