import { readdirSync, readlinkSync } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";

/** Processes that are looked at before others may work. */
const turn = 20;

/**
 * Whether the engine behind a socket of this machine sees a folder as this process does. An engine in a mount namespace of its own may see what lies below a mount of
 * ours, and a step would then work on an empty folder. Asks the processes that hold the socket; false when that cannot be told.
 */
export async function seesFolder(endpoint: string, folder: string): Promise<boolean> {
  const socket = /^unix:\/\/(\/.*)$/.exec(endpoint)?.[1];
  if (socket === undefined) return false;
  try {
    const [here, processes] = [await stat(folder), await holdersOf(await realpath(socket), socket)];
    const views = await Promise.all(
      processes.map(async (pid) => {
        const there = await stat(`/proc/${pid}/root${folder}`);
        return there.dev === here.dev && there.ino === here.ino;
      }),
    );
    return views.length > 0 && views.every(Boolean);
  } catch {
    return false;
  }
}

/** Processes that listen on one of the names of a socket. */
async function holdersOf(...paths: readonly string[]): Promise<readonly string[]> {
  // Num RefCount Protocol Flags Type St Inode Path; flag 0x10000 is a socket that listens (proc_net(5)).
  const sockets = (await readFile("/proc/net/unix", "utf8"))
    .split("\n")
    .map((line) => /^\S+ \S+ \S+ 00010000 \S+ \S+ +(\d+) (.*)$/.exec(line))
    .flatMap((found) => (found !== null && paths.includes(found[2] ?? "") ? [`socket:[${found[1]}]`] : []));
  if (sockets.length === 0) return [];
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const holders: string[] = [];
  for (const [at, pid] of processes.entries()) {
    if (at % turn === turn - 1) await new Promise((resolve) => setImmediate(resolve));
    if (holds(pid, sockets)) holders.push(pid);
  }
  return holders;
}

/** Whether a process has one of some sockets open. Asks at once: to wait for each of thousands of answers takes ten times as long. */
function holds(pid: string, sockets: readonly string[]): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((file) => sockets.includes(linkOf(`/proc/${pid}/fd/${file}`)));
  } catch {
    // It has gone, or is another user's.
    return false;
  }
}

/** Empty for a file that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
