import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import { ArchwayError } from "../error/error.ts";
import type { OpenContext } from "./context.ts";

/**
 * A context of this machine's own files: the Dockerfile may lie anywhere. Throws `DOCKERFILE_MISSING` (kind `input`).
 */
export async function located(directory: string, dockerfile: string): Promise<OpenContext> {
  const found = await stat(dockerfile).catch(() => undefined);
  if (!found?.isFile())
    throw missing(found ? `${dockerfile} is not a file.` : `There is no Dockerfile at ${dockerfile}.`);
  return { directory, dockerfile, dockerfileName: nameFrom(directory, dockerfile) };
}

/**
 * A context of strangers' files, unpacked below `root`: folder and Dockerfile are what they are after all links, and lie inside. `what` names the context in errors.
 *
 * Throws `CONTEXT_INVALID`, `DOCKERFILE_MISSING` (kind `input`).
 */
export async function locatedInside(
  root: string,
  directory: string,
  dockerfile: string,
  what: string,
): Promise<OpenContext> {
  const inside = async (path: string) => {
    const real = await realpath(path).catch(() => undefined);
    return real !== undefined && isInside(await realpath(root), real) ? real : undefined;
  };
  const folder = await inside(directory);
  if (folder === undefined || !(await stat(folder)).isDirectory()) {
    throw new ArchwayError({
      code: "CONTEXT_INVALID",
      kind: "input",
      message: `${what} has no folder ${relative(root, directory) || "."}.`,
      hint: "The part behind the colon of URL#REF:FOLDER is a folder of the repository.",
    });
  }
  const file = await inside(dockerfile);
  if (file === undefined || !(await stat(file)).isFile()) {
    throw missing(`${what} has no Dockerfile ${nameFrom(directory, dockerfile)}.`);
  }
  return { directory: folder, dockerfile: file, dockerfileName: nameFrom(folder, file) };
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

/** The Dockerfile as a person knows it: relative to the context when it is inside. */
function nameFrom(directory: string, dockerfile: string): string {
  return isInside(directory, dockerfile) ? relative(directory, dockerfile) : dockerfile;
}

function missing(message: string): ArchwayError {
  return new ArchwayError({
    code: "DOCKERFILE_MISSING",
    kind: "input",
    message,
    hint: "Name it with -f FILE, or give the directory that holds it.",
  });
}
