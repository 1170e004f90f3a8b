import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import type { ArtifactSpec, CacheSpec, InputSpec } from "../../pipeline/job-spec.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Artifacts, Moved } from "./artifacts.ts";
import type { Caches, OpenCache } from "./caches.ts";
import type { JobFolder } from "./job-folder.ts";
import { measureFolder } from "./measure-folder.ts";
import { removeFolder } from "./remove-folder.ts";
import { requireFolders } from "./require-folders.ts";

/** A job's files in a folder of this machine, for an engine that mounts paths of it. */
export class LocalFolder implements JobFolder {
  readonly workspace: string;
  readonly disk: string;
  readonly made: { readonly driver: string; readonly files: number };
  readonly #folder: string;
  readonly #scratch: string;
  readonly #stores: { readonly artifacts: Artifacts; readonly caches: Caches };
  /** Caches that lie outside of the workspace. */
  readonly #caches: string[] = [];
  readonly #releases: (() => Promise<void>)[] = [];
  #count = 0;

  /**
   * @param parts.folder holds `workspace`, filled, and `scratch`, empty and closed to other users
   * @param parts.made how the workspace came to be
   */
  constructor(parts: {
    readonly folder: string;
    readonly made: { readonly driver: string; readonly files: number };
    readonly artifacts: Artifacts;
    readonly caches: Caches;
  }) {
    this.#folder = parts.folder;
    this.#scratch = join(parts.folder, "scratch");
    this.workspace = join(parts.folder, "workspace");
    this.disk = parts.folder;
    this.made = parts.made;
    this.#stores = parts;
  }

  async addFile(name: string, content: string, { mode }: { readonly mode: number }): Promise<string> {
    const file = this.#place(name);
    await writeFile(file, content, { mode: 0o600 });
    await chmod(file, mode);
    return file;
  }

  async addFolder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const folder = this.#place(name);
    await mkdir(folder);
    for (const [file, content] of Object.entries(files)) {
      await writeFile(join(folder, file), content);
      await chmod(join(folder, file), 0o644);
    }
    await chmod(folder, 0o755);
    return folder;
  }

  placeInput(input: InputSpec, signal: AbortSignal): Promise<Moved> {
    return this.#stores.artifacts.place(this.workspace, input, signal);
  }

  async openCache(
    spec: CacheSpec,
    platform: Platform,
    signal: AbortSignal,
  ): Promise<{ readonly cache: OpenCache; readonly source?: string }> {
    const { path } = spec;
    if (isAbsolute(path)) {
      const source = this.#place("cache");
      const cache = await this.#stores.caches.open(spec, platform, source, { signal });
      this.#caches.push(source);
      this.#releases.push(() => cache.release());
      return { cache, source };
    }
    await requireFolders(this.workspace, path);
    const cache = await this.#stores.caches.open(spec, platform, join(this.workspace, path), {
      isPlain: true,
      signal,
    });
    const save = async (within?: AbortSignal) => {
      // A step may have put a link into the place of the folder.
      await requireFolders(this.workspace, path);
      return cache.save(within);
    };
    return { cache: { ...cache, save } };
  }

  saveArtifact(job: string, spec: ArtifactSpec, signal: AbortSignal): Promise<Moved> {
    return this.#stores.artifacts.save(job, this.workspace, spec, signal);
  }

  /** What a container wrote as another user stays as it is. */
  async share(signal: AbortSignal): Promise<boolean> {
    const chmodAll = promisify(execFile)("chmod", ["-R", "a+rwX", this.workspace, ...this.#caches], { signal });
    await chmodAll.catch(() => signal.throwIfAborted());
    return true;
  }

  /** Root may do everything; another user asks whether something in a folder that containers write to is not theirs. */
  async foreign(): Promise<readonly string[]> {
    if (process.getuid?.() === 0) return [];
    const folders = await Promise.all(
      [this.workspace, ...this.#caches].map(async (folder) => {
        // A folder that cannot be listed is not ours either.
        const isOurs = await measureFolder(folder).then(
          (found) => found.isOurs,
          () => false,
        );
        return isOurs ? [] : [folder];
      }),
    );
    return folders.flat();
  }

  async remove(): Promise<void> {
    try {
      await removeFolder(this.#folder);
    } finally {
      // Also of a folder that is left in part: nothing uses it any more.
      await Promise.allSettled(this.#releases.splice(0).map((release) => release()));
    }
  }

  #place(name: string): string {
    return join(this.#scratch, `${++this.#count}-${name}`);
  }
}
