import type { ElfIdentity } from "./architecture.ts";
import type { Executions } from "./execution.ts";

/**
 * Everything that is asked of a machine before it is described: plain data, so that a machine can be recorded as JSON
 * (test/scenarios/machines) and sent by a worker. `probe.ts` gathers it, `host.ts` draws the conclusions.
 */
export interface MachineFacts {
  /** `process.platform`: `linux`, `darwin`, `win32`, … */
  readonly system: string;
  /** `uname -s`, `-r` and `-m`. An emulator answers the last one in the name of its own architecture. */
  readonly kernelName: string;
  readonly kernelRelease: string;
  readonly machine: string;
  /** What this process was compiled for: `process.arch` and the byte order. */
  readonly process: { readonly architecture: string; readonly endian: "little" | "big" };
  /** ELF header of /bin/sh, which belongs to the userland whoever brought this process; absent where there is none. */
  readonly shell?: ElfIdentity;
  /** The beginning of /proc/cpuinfo; empty where there is none. */
  readonly cpuinfo: string;
  readonly executions: Executions;
  readonly binfmt: Binfmt;
}

/** What /proc/sys/fs/binfmt_misc says. */
export interface Binfmt {
  /** `hidden`: the file system is not mounted here, which says nothing about what is registered. */
  readonly state: "enabled" | "disabled" | "hidden";
  readonly entries: readonly BinfmtEntry[];
}

/** One entry: its file name, its text, and whether its interpreter exists in this file system. */
export interface BinfmtEntry {
  readonly name: string;
  readonly text: string;
  readonly interpreterExists: boolean;
}
