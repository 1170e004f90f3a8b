import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cloneRepository } from "../git/clone.ts";
import { type GitPlace, splitLogin } from "../git/git-url.ts";
import type { ContextInputs, OpenContext } from "./context.ts";
import { locatedInside } from "./located.ts";

/**
 * Clones a Git context into the scratch folder, at one commit. Links of the repository lead nowhere out of it.
 *
 * Throws `CONTEXT_INVALID`, `DOCKERFILE_MISSING` (kind `input`), `CONTEXT_UNREACHABLE`, `GIT_MISSING` (kind `unreachable`).
 */
export async function openGit(place: GitPlace, file: string | undefined, inputs: ContextInputs): Promise<OpenContext> {
  const clone = join(inputs.scratch, "git");
  const about = { name: "the build context", code: "CONTEXT" } as const;
  const { commit } = await cloneRepository(place, clone, { depth: 1, about, env: inputs.env, signal: inputs.signal });
  await rm(join(clone, ".git"), { recursive: true, force: true });

  const { url } = splitLogin(place.url);
  const directory = resolve(clone, place.subfolder ?? ".");
  const located = await locatedInside(
    clone,
    directory,
    resolve(directory, file ?? "Dockerfile"),
    `${url} at ${place.ref ?? "HEAD"}`,
  );
  return { ...located, commit, identity: `git ${url} ${commit} ${place.subfolder ?? "."}` };
}
