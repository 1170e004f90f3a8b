import { readdir, readFile, readlink, realpath, stat } from "node:fs/promises";

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
  const holds = async (pid: string): Promise<boolean> => {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const file of files) {
      const link = await readlink(`/proc/${pid}/fd/${file}`).catch(() => "");
      if (sockets.includes(link)) return true;
    }
    return false;
  };
  const held = await Promise.all(processes.map(async (pid) => ((await holds(pid)) ? [pid] : [])));
  return held.flat();
}
