import { ArchwayError } from "../error/error.ts";
import { ask } from "./child.ts";

/** A local store of images that an archive can be loaded into. */
export type LocalStore = "docker" | "podman" | "buildah";

/** How each one takes a Docker archive. */
const loadArguments: Readonly<Record<LocalStore, (archive: string) => readonly string[]>> = {
  docker: (archive) => ["load", "--quiet", "--input", archive],
  podman: (archive) => ["load", "--quiet", "--input", archive],
  buildah: (archive) => ["pull", "--quiet", `docker-archive:${archive}`],
};

/** Whether each one has a store that answers. */
const probeArguments: Readonly<Record<LocalStore, readonly string[]>> = {
  docker: ["info", "--format", "{{.ServerVersion}}"],
  podman: ["info", "--format", "{{.Version.Version}}"],
  buildah: ["version"],
};

/** Milliseconds that a store has to answer: Podman takes several seconds on a machine that is busy. */
const probeBound = 10_000;

/**
 * The first local store that answers: Docker's, Podman's, then Buildah's own; `undefined` when there is none. All are asked side by side, and it does not
 * wait for those after it.
 */
export async function findLocalStore(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<LocalStore | undefined> {
  const stores: readonly LocalStore[] = ["docker", "podman", "buildah"];
  const found = new AbortController();
  const bounded = AbortSignal.any([signal, found.signal, AbortSignal.timeout(probeBound)]);
  const answers = stores.map(async (store) => {
    try {
      const { code, stdout } = await ask({ program: store, args: probeArguments[store], env, signal: bounded });
      return code === 0 && stdout.trim() !== "";
    } catch {
      // Not installed, or its daemon does not answer: the same to a search. An abort of the caller is told below.
      return false;
    }
  });
  try {
    for (const [index, store] of stores.entries()) if (await answers[index]) return store;
    signal.throwIfAborted();
    return undefined;
  } finally {
    found.abort();
  }
}

/** Loads a Docker archive into a local store. Throws `LOAD_FAILED` (kind `unreachable`) with what the store said. */
export async function loadArchive(
  store: LocalStore,
  archive: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const { code, stderr } = await ask({ program: store, args: loadArguments[store](archive), env, signal });
  if (code === 0) return;
  throw new ArchwayError({
    code: "LOAD_FAILED",
    kind: "unreachable",
    message: `${store} did not take the image: ${stderr.trim()}`,
    hint: "Write it to a file with --output type=docker,dest=FILE and load that by hand, or push it.",
  });
}
