import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { run } from "./command.ts";

/** Removes a bridge, if it is there. */
export async function removeBridge(name: string): Promise<void> {
  if (existsSync(`/sys/class/net/${name}`)) await run("ip", ["link", "delete", name]);
}

/** Makes a bridge with a network of 10.0.0.0/8 that no other interface of this machine is in. */
export async function makeBridge(name: string): Promise<void> {
  await removeBridge(name);
  const taken = new Set(
    Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .map(({ address }) => address.split(".").slice(0, 3).join(".")),
  );
  const candidates = Array.from({ length: 256 * 64 }, (_, index) => `10.${192 + (index >> 8)}.${index & 255}`);
  const free = candidates.filter((network) => !taken.has(network));
  // At random: two beds that start at once look at the same interfaces.
  const network = free[Math.floor(Math.random() * free.length)] ?? "10.255.255";
  await run("ip", ["link", "add", name, "type", "bridge"]);
  await run("ip", ["address", "add", `${network}.1/24`, "dev", name]);
  await run("ip", ["link", "set", name, "up"]);
}
