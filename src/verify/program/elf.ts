import type { CapturedBytes } from "../layer/captured-bytes.ts";
import type { ArmAttributes } from "./elf-arm.ts";
import { machineArm, readArmAttributes } from "./elf-arm.ts";
import type { ElfDynamic } from "./elf-dynamic.ts";
import { readDynamic } from "./elf-dynamic.ts";
import type { GoBuild } from "./elf-go.ts";
import { readGoBuild } from "./elf-go.ts";
import type { ElfHeader } from "./elf-header.ts";
import { readElfHeader, segmentTypes } from "./elf-header.ts";
import { readIsaLevel } from "./elf-property.ts";
import type { RiscvAttributes } from "./elf-riscv.ts";
import { machineRiscv, readRiscvAttributes } from "./elf-riscv.ts";

/** What an ELF file says about the machine it is for and about what it needs to start. Free of policy; plain JSON. */
export interface ElfFacts {
  readonly bits: 32 | 64;
  readonly endian: "little" | "big";
  /** `e_machine`. */
  readonly machine: number;
  /** `e_type`: 1 relocatable, 2 executable, 3 shared (libraries and position-independent programs), 4 core. */
  readonly type: number;
  /** `e_flags`. */
  readonly flags: number;
  readonly osAbi: number;
  readonly abiVersion: number;
  /** `PT_INTERP`: the loader; absent for static programs and most libraries. */
  readonly interpreter?: string;
  /** Absent for files without a dynamic section; `"unread"` when it could not be captured. */
  readonly dynamic?: ElfDynamic | "unread";
  readonly arm?: ArmAttributes;
  readonly riscv?: RiscvAttributes;
  /** x86-64 level that it says it needs, 1 to 4. */
  readonly isaLevel?: number;
  readonly go?: GoBuild;
  /** The file ends before what its headers speak of: before a loadable segment and before its section table. */
  readonly truncated?: boolean;
}

/** `e_machine` of the x86 family, whose files may carry GNU properties of the instruction set. */
const x86Machines: readonly number[] = [3, 62];

/**
 * Reads an ELF file from the bytes of it that were captured; `undefined` when it is none, or its header is cut. What is not
 * among the bytes is absent from the facts. Never throws and never loops, whatever the bytes are.
 *
 * @param size bytes of the whole file, when they are known: then it is told whether it was cut off
 */
export function readElf(file: CapturedBytes, size?: number): ElfFacts | undefined {
  const header = readElfHeader(file);
  if (header === undefined) return undefined;
  const interpreter = readInterpreter(file, header);
  const dynamic = readDynamic(file, header);
  const arm = header.machine === machineArm ? readArmAttributes(file, header) : undefined;
  const riscv = header.machine === machineRiscv ? readRiscvAttributes(file, header) : undefined;
  const isaLevel = x86Machines.includes(header.machine) ? readIsaLevel(file, header) : undefined;
  const go = readGoBuild(file, header);
  return {
    bits: header.bits,
    endian: header.endian,
    machine: header.machine,
    type: header.type,
    flags: header.flags,
    osAbi: header.osAbi,
    abiVersion: header.abiVersion,
    ...(interpreter === undefined ? {} : { interpreter }),
    ...(dynamic === undefined ? {} : { dynamic }),
    ...(arm === undefined ? {} : { arm }),
    ...(riscv === undefined ? {} : { riscv }),
    ...(isaLevel === undefined ? {} : { isaLevel }),
    ...(go === undefined ? {} : { go }),
    ...(size !== undefined && isCut(header, size) ? { truncated: true } : {}),
  };
}

function readInterpreter(file: CapturedBytes, header: ElfHeader): string | undefined {
  const segment = header.segments.find(({ type }) => type === segmentTypes.interpreter);
  return segment && file.text(segment.offset, Math.min(segment.size, 4096));
}

/**
 * Whether a file is shorter than its headers say. Files with debugging data alone have the program headers of the file that
 * they were taken from, whose segments are not in them; their section table is, at the end, and tells that nothing was cut
 * off. (Go's linker puts it right behind the program headers, where it tells nothing.)
 */
function isCut({ sections, segments, segmentTableEnd }: ElfHeader, size: number): boolean {
  const { offset, entrySize, count } = sections;
  const isAtEnd = count > 0 && offset > segmentTableEnd + 64;
  if (isAtEnd && offset + entrySize * count <= size) return false;
  return (
    segmentTableEnd > size ||
    segments.some((segment) => segment.type === segmentTypes.load && segment.offset + segment.size > size)
  );
}
