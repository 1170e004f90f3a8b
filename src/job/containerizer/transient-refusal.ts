import { setTimeout as sleep } from "node:timers/promises";
import { EngineRefusal } from "./engine-http.ts";

/** Milliseconds between one try and the next. */
const waits: readonly number[] = [100, 200, 400, 800, 1_600];

/** What engines say when something else came in between, which it will not do every time. Each was seen in the issue that stands beside it. */
const transient: readonly RegExp[] = [
  // Go lists an interface that has gone a moment later, since other networks come and go: golang/go#51934, moby/moby#13917.
  /no such network interface|\blink not found/i,
  // The same from netavark, when another container of the network takes the bridge away: containers/podman#23876.
  /netavark: .*no such device/i,
  // Two programs change the firewall at a time: moby/moby#26111, moby/moby#44331, containers/netavark#274.
  /holding the xtables lock|iptables.*(resource temporarily unavailable|chain already exists)/i,
  // Two networks are given the same addresses: moby/libnetwork#915. Ours name none, and get others the next time.
  /networks have (overlapping ipv[46]|same bridge name)|pool overlaps with other one on this address space/i,
  // The kernel's lists changed while they were read: moby/moby#48400, containernetworking/plugins#1121.
  /interrupted system call|netlink.*(dump was interrupted|incomplete or inconsistent)/i,
  // Podman's file of a network is not read yet: containers/podman#9472.
  /CNI network \S+ not found/i,
  // Podman's database: containers/podman#20809, containers/podman#25886.
  /database is locked/i,
];

/** Whether an engine refused for a reason that passes by itself within moments: the same request may well succeed then. */
export function isTransient(error: unknown): boolean {
  const refusal = error instanceof Error && error.cause instanceof EngineRefusal ? error.cause : error;
  return refusal instanceof EngineRefusal && transient.some((words) => words.test(refusal.message));
}

/**
 * Asks an engine, and again when it refuses for a reason that passes: some times, within seconds.
 *
 * @param forget removes what a refused try may have left, before the next one: a name that is taken would stand in its way
 * @throws what the last try throws; the signal's reason when that is aborted between two
 */
export async function retryTransient<Answer>(
  ask: () => Promise<Answer>,
  { signal, forget }: { readonly signal: AbortSignal; readonly forget?: () => Promise<unknown> },
): Promise<Answer> {
  for (const wait of waits) {
    try {
      return await ask();
    } catch (error) {
      if (!isTransient(error)) throw error;
      await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
      // When that fails too the next try tells.
      await forget?.().catch(() => undefined);
    }
  }
  return ask();
}
