import type { Architecture } from "../../platform/architecture.ts";
import { machineRiscv } from "./elf-riscv.ts";
import type { ElfFacts } from "./elf.ts";

/*
 * Calling conventions that an architecture has several of, by `e_flags`: RISC-V ELF psABI ("File Header"), LoongArch ELF psABI
 * ("e_flags"), 64-Bit ELF V2 ABI of Power ("ELF Header"), `<elf.h>` for MIPS. Those of 32-bit ARM are in identity.ts.
 */

/** `e_machine` of the architectures with several conventions. */
const machines = { mips: 8, power: 21, loong: 258 } as const;

/** How functions are called and numbers handed over: files of two conventions cannot be loaded together. */
export interface Abi {
  /** `soft float`, `ELFv2`, `n32` */
  readonly name: string;
  /** The differences are about floating point. */
  readonly float: boolean;
}

/** The convention of a file; `undefined` for architectures with one alone, and where the file does not say. */
export function abiOf(elf: ElfFacts): Abi | undefined {
  switch (elf.machine) {
    case machineRiscv: {
      if ((elf.flags & 8) !== 0) return { name: "RV64E (16 registers)", float: false };
      return { name: `${["soft", "single", "double", "quad"][(elf.flags >> 1) & 3]} float`, float: true };
    }
    case machines.loong: {
      const float = ["", "soft", "single", "double"][elf.flags & 7];
      return float ? { name: `${float} float`, float: true } : undefined;
    }
    case machines.power: {
      const version = elf.bits === 64 ? elf.flags & 3 : 0;
      return version === 1 || version === 2 ? { name: `ELFv${version}`, float: false } : undefined;
    }
    case machines.mips: {
      if (elf.bits === 64) return { name: "n64", float: false };
      return { name: (elf.flags & 0x20) === 0 ? "o32" : "n32", float: false };
    }
    default:
      return undefined;
  }
}

/** The convention of an architecture's ports; `undefined` where ports differ (glibc and musl on big-endian Power). */
export function usualAbi({ name }: Pick<Architecture, "name">): string | undefined {
  const usual: Readonly<Record<string, string>> = {
    loong64: "double float",
    mips: "o32",
    mipsle: "o32",
    mips64: "n64",
    mips64le: "n64",
    ppc64le: "ELFv2",
    riscv64: "double float",
  };
  return usual[name];
}
