import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { run } from "./command.ts";
import type { Log } from "./log.ts";

/** Where the kernel's table of interpreters is mounted. */
const table = "/proc/sys/fs/binfmt_misc";

/** QEMU's names of the architectures that the bed emulates: linux/arm64, arm, riscv64, s390x, ppc64le and, on an ARM machine, amd64. */
const emulated = ["aarch64", "arm", "riscv64", "s390x", "ppc64le", "x86_64"] as const;

/**
 * Registers the emulators of `qemu-user-static` with the kernel, as systemd would from /usr/lib/binfmt.d, where that has not
 * happened: it mounts binfmt_misc when needed and leaves alone what is registered already. The machine keeps them: other
 * programs may use them by then. Needs root.
 */
export async function registerEmulators(log: Log, signal?: AbortSignal): Promise<void> {
  if (!existsSync(`${table}/register`)) {
    log(`mounting binfmt_misc on ${table}`);
    await run("mount", ["-t", "binfmt_misc", "binfmt_misc", table], { signal });
  }
  for (const name of emulated) {
    const rule = `/usr/lib/binfmt.d/qemu-${name}.conf`;
    // Debian has no file for an emulator of the machine's own architecture.
    if (!existsSync(rule) || isRegistered(name)) continue;
    log(`registering the emulator qemu-${name}`);
    try {
      writeFileSync(`${table}/register`, readFileSync(rule));
    } catch (error) {
      // Another bed was quicker.
      if (!isRegistered(name)) throw error;
    }
  }
}

/** What is missing to run programs for linux/arm64, linux/arm/v7 and linux/amd64 here; undefined when nothing is. */
export function whyNotEmulated(): string | undefined {
  const native = { x64: ["x86_64"], arm64: ["aarch64"], arm: ["arm"] }[process.arch as string] ?? [];
  const missing = ["aarch64", "arm", "x86_64"].filter((name) => !native.includes(name) && !isRegistered(name));
  return missing.length === 0 ? undefined : `no emulator registered with the kernel for ${missing.join(", ")}`;
}

function isRegistered(name: string): boolean {
  const entry = `${table}/qemu-${name}`;
  return existsSync(entry) && readFileSync(entry, "utf8").startsWith("enabled");
}
