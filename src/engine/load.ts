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

/** Milliseconds that a store has to answer. */
const probeBound = 3_000;

/** The first local store that answers: Docker's, Podman's, then Buildah's own; `undefined` when there is none. */
export async function findLocalStore(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<LocalStore | undefined> {
  const stores: readonly LocalStore[] = ["docker", "podman", "buildah"];
  const answers = await Promise.all(
    stores.map(async (store) => {
      try {
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(probeBound)]);
        const { code, stdout } = await ask({ program: store, args: probeArguments[store], env, signal: bounded });
        return code === 0 && stdout.trim() !== "";
      } catch {
        // Not installed, or its daemon does not answer: the same to a search. An abort of the caller is told below.
        return false;
      }
    }),
  );
  signal.throwIfAborted();
  return stores.find((_, index) => answers[index]);
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
