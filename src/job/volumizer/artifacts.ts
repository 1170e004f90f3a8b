import { existsSync } from "node:fs";
import { copyFile, lstat, mkdir, readdir, readlink, realpath, rm, symlink } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { ArchwayError } from "../../error/error.ts";
import type { ArtifactSpec, InputSpec } from "../../pipeline/job-spec.ts";
import { matchesGlob } from "../../verify/chain/glob.ts";
import { requireFolders } from "./require-folders.ts";

/** Files that one artifact may have. */
const maxFiles = 200_000;

/** What was moved. */
export interface Moved {
  readonly files: number;
  readonly bytes: number;
}

/** The artifacts of one run: a folder a job and name. */
export class Artifacts {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Takes the files that fit the globs of an artifact out of a workspace; a folder that fits is taken whole.
   *
   * @throws ArchwayError kind `failed`: `ARTIFACT_EMPTY` when nothing fits and it is not optional, `ARTIFACT_ESCAPES` for a link that leads out of the workspace,
   *   `ARTIFACT_TOO_LARGE`.
   */
  async save(
    job: string,
    workspace: string,
    { name, paths, optional }: ArtifactSpec,
    signal: AbortSignal,
  ): Promise<Moved> {
    const target = this.#place(job, name);
    await rm(target, { recursive: true, force: true });
    const fitting = (await filesOf(workspace)).filter((path) => fitsArtifact(paths, path));
    if (fitting.length > maxFiles) {
      throw failed(
        "ARTIFACT_TOO_LARGE",
        `The artifact "${name}" has ${fitting.length} files; ${maxFiles} are allowed.`,
      );
    }
    if (fitting.length === 0 && !optional) {
      throw failed(
        "ARTIFACT_EMPTY",
        `No file fits the artifact "${name}": ${paths.join(", ")}.`,
        "Globs are relative to the workspace. With optional: true an empty one is no error.",
      );
    }
    await mkdir(target, { recursive: true });
    return move(workspace, fitting, target, signal);
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
      const files = await filesOf(source);
      const { files: count, bytes } = await move(source, files, target, signal);
      sum.files += count;
      sum.bytes += bytes;
    }
    return sum;
  }

  #place(job: string, name: string): string {
    return artifactFolder(this.#folder, job, name);
  }
}

/** Where an artifact lies in the folder of a run's artifacts. */
export function artifactFolder(folder: string, job: string, name: string): string {
  return join(folder, encodeURIComponent(job), name);
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

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

async function move(from: string, paths: readonly string[], to: string, signal: AbortSignal): Promise<Moved> {
  const root = await realpath(to);
  let bytes = 0;
  for (const path of paths) {
    signal.throwIfAborted();
    const [source, target] = [join(from, path), join(to, path)];
    await requireFolders(to, dirname(path));
    await mkdir(dirname(target), { recursive: true });
    // A folder of the workspace may be a link to elsewhere, made by a step.
    const place = await realpath(dirname(target));
    if (place !== root && !place.startsWith(root + sep)) throw escapes(path);
    const found = await lstat(source);
    await rm(target, { force: true });
    if (found.isSymbolicLink()) {
      const link = await readlink(source);
      const end = join(dirname(path), link);
      if (link.startsWith("/") || end === ".." || end.startsWith(`..${sep}`)) throw escapes(path);
      await symlink(link, target);
    } else {
      await copyFile(source, target);
      bytes += found.size;
    }
  }
  return { files: paths.length, bytes };
}

function escapes(path: string): ArchwayError {
  return failed(
    "ARTIFACT_ESCAPES",
    `${path} leads out of the workspace.`,
    "Links in artifacts are relative and stay inside of it.",
  );
}

function failed(code: string, message: string, hint?: string): ArchwayError {
  return new ArchwayError({ code, kind: "failed", message, ...(hint === undefined ? {} : { hint }) });
}
