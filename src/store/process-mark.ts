import { createHash } from "node:crypto";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/** What tells one process from all others. */
export interface ProcessFacts {
  readonly hostname: string;
  /** Of the installed system (machine-id(5)); empty where there is none. */
  readonly machineId: string;
  /** Of this start of the kernel; empty where there is no /proc. */
  readonly boot: string;
  /** The PID namespace: `pid:[4026531836]` is the machine's own. */
  readonly namespace: string;
  readonly pid: number;
  /** When it began, in clock ticks since the boot. */
  readonly start: string;
}

/** The PID namespace that a kernel begins with (`PROC_PID_INIT_INO`). */
const ownNamespace = "pid:[4026531836]";

/**
 * A mark that names one process: `MACHINE-PID-START`, where PID and START are numbers. It is part of the names of temporary files and of what an engine keeps for a process, so that a later run can tell what
 * a killed process left from what a live one uses, also after a reboot: START holds the boot. Only where nothing else tells machines apart (in a container, without a machine-id) MACHINE holds it instead:
 * what another machine's process uses must never be taken for left behind.
 */
export function formatMark({ hostname: host, machineId, boot, namespace, pid, start }: ProcessFacts): string {
  const isKnown = machineId !== "" && namespace === ownNamespace;
  const machine = digest(`${host}\n${isKnown ? machineId : boot}\n${namespace}`).slice(0, 8);
  const bootNumber = Number.parseInt(digest(boot).slice(0, 8), 16);
  return `${machine}-${pid}-${bootNumber}${start.padStart(12, "0")}`;
}

/** The mark of a process of this machine. */
export async function processMark(pid: number = process.pid): Promise<string> {
  const [machineId, boot, namespace, start] = await Promise.all([
    textOr("", readFile("/etc/machine-id", "utf8")),
    textOr("", readFile("/proc/sys/kernel/random/boot_id", "utf8")),
    textOr("", readlink("/proc/self/ns/pid")),
    startOf(pid),
  ]);
  return formatMark({ hostname: hostname(), machineId: machineId.trim(), boot: boot.trim(), namespace, pid, start });
}

/** Whether the process of a mark still runs; undefined when that cannot be told from here (another host or container). */
export async function isRunning(mark: string): Promise<boolean | undefined> {
  const [machine, pid] = mark.split("-");
  const number = Number(pid);
  const now = await processMark(number);
  if (machine !== now.split("-")[0]) return undefined;
  return isAlive(number) && mark === now;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
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
