import { ask } from "./child.ts";
import type { Runner } from "./run-image.ts";

const prefix = "archway-run";

/** Names that a run gives its container and image: the next one tells by them what a killed process left. */
export function runNames(id: string): { readonly container: string; readonly image: string } {
  return { container: `${prefix}-${id}`, image: `localhost/${prefix}:${id}` };
}

/** How each engine removes a container that may still run, at once: Podman would wait for ten seconds. */
export function removalOf(runner: Runner, container: string): readonly string[] {
  return ["rm", "--force", ...(runner === "podman" ? ["--time", "0"] : []), container];
}

/** Whether the names of an image are all those of runs: it came with one of them, and goes with the last. Not so for one without a name, which is the user's. */
export function isOfRuns(names: readonly string[]): boolean {
  return names.length > 0 && names.every((name) => name.startsWith(`localhost/${prefix}:`));
}

/**
 * Takes a run's name away, and the image with it when that was its last. Images without a name that it was built from stay: they are the user's, and what
 * builds take for their cache.
 */
export async function removeImage(
  runner: Runner,
  env: NodeJS.ProcessEnv,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const engine = (...args: readonly string[]) => ask({ program: runner, args, env, signal });
  const { stderr } = await engine("rmi", "--no-prune", name);
  // Podman before 4.3 always removes the parents too: leaving an image without a name is the lesser evil.
  if (runner === "podman" && stderr.includes("unknown flag")) await engine("untag", name);
}

/**
 * Removes the containers and images of runs whose process was killed.
 *
 * @param isAlive whether the process of a run's id is still there; `undefined` when that cannot be told from here (another machine that uses the same
 *   engine): then what it left stays
 */
export async function removeLeftovers(
  runner: Runner,
  env: NodeJS.ProcessEnv,
  isAlive: (id: string) => Promise<boolean | undefined>,
  signal: AbortSignal,
): Promise<void> {
  const engine = async (...args: readonly string[]) => (await ask({ program: runner, args, env, signal })).stdout;
  const abandoned = async (names: string, pattern: RegExp) => {
    const found = names.split("\n").flatMap((name) => {
      const id = pattern.exec(name.trim())?.[1];
      return id === undefined ? [] : [{ name: name.trim(), id }];
    });
    const alive = await Promise.all(found.map(({ id }) => isAlive(id)));
    return found.filter((_, index) => alive[index] === false).map(({ name }) => name);
  };
  const containers = await engine("ps", "--all", "--filter", `name=${prefix}-`, "--format", "{{.Names}}");
  for (const name of await abandoned(containers, new RegExp(`^${prefix}-([\\w-]+)$`)))
    await engine(...removalOf(runner, name));
  const images = await engine("images", "--format", "{{.Repository}}:{{.Tag}}");
  for (const name of await abandoned(images, new RegExp(`^localhost/${prefix}:([\\w-]+)$`)))
    await removeImage(runner, env, name, signal);
}
