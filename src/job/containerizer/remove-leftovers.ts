import type { Containerizer } from "./containerizer.ts";
import { EngineRefusal } from "./engine-http.ts";

/**
 * Removes what carries our labels and whose process has gone: containers first, then the networks and volumes that they had and the images that were loaded. What belongs to a process of another machine stays.
 *
 * @param isRunning whether the process of a mark is still there; undefined when that cannot be told from here
 * @param patience milliseconds that one removal may take: something that cannot be killed must not keep every later run from starting
 * @returns how many there were
 */
export async function removeLeftovers(
  containerizer: Pick<Containerizer, "list" | "remove">,
  isRunning: (owner: string) => Promise<boolean | undefined>,
  signal: AbortSignal,
  patience = 60_000,
): Promise<number> {
  const all = await containerizer.list(signal);
  const owners = new Map<string, boolean | undefined>();
  for (const { labels } of all) if (!owners.has(labels.owner)) owners.set(labels.owner, await isRunning(labels.owner));
  const left = all.filter(({ labels }) => owners.get(labels.owner) === false);
  for (const kind of ["container", "network", "volume", "image"] as const) {
    const ofKind = left.filter((one) => one.kind === kind);
    await Promise.all(
      ofKind.map((one) => {
        const within = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
        return containerizer.remove(one, within).catch((error: unknown) => {
          // What the engine will not let go now, the next start tries again.
          const isStuck = within.aborted && !signal.aborted;
          if (!isStuck && !(error instanceof EngineRefusal)) throw error;
        });
      }),
    );
  }
  return left.length;
}
