/** What /proc/cpuinfo tells; pure functions over its text. */

/** Level of the x86-64 psABI (`amd64/v1` … `v4`). */
export type Amd64Level = "v1" | "v2" | "v3" | "v4";

/**
 * Features that each level adds, complete as the x86-64 psABI lists them, in the kernel's names (`pni` is SSE3, `abm` brings LZCNT, `xsave` stands for
 * OSXSAVE: the kernel hides it when it has not enabled it).
 */
const levels: readonly (readonly [Amd64Level, readonly string[]])[] = [
  ["v1", ["cmov", "cx8", "fpu", "fxsr", "lm", "mmx", "sse", "sse2", "syscall"]],
  ["v2", ["cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"]],
  ["v3", ["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"]],
  ["v4", ["avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"]],
];

/** The highest x86-64 level whose features, and those of all levels below, the processor has; `undefined` for no x86-64 text. */
export function amd64Level(cpuinfo: string): Amd64Level | undefined {
  const flags = new Set(field(cpuinfo, "flags")?.split(/\s+/));
  const missing = levels.findIndex(([, needed]) => !needed.every((flag) => flags.has(flag)));
  return levels[missing === -1 ? levels.length - 1 : missing - 1]?.[0];
}

/**
 * Version of the ARM instruction set (5, 6, 7, 8 …) by /proc/cpuinfo, as containerd's platforms reads it: kernels of ARMv6 boards say
 * "CPU architecture: 7", and only the model name tells the truth.
 */
export function armVersion(cpuinfo: string): number | undefined {
  const architecture = field(cpuinfo, "cpu architecture")?.toLowerCase();
  if (architecture === undefined) return undefined;
  if (architecture === "aarch64") return 8;
  // The kernel prints "?(12)" for identification schemes younger than itself.
  if (/^\?\(1[2-5]\)$/.test(architecture)) return 7;
  const version = Number.parseInt(architecture, 10);
  if (version === 7 && field(cpuinfo, "model name")?.toLowerCase().startsWith("armv6-compatible")) return 6;
  return Number.isNaN(version) ? undefined : version;
}

/** Version of the ARM instruction set in the name that `uname -m` gives: `armv7l` is 7. */
export function armVersionOfMachine(machine: string): number | undefined {
  if (machine === "aarch64" || machine === "arm64") return 8;
  const version = /^armv(\d+)/.exec(machine)?.[1];
  return version === undefined ? undefined : Number(version);
}

/**
 * True for a processor that could run a 64-bit system though a 32-bit ARM kernel describes it: a core of ARM's own design from
 * Cortex-A35 on (part 0xd02 and up; 0xd01 is the Cortex-A32, which has no 64-bit mode).
 */
export function isArm64Chip(cpuinfo: string): boolean {
  const part = Number(field(cpuinfo, "cpu part") ?? Number.NaN);
  return field(cpuinfo, "cpu implementer") === "0x41" && part >= 0xd02 && part <= 0xdff;
}

/** True for the text of an x86 kernel, whatever process reads it. */
export function isX86(cpuinfo: string): boolean {
  return field(cpuinfo, "flags") !== undefined && field(cpuinfo, "vendor_id") !== undefined;
}

/** Value of the first line of a name (case ignored): the first processor's. */
function field(cpuinfo: string, name: string): string | undefined {
  for (const line of cpuinfo.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && line.slice(0, colon).trim().toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return undefined;
}
