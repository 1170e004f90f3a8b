/**
 * What engines leave behind when they are killed: containers, shims and mounts. Everything of a bed carries the name of the bed's
 * folder, which no other bed has: containers in the mount of their root, daemons in their command line, mounts in their path.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeBridge } from "./bridge.ts";
import { cacheFolder, lock } from "./cache-folder.ts";
import { run } from "./command.ts";

/** Programs that a bed starts, or its daemons do, and that may survive them; names as the kernel cuts them, at 15 characters. */
const ours = new Set(
  [
    "buildkitd",
    "dockerd",
    "containerd",
    "containerd-shim-runc-v2",
    "registry",
    "docker-registry",
    "podman",
    "buildah",
    "conmon",
    "runc",
  ].map((name) => name.slice(0, 15)),
);

/** Kills what runs in containers whose root lies below `dir`. */
export async function killContainers(dir: string): Promise<void> {
  await killAll((pid) => rootLiesBelow(pid, dir));
}

/** Kills the containers and the daemons, shims too, that work below `dir`. */
export async function killEverything(dir: string): Promise<void> {
  await killAll((pid) => isDaemonOf(pid, dir));
  await killContainers(dir);
}

/** Kills the containers and the daemons that work below `dir`, unmounts what is mounted there, and deletes it. */
export async function cleanUp(dir: string): Promise<void> {
  await killEverything(dir);
  await unmountBelow(dir);
  await removeContainerStates(dir);
  await removeBridge(basename(dir));
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}

/** Unmounts everything below `dir`, the deepest first. */
export async function unmountBelow(dir: string): Promise<void> {
  const points = mounts("self")
    .map(({ point }) => point)
    .filter((point) => point.startsWith(`${dir}/`))
    .reverse();
  for (const point of points) {
    // Lazily: a process that is just dying may still hold it. What went away by itself meanwhile is no failure.
    await run("umount", ["-l", point]).catch((error: unknown) => {
      if (mounts("self").some((mount) => mount.point === point)) throw error;
    });
  }
}

/**
 * Marks a bed's folder with the process that owns it, so that {@link cleanUpAbandoned} knows when that is dead.
 */
export async function writeOwner(dir: string): Promise<void> {
  await writeFile(join(dir, "owner"), `${process.pid} ${startTime(process.pid)}`);
}

/** Cleans up the folders `parent/PREFIX…` whose owner has ended without doing so (SIGKILL, power); one process at a time does it. */
export async function cleanUpAbandoned(parent: string, prefix: string): Promise<void> {
  if ((await abandoned(parent, prefix)).length === 0) return;
  await using _ = await lock(cacheFolder("clean-up.lock"));
  for (const dir of await abandoned(parent, prefix)) await cleanUp(dir);
}

async function abandoned(parent: string, prefix: string): Promise<string[]> {
  const dirs: string[] = [];
  for (const name of readdirSync(parent).filter((name) => name.startsWith(prefix))) {
    const dir = join(parent, name);
    // Without this file it is another user's, or has just been made.
    const owner = await readFile(join(dir, "owner"), "utf8").catch(() => undefined);
    const [pid = 0, started] = owner?.split(" ").map(Number) ?? [];
    if (started !== undefined && startTime(pid) !== started) dirs.push(dir);
  }
  return dirs;
}

/** runc keeps a folder of state for each container in /run/runc; a killed engine leaves it, and the next cannot reuse the name. */
async function removeContainerStates(dir: string): Promise<void> {
  const folder = "/run/runc";
  // The bed runs containers as root alone.
  if (process.getuid?.() !== 0 || !existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const state = join(folder, name, "state.json");
    const text = await readFile(state, "utf8").catch(() => "");
    if (text.includes(`"${dir}/`)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Sends SIGKILL until no process matches: one that forks may be a step ahead once. */
async function killAll(matches: (pid: number) => boolean): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const pids = readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 1 && pid !== process.pid && matches(pid));
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
      }
    }
    await sleep(20);
  }
}

function isDaemonOf(pid: number, dir: string): boolean {
  const name = read(`/proc/${pid}/comm`).trim();
  return ours.has(name) && read(`/proc/${pid}/cmdline`).includes(`${dir}/`);
}

/** Whether a process has another root than this one, and that root is a folder below `dir` or an overlay of such. */
function rootLiesBelow(pid: number, dir: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync("/proc/self/ns/mnt")) return false;
  } catch {
    // It has ended, or it is a kernel thread's, which has no files.
    return false;
  }
  const root = mounts(String(pid)).find(({ point }) => point === "/");
  return root !== undefined && (root.source.startsWith(`${dir}/`) || root.options.includes(`${dir}/`));
}

interface Mount {
  readonly point: string;
  /** The folder of the file system that is mounted (for a bind mount: the source). */
  readonly source: string;
  readonly options: string;
}

/** The mounts a process sees, in the order of mounting: /proc/PID/mountinfo, proc(5). */
function mounts(pid: string): Mount[] {
  return read(`/proc/${pid}/mountinfo`)
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [, , , source = "", point = ""] = line.split(" ");
      return { source, point, options: line.split(" - ")[1] ?? "" };
    });
}

/** When a process began, in clock ticks since the start of the machine (field 22 of proc(5)'s stat); undefined when there is none. */
function startTime(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat === "" ? undefined : Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
}

/** A file of /proc; empty when the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
