import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { BuildRequest } from "../build/request.ts";
import { ArchwayError } from "../error/error.ts";
import { parseGitUrl } from "../git/git-url.ts";
import { formatCsv, parseAttributes } from "./parse-csv.ts";

/** Schemes that name something of another machine, and what they name is not asked for here. */
const elsewhere = /^(?:docker-image|https?|git|ssh):\/\/|^git@/;

/**
 * A build that reads files of a checkout alone: what it asks for comes from a pipeline, which may be a stranger's. Context, Dockerfile, named contexts, layouts and SSH keys have to be there as they are after all links;
 * relative names begin there. So it is with local caches and the repository, where they outlast the checkout and are no part of any context. Secrets are passed over: their files are given by whoever calls, not by the pipeline.
 *
 * @param folder of the checkout, absolute
 * @param repository folder of the pipeline, absolute
 * @throws ArchwayError `PATH_ESCAPES` (kind `input`)
 */
export async function confineBuild(request: BuildRequest, folder: string, repository: string): Promise<BuildRequest> {
  const inside = (key: string, path: string) => requireInside(folder, key, path);
  const { context, file } = request;
  const git = parseGitUrl(context);
  if (git?.url.startsWith("file:") === true) throw escapes("context", context);
  if (git === undefined) {
    await inside("context", context);
    await inside("file", file ?? join(context, "Dockerfile"));
  }
  for (const [name, value] of Object.entries(request.buildContexts)) {
    const path = value.replace(/^oci-layout:\/\//, "");
    if (!elsewhere.test(value)) await inside(`the context ${name}`, path === value ? path : layoutFolder(path));
  }
  for (const one of request.ssh) {
    const [, paths] = /^[^=]*=(.*)$/s.exec(one) ?? [];
    for (const path of paths?.split(",") ?? []) await inside("ssh", path);
  }
  const caches = (key: "cache_from" | "cache_to", part: "src" | "dest", given: readonly string[]) =>
    Promise.all(
      given.map(async (text) => {
        const attributes = parseAttributes(key, text);
        if (attributes.get("type") !== "local") return text;
        // Engines would begin at the folder in which this process was started.
        attributes.set(part, await requireInside(repository, key, attributes.get(part) ?? "."));
        return formatCsv([...attributes].map(([name, value]) => `${name}=${value}`));
      }),
    );
  return {
    ...request,
    cacheFrom: await caches("cache_from", "src", request.cacheFrom),
    cacheTo: await caches("cache_to", "dest", request.cacheTo),
  };
}

/** `DIR` of `DIR[:NAME|@DIGEST]`. */
function layoutFolder(path: string): string {
  return path.replace(/(?:@[a-z0-9]+:[0-9a-f]+|:[^/:]+)$/, "");
}

/**
 * Where a path leads after all links, which is in the folder. What is not there yet is judged by the folder that it would be made in.
 *
 * @param key of the pipeline that names it
 * @throws ArchwayError `PATH_ESCAPES` (kind `input`)
 */
export async function requireInside(folder: string, key: string, path: string): Promise<string> {
  const real = await realPlace(resolve(folder, path));
  const way = real === undefined ? ".." : relative(await realpath(folder), real);
  if (real === undefined || way === ".." || way.startsWith("../") || isAbsolute(way)) throw escapes(key, path);
  return real;
}

/** Undefined for a link that leads nowhere, through which something could be made anywhere. */
async function realPlace(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    const isThere = await lstat(path).then(
      () => true,
      () => false,
    );
    if (isThere || path === dirname(path)) return undefined;
    const above = await realPlace(dirname(path));
    return above === undefined ? undefined : join(above, basename(path));
  }
}

function escapes(key: string, path: string): ArchwayError {
  return new ArchwayError({
    code: "PATH_ESCAPES",
    kind: "input",
    message: `The build may read and write files of the repository alone, and ${path} of ${key} leads out of it.`,
    hint: "Name something below the pipeline's folder, without links that lead elsewhere; what lies elsewhere can come from a URL or a registry.",
  });
}
