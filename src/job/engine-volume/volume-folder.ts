import { randomUUID } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { dirname, isAbsolute, join, relative } from "node:path";
import type { Pack } from "tar-stream";
import { ArchwayError } from "../../error/error.ts";
import type { ArtifactSpec, CacheSpec, InputSpec } from "../../pipeline/job-spec.ts";
import type { Platform } from "../../platform/platform.ts";
import type { EngineVolumes, Labels, MountSource, PlacedFiles } from "../containerizer/containerizer.ts";
import { tarOf } from "../containerizer/engine-archive.ts";
import { fitsArtifact, type Artifacts, type Moved } from "../volumizer/artifacts.ts";
import type { Caches, OpenCache } from "../volumizer/caches.ts";
import type { JobFolder } from "../volumizer/job-folder.ts";
import { listEntries } from "../volumizer/move-entries.ts";
import { removeFolder } from "../volumizer/remove-folder.ts";
import { requireFolders } from "../volumizer/require-folders.ts";
import type { Checkout } from "../volumizer/working-tree.ts";
import { addFolder, packFiles, packFolder } from "./pack-files.ts";
import { unpackTar } from "./unpack-tar.ts";

/** Adds the `.git` of a folder; empty folders too, without which it would be none. */
async function packRepository(
  files: Pack,
  { folder, isShared }: { readonly folder: string; readonly isShared: boolean },
  signal: AbortSignal,
): Promise<void> {
  const entries = (await listEntries(join(folder, ".git"))).map((entry) => ({ ...entry, path: `.git/${entry.path}` }));
  for (const { kind, path } of entries) if (kind === "folder") await addFolder(files, path, isShared ? 0o777 : 0o755);
  const rest = entries.filter(({ kind }) => kind === "file" || kind === "link");
  const paths = rest.map(({ path }) => path);
  await packFiles(files, { folder, paths, isShared }, signal);
}

/** What the files of one attempt on another machine are made with. */
export interface VolumeParts {
  readonly engine: EngineVolumes;
  readonly checkout: Checkout;
  /** Whether every user of a container may change the files of the checkout. */
  readonly isShared: boolean;
  readonly artifacts: Artifacts;
  readonly caches: Caches;
  /** A folder of this machine, closed to other users, for what is on its way. */
  readonly staging: string;
  readonly labels: Labels;
}

/** Where a volume is mounted in the container that gives access to it. */
const inside = "/files";
/** Milliseconds that what is made, and each removal, may take. */
const patience = 30_000;

/**
 * A job's files in volumes of an engine that does not see this machine's: sent as tars through a container that never starts, and brought back the same way. Artifacts and caches
 * lie here between jobs, so that jobs of different machines share them. Scripts and secrets are put into the containers that use them, and go with these.
 */
export class VolumeFolder implements JobFolder {
  readonly workspace: MountSource;
  readonly made: { readonly driver: string; readonly files: number };
  readonly #parts: VolumeParts;
  readonly #volumes: Volume[];
  readonly #workspace: Volume;

  private constructor(parts: VolumeParts, workspace: Volume) {
    this.#parts = parts;
    this.#workspace = workspace;
    this.#volumes = [workspace];
    this.workspace = { volume: workspace.name };
    this.made = { driver: "engine-volume", files: parts.checkout.paths.length };
  }

  /** Makes the volume of the workspace and sends the checkout there. Throws what the engine says. */
  static async open(parts: VolumeParts, signal: AbortSignal): Promise<VolumeFolder> {
    const workspace = await Volume.make(parts, signal);
    try {
      const { isShared, checkout } = parts;
      const { folder, paths, hasRepository } = checkout;
      const tar = tarOf(async (files) => {
        // Whatever user an image has, it may put files beside ours.
        await addFolder(files, ".", 0o777);
        await packFiles(files, { folder, paths, isShared }, signal);
        if (hasRepository === true) await packRepository(files, { folder, isShared }, signal);
      });
      await workspace.put("", tar, signal);
    } catch (error) {
      await workspace.remove().catch(() => undefined);
      throw error;
    }
    return new VolumeFolder(parts, workspace);
  }

  addFile(_: string, content: string, { mode }: { readonly mode: number }): Promise<PlacedFiles> {
    return Promise.resolve({ files: { "": { content, mode } } });
  }

  addFolder(_: string, files: Readonly<Record<string, string>>): Promise<PlacedFiles> {
    const placed = Object.entries(files).map(([name, content]) => [name, { content, mode: 0o644 }] as const);
    return Promise.resolve({ files: Object.fromEntries(placed) });
  }

  placeInput(input: InputSpec, signal: AbortSignal): Promise<Moved> {
    const { artifacts, checkout } = this.#parts;
    return this.#stage(async (staged) => {
      await requireFolders(checkout.folder, input.path);
      const moved = await artifacts.place(staged, input, signal);
      const entries = await readdir(staged, { withFileTypes: true, recursive: true });
      const folders = new Set(entries.map(({ parentPath }) => relative(staged, parentPath)));
      // A link of the repository would lead the files to some other place of the workspace.
      for (const folder of folders) await requireFolders(checkout.folder, folder);
      await this.#workspace.put(
        "",
        tarOf((tar) => packFolder(tar, staged, signal)),
        signal,
      );
      return moved;
    });
  }

  async openCache(
    spec: CacheSpec,
    platform: Platform,
    signal: AbortSignal,
  ): Promise<{ readonly cache: OpenCache; readonly source?: MountSource }> {
    const { path } = spec;
    const isApart = isAbsolute(path);
    if (!isApart) await requireFolders(this.#parts.checkout.folder, path);
    const volume = isApart ? await this.#addVolume(signal) : this.#workspace;
    const place = isApart ? "" : path;
    const staged = join(this.#parts.staging, randomUUID());
    const cache = await this.#sendCache(volume, staged, signal, () =>
      this.#parts.caches.open(spec, platform, join(staged, place), { isPlain: true, signal }),
    );
    const save = async (within: AbortSignal = new AbortController().signal) => {
      try {
        if (cache.result !== "hit") await this.#fetchCache(volume, spec, join(staged, place), within);
        return await cache.save(within);
      } finally {
        await removeFolder(staged).catch(() => undefined);
      }
    };
    return { cache: { ...cache, save }, ...(isApart ? { source: { volume: volume.name } } : {}) };
  }

  async share(): Promise<boolean> {
    // The caches came after the checkout.
    return this.#parts.isShared && this.#volumes.length === 1;
  }

  saveArtifact(job: string, spec: ArtifactSpec, signal: AbortSignal): Promise<Moved> {
    return this.#stage(async (staged) => {
      for (const base of basesOf(spec.paths)) {
        const tar = await this.#workspace.get(base, signal);
        if (tar === undefined) continue;
        const place = (name: string) => {
          const path = base === "" ? name : join(dirname(base), name);
          return path !== "" && fitsArtifact(spec.paths, path) ? path : undefined;
        };
        const { missing } = await unpackTar(tar, staged, { place }, signal);
        for (const path of missing) await this.#fetchAlone(path, staged, signal);
      }
      return this.#parts.artifacts.save(job, staged, spec, signal);
    });
  }

  async remove(): Promise<void> {
    const results = await Promise.allSettled(this.#volumes.map((volume) => volume.remove()));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #addVolume(signal: AbortSignal): Promise<Volume> {
    const volume = await Volume.make(this.#parts, signal);
    this.#volumes.push(volume);
    return volume;
  }

  /** One file by itself: in a tar of more it is only another name. */
  async #fetchAlone(path: string, staged: string, signal: AbortSignal): Promise<void> {
    const tar = await this.#workspace.get(path, signal);
    if (tar !== undefined) await unpackTar(tar, staged, { place: () => path }, signal);
  }

  /** Sends what a cache gave; nothing of it stays here, also when that fails. */
  async #sendCache(
    volume: Volume,
    staged: string,
    signal: AbortSignal,
    open: () => Promise<OpenCache>,
  ): Promise<OpenCache> {
    let cache: OpenCache | undefined;
    try {
      cache = await open();
      await volume.put(
        "",
        tarOf((tar) => packFolder(tar, staged, signal)),
        signal,
      );
      return cache;
    } finally {
      await removeFolder(staged).catch(() => undefined);
      await cache?.release();
    }
  }

  async #fetchCache(volume: Volume, { path, maxSize }: CacheSpec, target: string, signal: AbortSignal): Promise<void> {
    await mkdir(target, { recursive: true });
    const isApart = isAbsolute(path);
    const tar = await volume.get(isApart ? "" : path, signal);
    if (tar === undefined) return;
    const place = (name: string) => (isApart ? name : name.split("/").slice(1).join("/")) || ".";
    // What is too large is not saved: how much too large need not be known.
    await unpackTar(tar, target, { place, maxBytes: maxSize }, signal);
  }

  async #stage<Result>(work: (staged: string) => Promise<Result>): Promise<Result> {
    const staged = join(this.#parts.staging, randomUUID());
    await mkdir(staged, { recursive: true });
    try {
      return await work(staged);
    } finally {
      await removeFolder(staged).catch(() => undefined);
    }
  }
}

/** A volume and the container that gives access to it. */
class Volume {
  readonly name: string;
  readonly #engine: EngineVolumes;
  readonly #holder: string;

  private constructor(engine: EngineVolumes, name: string, holder: string) {
    this.name = name;
    this.#engine = engine;
    this.#holder = holder;
  }

  /** What is made is not interrupted: only its answer tells what has to be removed. */
  static async make({ engine, labels }: VolumeParts, wanted: AbortSignal): Promise<Volume> {
    wanted.throwIfAborted();
    const signal = AbortSignal.timeout(patience);
    const name = `archway-${labels.run}-${randomUUID().slice(0, 8)}`;
    await engine.createVolume(name, labels, signal);
    try {
      const mounts = [{ source: { volume: name }, target: inside }];
      return new Volume(engine, name, await engine.createHolder(name, mounts, labels, signal));
    } catch (error) {
      // The engine may have made the container all the same, and a volume that is in use stays.
      for (const kind of ["container", "volume"] as const)
        await engine.remove({ kind, id: name }, AbortSignal.timeout(patience)).catch(() => undefined);
      throw error;
    }
  }

  put(path: string, tar: Parameters<EngineVolumes["put"]>[2], signal: AbortSignal): Promise<void> {
    return this.#engine.put(this.#holder, join(inside, path), tar, signal);
  }

  /** A tar of what is at a path, named by its last part; of all that is in the volume for an empty path. */
  get(path: string, signal: AbortSignal): ReturnType<EngineVolumes["get"]> {
    // Podman names the root of a volume otherwise than Docker; what is in it they name alike.
    return this.#engine.get(this.#holder, path === "" ? `${inside}/.` : join(inside, path), signal);
  }

  async remove(): Promise<void> {
    try {
      await this.#engine.remove({ kind: "container", id: this.#holder }, AbortSignal.timeout(patience));
    } finally {
      // Also asked for when the container stays: what could not be removed is tried again later.
      await this.#engine.remove({ kind: "volume", id: this.name }, AbortSignal.timeout(patience));
    }
  }
}

/** The folders and files that globs begin with: what they cannot fit need not be sent. */
function basesOf(globs: readonly string[]): readonly string[] {
  const bases = globs
    .filter((glob) => !glob.startsWith("!"))
    .map((glob) => {
      const parts = glob.split("/").filter((part) => part !== "" && part !== ".");
      const magic = parts.findIndex((part) => /[*?[{\\]/.test(part));
      return parts.slice(0, magic < 0 ? undefined : magic).join("/");
    });
  if (bases.some((base) => base.split("/").includes(".."))) {
    throw new ArchwayError({
      code: "ARTIFACT_ESCAPES",
      kind: "failed",
      message: `${globs.join(", ")} leads out of the workspace.`,
    });
  }
  const unique = [...new Set(bases)];
  return unique.filter(
    (base) => !unique.some((other) => other !== base && (other === "" || base.startsWith(`${other}/`))),
  );
}
