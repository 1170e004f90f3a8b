import type { CapturedBytes } from "../layer/captured-bytes.ts";
import type { ElfHeader } from "./elf-header.ts";
import { ElfNumbers } from "./elf-header.ts";

/** `e_machine` of 32-bit ARM. */
export const machineArm = 40;

/** Build attributes of a 32-bit ARM file (Addenda to the ABI for the Arm Architecture, "Build attributes"). */
export interface ArmAttributes {
  /** `Tag_CPU_arch`: 4 is v5TE, 6 v6, 10 v7, 14 v8-A … */
  readonly cpuArch?: number;
  /** `Tag_CPU_arch_profile`: `A`, `R`, `M` or `S`. */
  readonly profile?: string;
  /** `Tag_ABI_VFP_args`: 0 base (soft float), 1 VFP registers (hard float), 3 fits both. */
  readonly vfpArguments?: number;
}

/** The vendor name that the public attributes begin with. */
export const armVendor = Buffer.from("aeabi\0", "latin1");

/** Bytes from the vendor name on that are looked at: real ones have under a hundred. */
export const maxArmAttributes = 1024;

/** `sh_type` of `.ARM.attributes`. */
const attributesSection = 0x70000003;

/** Most section headers that are looked at. */
const maxSections = 512;

/** Reads `.ARM.attributes` by the section table, when both are among the captured bytes. Never throws. */
export function readArmAttributes(file: CapturedBytes, header: ElfHeader): ArmAttributes | undefined {
  const { offset, entrySize, count } = header.sections;
  if (entrySize < 40) return undefined;
  for (let index = 0; index < Math.min(count, maxSections); index++) {
    const section = file.slice(offset + index * entrySize, 40);
    if (section === undefined) return undefined;
    const numbers = new ElfNumbers(section, header);
    if (numbers.word(4) !== attributesSection) continue;
    // Format version "A" and the length of the vendor's part, 4 bytes, come before the vendor name.
    const bytes = file.upTo(numbers.word(16) + 5, Math.min(numbers.word(20) - 5, maxArmAttributes));
    if (!bytes.subarray(0, armVendor.length).equals(armVendor)) return undefined;
    return parseAttributes(bytes.subarray(armVendor.length), header);
  }
  return undefined;
}

/** Reads the attributes of the whole file (`Tag_File`), which come first. */
function parseAttributes(bytes: Buffer, header: ElfHeader): ArmAttributes | undefined {
  if (bytes[0] !== 1) return undefined;
  const size = new ElfNumbers(bytes, header).word(1);
  const cursor = { bytes: bytes.subarray(0, Math.max(0, size)), at: 5 };
  const found: { cpuArch?: number; profile?: string; vfpArguments?: number } = {};
  while (cursor.at < cursor.bytes.length) {
    const tag = readUleb(cursor);
    // Tags 4, 5 and 67 are texts, 32 is a number and a text; above 32 odd ones are texts, even ones numbers.
    if (tag === 32) readUleb(cursor);
    if (tag === 4 || tag === 5 || tag === 32 || (tag > 32 && tag % 2 === 1)) {
      skipText(cursor);
      continue;
    }
    const value = readUleb(cursor);
    if (tag === 6) found.cpuArch = value;
    else if (tag === 7 && value > 0) found.profile = String.fromCharCode(value & 0x7f);
    else if (tag === 28) found.vfpArguments = value;
  }
  return found;
}

function readUleb(cursor: { readonly bytes: Buffer; at: number }): number {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = cursor.bytes[cursor.at++] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

function skipText(cursor: { readonly bytes: Buffer; at: number }): void {
  const end = cursor.bytes.indexOf(0, cursor.at);
  cursor.at = end === -1 ? cursor.bytes.length : end + 1;
}
