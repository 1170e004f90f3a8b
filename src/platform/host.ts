import { architectureOfElf } from "./architecture.ts";
import { amd64Level, armVersion, armVersionOfMachine, type Amd64Level } from "./cpu.ts";
import { parseRegistration, type Emulator } from "./emulators.ts";
import { hostWarnings } from "./host-warnings.ts";
import type { MachineFacts } from "./machine.ts";
import { formatPlatform, normalizePlatform, type Platform } from "./platform.ts";
import { bitsOf, describeEmulators, kernelArchitecture, nativePlatforms, settlePrograms } from "./programs.ts";

/** What a machine is, as its userland sees it, and what it runs. */
export interface HostReport {
  /** The platform of the userland: what a container engine here takes when it is asked for none. */
  readonly platform: Platform;
  /** `uname`'s name, release and machine, for example `Linux 6.6.51+rpt-rpi-v8 aarch64`. */
  readonly kernel: string;
  /** OCI name of the kernel's own architecture; absent when it cannot be told. */
  readonly kernelArchitecture?: string;
  readonly userlandBits: 32 | 64;
  /** True when this process, and so what it sees of the machine, runs under an emulator. */
  readonly emulated: boolean;
  /** What the processor runs by itself under this kernel, {@link platform} first if it is among them. */
  readonly native: readonly Platform[];
  readonly emulators: readonly Emulator[];
  /** Level of an x86-64 processor. */
  readonly amd64Level?: Amd64Level;
  /**
   * 32-bit ARM programs on an arm64 kernel: run by the processor; run by an emulator although the processor could; not known to
   * the processor. Absent for other kernels and where it could not be found out.
   */
  readonly aarch32?: "native" | "shadowed" | "absent";
  /** Windows Subsystem for Linux. */
  readonly wsl?: 1 | 2;
  /** What a person should know before building or running images here, in whole sentences. */
  readonly warnings: readonly string[];
}

/** Describes a machine by its facts. Pure: recorded machines give what they gave when they were recorded. */
export function describeHost(facts: MachineFacts): HostReport {
  const own = processPlatform(facts);
  const kernel = `${facts.kernelName} ${facts.kernelRelease} ${facts.machine}`;
  if (own.os !== "linux") return describeOther(own, kernel);

  const registrations = facts.binfmt.entries
    .map((entry) => parseRegistration(entry.name, entry.text))
    .filter((entry) => entry !== undefined);
  const programs = settlePrograms(facts, own.architecture, registrations);
  const emulated = (programs.get(own.architecture)?.by ?? "kernel") !== "kernel";
  // What an emulated process finds in /bin/sh may be the real machine's.
  const shell = facts.shell && architectureOfElf(facts.shell);
  const userland = emulated ? own.architecture : (shell ?? own.architecture);
  const arm = findArmVersion(facts, emulated);
  const kernelsOwn = kernelArchitecture(programs);
  const level = kernelsOwn === "amd64" ? amd64Level(facts.cpuinfo) : undefined;
  const aarch32 = kernelsOwn === "arm64" ? findAarch32(facts) : undefined;
  const wsl = findWsl(facts.kernelRelease);
  // 32-bit code for ARMv8 is made by nobody: v7 is what engines and images mean on such a processor.
  const variant = userland === "arm" ? `v${Math.min(arm, 7)}` : undefined;
  const platform = normalizePlatform({ os: "linux", architecture: userland, variant });
  const report: Omit<HostReport, "warnings"> = {
    platform,
    kernel,
    ...(kernelsOwn === undefined ? {} : { kernelArchitecture: kernelsOwn }),
    userlandBits: bitsOf(userland),
    emulated,
    native: nativePlatforms(platform, programs, arm, level),
    emulators: describeEmulators(programs, registrations),
    ...(level === undefined ? {} : { amd64Level: level }),
    ...(aarch32 === undefined ? {} : { aarch32 }),
    ...(wsl === undefined ? {} : { wsl }),
  };
  return { ...report, warnings: hostWarnings({ facts, report, own: own.architecture, registrations, programs }) };
}

/** A machine that is no Linux: images run in a virtual machine of the engine's. */
function describeOther(platform: Platform, kernel: string): HostReport {
  return {
    platform,
    kernel,
    kernelArchitecture: platform.architecture,
    userlandBits: bitsOf(platform.architecture),
    emulated: false,
    native: [platform],
    emulators: [],
    warnings: [
      `This is ${formatPlatform(platform)}: Linux images run here only inside an engine's virtual machine; ` +
        "what that runs is told by the engine.",
    ],
  };
}

/** What this process was compiled for, in OCI's words, from Node's. */
export function processPlatform(facts: Pick<MachineFacts, "system" | "process">): Platform {
  const systems: ReadonlyMap<string, string> = new Map([
    ["win32", "windows"],
    ["sunos", "solaris"],
  ]);
  const { architecture, endian } = facts.process;
  const little = endian === "little";
  const names: ReadonlyMap<string, string> = new Map([
    ["ia32", "386"],
    ["x64", "amd64"],
    ["ppc64", little ? "ppc64le" : "ppc64"],
    ["mips", little ? "mipsle" : "mips"],
    ["mipsel", "mipsle"],
  ]);
  const os = systems.get(facts.system) ?? facts.system;
  return normalizePlatform({ os, architecture: names.get(architecture) ?? architecture });
}

/** The version of the ARM instruction set for 32-bit programs; /proc/cpuinfo of an emulated process is the real machine's. */
function findArmVersion(facts: MachineFacts, emulated: boolean): number {
  const said = emulated ? undefined : armVersion(facts.cpuinfo);
  return said ?? armVersionOfMachine(facts.machine) ?? 7;
}

/** Whether an arm64 kernel's processor has the 32-bit mode: by what ran, and where an emulator answered, by what the kernel grants. */
function findAarch32(facts: MachineFacts): HostReport["aarch32"] {
  const execution = facts.executions.programs["arm"];
  switch (execution?.by) {
    case "kernel":
      return "native";
    case "nobody":
      return "absent";
    case "emulator":
      return facts.executions.aarch32 === undefined ? undefined : facts.executions.aarch32 ? "shadowed" : "absent";
    case "unknown":
    case undefined:
      return undefined;
  }
}

/** WSL names itself in the kernel's release: `4.4.0-19041-Microsoft` is 1, `5.15.153.1-microsoft-standard-WSL2` is 2. */
function findWsl(release: string): HostReport["wsl"] {
  if (!/microsoft/i.test(release)) return undefined;
  return /^4\.4\.0-\d+-Microsoft$/.test(release) ? 1 : 2;
}
