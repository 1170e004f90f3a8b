import type { CapturedBytes } from "../layer/captured-bytes.ts";
import type { ElfHeader } from "./elf-header.ts";
import { ElfNumbers, segmentTypes } from "./elf-header.ts";

/** `e_machine` of RISC-V. */
export const machineRiscv = 243;

/** Build attributes of a RISC-V file (RISC-V ELF psABI, "Attributes"). */
export interface RiscvAttributes {
  /** `Tag_RISCV_arch`: base and extensions with their versions, as `rv64i2p1_m2p0_a2p1_c2p0`. */
  readonly march: string;
}

/** Bytes of the attributes that are looked at: real ones have some hundred. */
export const maxRiscvAttributes = 2048;

/** Longest list of extensions, characters. */
const maxMarch = 1024;

const vendor = Buffer.from("riscv\0", "latin1");

/** `Tag_file` and `Tag_RISCV_arch`. */
const tags = { file: 1, architecture: 5 } as const;

/** Reads the attributes of the segment that holds them; linked files have one. Never throws. */
export function readRiscvAttributes(file: CapturedBytes, header: ElfHeader): RiscvAttributes | undefined {
  const segment = header.segments.find(({ type }) => type === segmentTypes.riscvAttributes);
  if (segment === undefined) return undefined;
  const bytes = file.upTo(segment.offset, Math.min(segment.size, maxRiscvAttributes));
  // "A", length, vendor, then a tag with the length of its part.
  const start = 5 + vendor.length;
  if (bytes[0] !== 0x41 || !bytes.subarray(5, start).equals(vendor) || bytes[start] !== tags.file) return undefined;
  const end = Math.min(bytes.length, start + new ElfNumbers(bytes, header).word(start + 1));
  for (let at = start + 5; at < end;) {
    const tag = bytes[at++] ?? 0;
    if (tag % 2 === 0) {
      // A number: the last of its bytes has the high bit clear.
      while (at < end && (bytes[at++] ?? 0) >= 0x80);
      continue;
    }
    const stop = bytes.indexOf(0, at);
    if (stop === -1) return undefined;
    if (tag === tags.architecture) return { march: bytes.toString("latin1", at, Math.min(stop, at + maxMarch)) };
    at = stop + 1;
  }
  return undefined;
}
