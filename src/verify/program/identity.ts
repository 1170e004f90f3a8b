import type { Architecture } from "../../platform/architecture.ts";
import { architectureOfElf, findArchitecture } from "../../platform/architecture.ts";
import type { Platform } from "../../platform/platform.ts";
import { abiOf, usualAbi } from "./abi.ts";
import { machineArm } from "./elf-arm.ts";
import type { ElfFacts } from "./elf.ts";

/** The code that a platform's images hold: what files are compared with. */
export interface ExpectedCode {
  readonly platform: Platform;
  readonly architecture: Architecture;
}

/**
 * What a platform expects of machine code; `undefined` for an operating system or architecture whose files are not known
 * here.
 */
export function expectedCode(platform: Platform): ExpectedCode | undefined {
  const architecture = platform.os === "linux" ? findArchitecture(platform) : undefined;
  return architecture && { platform, architecture };
}

/**
 * Whether a file is code of the architecture: class, byte order and machine, never the machine alone (x32 shares it with
 * amd64).
 */
export function isOf(elf: ElfFacts, architecture: Architecture): boolean {
  const { bits, endian, machine } = architecture.elf;
  return elf.bits === bits && elf.endian === endian && elf.machine === machine;
}

/** Machines (`e_machine`) that no container ever runs on: their files are data for some device. */
const deviceMachines: ReadonlyMap<number, string> = new Map([
  [83, "AVR"],
  [92, "OpenRISC"],
  [93, "ARC"],
  [94, "Xtensa"],
  [105, "MSP430"],
  [113, "Nios II"],
  [164, "Hexagon"],
  [165, "8051"],
  [189, "MicroBlaze"],
  [190, "CUDA"],
  [195, "ARC"],
  [224, "AMD GPU"],
  [244, "Lanai"],
  [247, "eBPF"],
]);

/** Machines that are in no image platform's row, but that people know. */
const otherMachines: ReadonlyMap<number, string> = new Map([
  [2, "SPARC"],
  [4, "Motorola 68000"],
  [15, "PA-RISC"],
  [20, "PowerPC"],
  [42, "SuperH"],
  [43, "SPARC V9"],
  [50, "Itanium"],
  [0x9026, "Alpha"],
]);

/** The device that a file is for, when no container host has such a processor. */
export function deviceOf(elf: ElfFacts): string | undefined {
  return deviceMachines.get(elf.machine);
}

/** The OCI architecture that a file is code of; `undefined` for machines without images. */
export function architectureOf(elf: ElfFacts): string | undefined {
  return architectureOfElf(elf);
}

/** What a file is code for, as a person reads it: `linux/amd64`, `32-bit x86-64 (x32)`, `linux/arm (soft float, v5)`, `eBPF`. */
export function describeCode(elf: ElfFacts): string {
  const architecture = architectureOf(elf);
  if (elf.machine === machineArm && architecture !== undefined) {
    const details = [floatOf(elf)?.concat(" float"), armNeeds(elf)?.words].filter((word) => word !== undefined);
    return `linux/arm${details.length > 0 ? ` (${details.join(", ")})` : ""}`;
  }
  if (architecture !== undefined) {
    const abi = abiOf(elf)?.name;
    const usual = usualAbi({ name: architecture });
    return `linux/${architecture}${abi === undefined || usual === undefined || abi === usual ? "" : ` (${abi})`}`;
  }
  if (elf.machine === 62) return "32-bit x86-64 (x32)";
  const name = deviceMachines.get(elf.machine) ?? otherMachines.get(elf.machine) ?? `machine ${elf.machine}`;
  return `${elf.bits}-bit ${elf.endian}-endian ${name}`;
}

/**
 * The floating-point calling convention of a 32-bit ARM file, from its ELF flags (EABI version 5), else from its attributes.
 * Pure Go programs and the output of `ld -r` have neither: then it is unknown, which is no mismatch.
 */
export function floatOf(elf: ElfFacts): "soft" | "hard" | undefined {
  if (elf.machine !== machineArm || elf.flags >>> 24 !== 5) return undefined;
  if ((elf.flags & 0x400) !== 0) return "hard";
  if ((elf.flags & 0x200) !== 0) return "soft";
  return elf.arm?.vfpArguments === 1 ? "hard" : undefined;
}

/** What a file needs at least of its processor. */
export interface Needs {
  /** Version of the architecture: 5 to 8 for 32-bit ARM, 1 to 4 for the levels of x86-64. */
  readonly version: number;
  /** `v7`, and how it is known. */
  readonly words: string;
}

/**
 * The ARM version that a file was compiled for, by its build attributes, or by `GOARM` for Go; `undefined` when it does not
 * say.
 */
export function armNeeds(elf: ElfFacts): Needs | undefined {
  if (elf.machine !== machineArm) return undefined;
  const cpuArch = elf.arm?.cpuArch;
  if (cpuArch !== undefined) {
    const version = armVersion(cpuArch);
    return { version, words: `v${version} by its ARM attributes` };
  }
  const goarm = /^([5-7])/.exec(elf.go?.settings["GOARM"] ?? "")?.[1];
  return goarm === undefined ? undefined : { version: Number(goarm), words: `v${goarm} by GOARM=${goarm}` };
}

/** `Tag_CPU_arch` as an image variant: v6T2, v6K and v6-M are v6; v7E-M is v7 (ARM ABI addenda, table of values). */
function armVersion(cpuArch: number): number {
  if (cpuArch <= 5) return 5;
  if (cpuArch === 10 || cpuArch === 13) return 7;
  return cpuArch <= 12 ? 6 : 8;
}

/** The x86-64 level that a file needs, by its GNU property, or by `GOAMD64` for Go, whose programs check it when they start. */
export function levelNeeds(elf: ElfFacts): Needs | undefined {
  const go = /^v([1-4])$/.exec(elf.go?.settings["GOAMD64"] ?? "")?.[1];
  if (elf.isaLevel !== undefined && elf.isaLevel > Number(go ?? 0)) {
    return { version: elf.isaLevel, words: `v${elf.isaLevel} by its GNU property` };
  }
  return go === undefined ? undefined : { version: Number(go), words: `v${go} by GOAMD64=v${go}` };
}

/**
 * The RISC-V profile that a file was compiled for at least, 22 or 23, by the extensions of its attributes: those of a linked
 * file are what all its parts were compiled with, also parts that are only used where the processor has them.
 */
export function profileNeeds(elf: ElfFacts): Needs | undefined {
  const extensions = new Set(
    (elf.riscv?.march ?? "").split("_").map((extension) => extension.replace(/(?:\d+p\d+)$/, "")),
  );
  const has = (names: readonly string[]) => names.filter((name) => extensions.has(name));
  for (const [version, names] of [
    [23, has(["v", "zicond", "zimop", "zcmop", "zcb", "zfa", "zawrs"])],
    [22, has(["b", "zba", "zbb", "zbs", "zfhmin", "zicbom", "zicboz", "zkt"])],
  ] as const) {
    if (names.length > 0) return { version, words: `RVA${version} by its RISC-V attributes (${names.join(", ")})` };
  }
  return undefined;
}

/** The version that a platform's variant declares: 7 for arm/v7, 1 for amd64, 3 for amd64/v3, 22 for riscv64/rva22u64. */
export function declaredVersion(platform: Platform): number {
  if (platform.architecture === "riscv64") return Number(/^rva(\d+)/.exec(platform.variant ?? "")?.[1] ?? 20);
  return Number(/^v(\d)/.exec(platform.variant ?? "")?.[1] ?? 1);
}
