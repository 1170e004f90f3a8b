/** Conclusions from who ran the tiny programs: which platforms are native, which emulated. Pure functions. */
import { findArchitecture } from "./architecture.ts";
import { isX86, type Amd64Level } from "./cpu.ts";
import { emulatedPlatforms, missingFlags, type Emulator, type Registration } from "./emulators.ts";
import type { Execution } from "./execution.ts";
import type { MachineFacts } from "./machine.ts";
import { compatiblePlatforms, normalizePlatform, samePlatform, type Platform } from "./platform.ts";

/** OCI architecture → who runs its programs; nothing is unknown any more. */
export type Programs = ReadonlyMap<string, Exclude<Execution, { by: "unknown" }>>;

/**
 * Fills in what could not be tried by what is written: this process runs, so the kernel runs its architecture (unless /proc/cpuinfo is of
 * a foreign processor, then an emulator does), and `uname -m`'s; an enabled registration whose interpreter can be found emulates.
 */
export function settlePrograms(facts: MachineFacts, own: string, registrations: readonly Registration[]): Programs {
  const foreign = isX86(facts.cpuinfo) && own !== "amd64" && own !== "386";
  const kernels = foreign ? ["amd64"] : [own, machineArchitecture(facts.machine)];
  return new Map(
    Object.entries(facts.executions.programs).map(([architecture, execution]) => {
      if (execution.by !== "unknown") return [architecture, execution];
      if (kernels.includes(architecture)) return [architecture, { by: "kernel" }];
      const registration = registrations.find((one) => one.architecture === architecture && mayStart(one, facts));
      if (registration === undefined) return [architecture, { by: "nobody" }];
      return [architecture, { by: "emulator", interpreter: registration.interpreter }];
    }),
  );
}

/** OCI name of the architecture in `uname -m`. */
export function machineArchitecture(machine: string): string {
  return normalizePlatform({ os: "linux", architecture: machine }).architecture;
}

/** The architecture of the kernel: the widest that it runs itself. `undefined` when it ran nothing. */
export function kernelArchitecture(programs: Programs): string | undefined {
  const own = [...programs].filter(([, execution]) => execution.by === "kernel").map(([architecture]) => architecture);
  return own.find((architecture) => bitsOf(architecture) === 64) ?? own[0];
}

/**
 * What the kernel runs itself, `host` first when it is among it.
 *
 * @param armVersion version of 32-bit ARM that the processor has
 */
export function nativePlatforms(
  host: Platform,
  programs: Programs,
  armVersion: number,
  level: Amd64Level | undefined,
): Platform[] {
  const linux = (architecture: string, variant?: string) => normalizePlatform({ os: "linux", architecture, variant });
  const of = (architecture: string): Platform[] => {
    if (architecture === "arm") return compatiblePlatforms(linux("arm", `v${armVersion}`));
    if (architecture !== "amd64") return [linux(architecture)];
    return compatiblePlatforms(linux("amd64", level))
      .filter((one) => one.architecture === "amd64")
      .reverse();
  };
  const kernel = kernelArchitecture(programs);
  const names = [...programs]
    .filter(([, execution]) => execution.by === "kernel")
    .map(([architecture]) => architecture);
  const platforms = names.sort((a, b) => Number(b === kernel) - Number(a === kernel)).flatMap(of);
  return platforms.sort((a, b) => Number(samePlatform(b, host)) - Number(samePlatform(a, host)));
}

/** The emulators that ran a program, with what their registrations say. */
export function describeEmulators(programs: Programs, registrations: readonly Registration[]): Emulator[] {
  return [...programs].flatMap(([architecture, execution]) => {
    if (execution.by !== "emulator") return [];
    const registration = registrations.find((one) => one.enabled && one.architecture === architecture);
    const platforms = emulatedPlatforms(architecture);
    return {
      platform: platforms[0],
      platforms,
      interpreter: registration?.interpreter ?? execution.interpreter,
      flags: registration?.flags ?? "",
      ...(execution.version === undefined ? {} : { version: execution.version }),
      missing: registration === undefined ? [] : missingFlags(registration.flags),
    };
  });
}

/** Width of an architecture's programs. */
export function bitsOf(architecture: string): 32 | 64 {
  return findArchitecture({ architecture })?.elf.bits ?? 64;
}

/** Whether the kernel can start the interpreter of a registration: it holds it open (`F`) or finds it. */
function mayStart(registration: Registration, facts: MachineFacts): boolean {
  if (!registration.enabled || facts.binfmt.state !== "enabled") return false;
  if (registration.flags.includes("F")) return true;
  return facts.binfmt.entries.some((entry) => entry.name === registration.name && entry.interpreterExists);
}
