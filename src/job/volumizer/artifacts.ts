import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ArchwayError } from "../../error/error.ts";
import { fileNameOfJob } from "../../pipeline/file-name.ts";
import type { ArtifactSpec, InputSpec } from "../../pipeline/job-spec.ts";
import { matchesGlob } from "../../verify/chain/glob.ts";
import { listEntries, moveEntries } from "./move-entries.ts";
import { removeFolder } from "./remove-folder.ts";
import { requireFolders } from "./require-folders.ts";

/** What one artifact may have: 200,000 files, 20 GiB. */
const defaultLimits = { files: 200_000, bytes: 20 * 1024 ** 3 };

/** What was moved. */
export interface Moved {
  readonly files: number;
  readonly bytes: number;
}

/** The artifacts of one run: a folder a job and name. */
export class Artifacts {
  readonly #folder: string;
  readonly #limits: { readonly files: number; readonly bytes: number };

  constructor(folder: string, limits: { readonly files: number; readonly bytes: number } = defaultLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  /**
   * Takes the files that fit the globs of an artifact out of a workspace, with their modes and times; a folder that fits is taken whole, also an empty one. It is there in
   * one step: one that is cut off is never taken for whole.
   *
   * @throws ArchwayError kind `failed`: `ARTIFACT_EMPTY` when no file fits and it is not optional, `ARTIFACT_ESCAPES` for a link that leads out of the workspace,
   *   `ARTIFACT_INVALID` for what is no file, folder or link, `ARTIFACT_TOO_LARGE`.
   */
  async save(
    job: string,
    workspace: string,
    { name, paths, optional, expires }: ArtifactSpec,
    signal: AbortSignal,
  ): Promise<Moved> {
    const target = this.#place(job, name);
    const fitting = (await listEntries(workspace)).filter(({ path }) => fitsArtifact(paths, path));
    const files = fitting.filter(({ kind }) => kind !== "folder").length;
    if (files === 0 && !optional) {
      throw failed(
        "ARTIFACT_EMPTY",
        `No file fits the artifact "${name}": ${paths.join(", ")}.`,
        "Globs are relative to the workspace. With optional: true an empty one is no error.",
      );
    }
    if (files > this.#limits.files) throw tooLarge(name, `${files} files`, `${this.#limits.files} are allowed`);
    await mkdir(dirname(target), { recursive: true });
    const fresh = join(dirname(target), `.new-${randomUUID()}`);
    try {
      const maxBytes = this.#limits.bytes;
      const moved = await moveEntries(workspace, fitting, fresh, { signal, maxBytes });
      if (moved === undefined) throw tooLarge(name, `more than ${maxBytes} bytes`, "no more are allowed");
      await writeFile(expiryFile(target), String(expires));
      await removeFolder(target);
      await rename(fresh, target);
      return moved;
    } catch (error) {
      await removeFolder(fresh).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Puts artifacts into a workspace. A job that did not make it (it was left out, or failed and may) is passed over; when none made it, that is an error unless the
   * input is optional.
   */
  async place(workspace: string, input: InputSpec, signal: AbortSignal): Promise<Moved> {
    const { path, artifact, from, optional = false } = input;
    const sum = { files: 0, bytes: 0 };
    if (!optional && from.length > 0 && !from.some(({ job }) => existsSync(this.#place(job, artifact)))) {
      throw failed(
        "ARTIFACT_MISSING",
        `The artifact "${artifact}" of ${from.map(({ job }) => job).join(", ")} is not there: no such job has left it.`,
        "A job that failed or was left out has none. When that is right: inputs: { FOLDER: { artifact: JOB.NAME, optional: true } }.",
      );
    }
    await requireFolders(workspace, path);
    for (const { job, folder } of from) {
      await requireFolders(workspace, join(path, folder ?? ""));
      const source = this.#place(job, artifact);
      const target = join(workspace, path, folder ?? "");
      await mkdir(target, { recursive: true });
      const moved = await moveEntries(source, await listEntries(source), target, { signal });
      sum.files += moved?.files ?? 0;
      sum.bytes += moved?.bytes ?? 0;
    }
    return sum;
  }

  #place(job: string, name: string): string {
    return artifactFolder(this.#folder, job, name);
  }
}

/** Seconds that an artifact stays, in a file beside it. */
function expiryFile(folder: string): string {
  return join(dirname(folder), `.expires-${basename(folder)}`);
}

/**
 * Removes the artifacts of a run that has ended so long ago that they have expired.
 *
 * @param folder of the run's artifacts
 * @param age seconds since the run has ended
 * @returns whether there were such
 */
export async function removeExpired(folder: string, age: number): Promise<boolean> {
  let isChanged = false;
  for (const job of await readdir(folder).catch(() => [])) {
    const home = join(folder, job);
    for (const file of (await readdir(home).catch(() => [])).filter((one) => one.startsWith(".expires-"))) {
      const expires = Number(await readFile(join(home, file), "utf8").catch(() => "NaN"));
      if (!(expires < age)) continue;
      isChanged = true;
      await removeFolder(join(home, file.slice(".expires-".length)));
      await rm(join(home, file), { force: true });
    }
    // Only when nothing else is in it.
    await rmdir(home).catch(() => undefined);
  }
  return isChanged;
}

/** Where an artifact lies in the folder of a run's artifacts. */
export function artifactFolder(folder: string, job: string, name: string): string {
  return join(folder, fileNameOfJob(job), name);
}

/** Whether a path of the workspace belongs to an artifact. */
export function fitsArtifact(globs: readonly string[], path: string): boolean {
  let found = false;
  for (const glob of globs) {
    const without = glob.startsWith("!");
    const plain = (without ? glob.slice(1) : glob).replace(/^\.\//, "").replace(/\/$/, "");
    if (matchesGlob(`/${plain}`, `/${path}`) || matchesGlob(`/${plain}/**`, `/${path}`)) found = !without;
  }
  return found;
}

function tooLarge(name: string, what: string, allowed: string): ArchwayError {
  return failed(
    "ARTIFACT_TOO_LARGE",
    `The artifact "${name}" has ${what}; ${allowed}.`,
    "Name fewer files in its paths, or pack them.",
  );
}

function failed(code: string, message: string, hint?: string): ArchwayError {
  return new ArchwayError({ code, kind: "failed", message, ...(hint === undefined ? {} : { hint }) });
}
