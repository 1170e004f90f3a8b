import { lstat } from "node:fs/promises";
import { join, normalize } from "node:path";
import { ArchwayError } from "../../error/error.ts";

/**
 * Makes sure that a path of a workspace leads through folders alone: a link there, which a repository or a step may have made, would lead what is written or mounted to
 * some other place of the machine.
 *
 * @throws ArchwayError `PATH_ESCAPES` (kind `failed`)
 */
export async function requireFolders(workspace: string, path: string): Promise<void> {
  const parts = normalize(path)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  let place = workspace;
  for (const part of parts) {
    place = join(place, part);
    const found = part === ".." ? undefined : await lstat(place).catch(() => undefined);
    if (found === undefined && part !== "..") return;
    if (found?.isDirectory() === true) continue;
    const what = found === undefined ? "leads out of it" : found.isSymbolicLink() ? "is a link" : "is not a folder";
    throw new ArchwayError({
      code: "PATH_ESCAPES",
      kind: "failed",
      message: `${path} is no folder of the workspace: ${part} ${what}.`,
      hint: "Name a folder in the workspace that is no link, or one that is not there yet.",
    });
  }
}
