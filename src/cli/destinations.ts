import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { BuildOutput } from "../build/request.ts";
import { ArchwayError } from "../error/error.ts";

/**
 * Looks, before anything is built, whether the files that a build will write have a place: an hour of building and a moved tag are too late to learn that a
 * folder is missing. Standard output (`-`) has one, and a layout makes its folders itself.
 *
 * Throws `FILE_UNWRITABLE` (kind `input`).
 */
export async function requireDestinations(
  cwd: string,
  { metadataFile, output }: { readonly metadataFile?: string; readonly output?: BuildOutput },
): Promise<void> {
  if (metadataFile !== undefined) await requireFile(cwd, metadataFile);
  if ((output?.kind !== "oci" && output?.kind !== "docker") || output.dest === undefined) return;
  if (output.kind === "docker" || output.tar) await requireFile(cwd, output.dest);
  else await requireLayout(cwd, output.dest);
}

/** A file is written beside its place and renamed: its folder has to be there. */
async function requireFile(cwd: string, file: string): Promise<void> {
  const path = resolve(cwd, file);
  const found = await kindOf(path);
  if (found === "folder") throw unwritable(file, "it is a folder");
  const folder = dirname(path);
  if ((await kindOf(folder)) !== "folder") throw unwritable(file, `there is no folder ${folder}`);
  await requireWritable(file, folder);
}

async function requireLayout(cwd: string, name: string): Promise<void> {
  let folder = resolve(cwd, name);
  while ((await kindOf(folder)) === undefined && folder !== dirname(folder)) folder = dirname(folder);
  if ((await kindOf(folder)) !== "folder") throw unwritable(name, `${folder} is not a folder`);
  await requireWritable(name, folder);
}

async function requireWritable(name: string, folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(name, `${folder} may not be written to`, error);
  }
}

/** What a path is; `undefined` where nothing can be seen. */
async function kindOf(path: string): Promise<"folder" | "other" | undefined> {
  return stat(path).then(
    (found) => (found.isDirectory() ? "folder" : "other"),
    () => undefined,
  );
}

function unwritable(name: string, why: string, cause?: unknown): ArchwayError {
  return new ArchwayError({
    code: "FILE_UNWRITABLE",
    kind: "input",
    message: `${name} cannot be written: ${why}.`,
    hint: "Name a file in a folder that exists and that you may write to.",
    ...(cause === undefined ? {} : { cause }),
  });
}
