import { createHash } from "node:crypto";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/**
 * A mark that names one process: `MACHINE-PID-START`. It is part of the names of temporary files, so that a later run can tell files
 * that a killed process left from those that a live one is writing. MACHINE stands for this boot of this host (or container).
 */
export async function processMark(pid: number = process.pid): Promise<string> {
  return `${await machineMark()}-${pid}-${await startOf(pid)}`;
}

/** Whether the process of a mark still runs; undefined when that cannot be told from here (another host or container). */
export async function isRunning(mark: string): Promise<boolean | undefined> {
  const [machine, pid] = mark.split("-");
  if (machine !== (await machineMark())) return undefined;
  const number = Number(pid);
  return isAlive(number) && mark === (await processMark(number));
}

async function machineMark(): Promise<string> {
  const boot = await textOr("", readFile("/proc/sys/kernel/random/boot_id", "utf8"));
  const namespace = await textOr("", readlink("/proc/self/ns/pid"));
  return createHash("sha256").update(`${hostname()}\n${boot}\n${namespace}`).digest("hex").slice(0, 8);
}

/** When a process began, in clock ticks since boot (proc(5), field 22 of `stat`); `0` where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  const stat = await textOr("", readFile(`/proc/${pid}/stat`, "utf8"));
  // The second field is the name in parentheses and may hold spaces.
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return afterName[19] ?? "0";
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Systems other than Linux have no /proc: their mark is coarser, and still right most of the time. */
async function textOr(fallback: string, text: Promise<string>): Promise<string> {
  return text.catch(() => fallback);
}
