import type { CapturedBytes } from "../layer/captured-bytes.ts";
import type { ElfHeader } from "./elf-header.ts";
import { ElfNumbers, segmentTypes } from "./elf-header.ts";

/** Bytes of notes that are looked at; real ones end within 1.2 KB of the file. */
export const maxNoteBytes = 4096;

/** `NT_GNU_PROPERTY_TYPE_0` and `GNU_PROPERTY_X86_ISA_1_NEEDED` (x86-64 psABI, "Program Property"). */
const propertyNote = 5;
const isaNeeded = 0xc0008002;

/**
 * The x86-64 level that the file says it needs: 1 (baseline) to 4, from its GNU property; glibc refuses to load it on less.
 * `undefined` when it says nothing, which proves nothing. Never throws.
 */
export function readIsaLevel(file: CapturedBytes, header: ElfHeader): number | undefined {
  const { gnuProperty, note } = segmentTypes;
  const segments = header.segments.filter(({ type }) => type === gnuProperty || type === note);
  for (const { offset, size } of segments) {
    const bytes = file.slice(offset, Math.min(size, maxNoteBytes));
    const needed = bytes && readNotes(bytes, header);
    // Bit 0 is the baseline, bit 1 v2 and so on.
    if (needed !== undefined && needed > 0 && needed < 16) return 32 - Math.clz32(needed);
  }
  return undefined;
}

function readNotes(bytes: Buffer, header: ElfHeader): number | undefined {
  const numbers = new ElfNumbers(bytes, header);
  for (let at = 0; at + 12 <= bytes.length;) {
    const nameSize = numbers.word(at);
    const size = numbers.word(at + 4);
    const content = at + 12 + aligned(nameSize, 4);
    const isProperty = numbers.word(at + 8) === propertyNote && bytes.toString("latin1", at + 12, at + 16) === "GNU\0";
    if (isProperty) return readProperties(bytes.subarray(content, content + size), header);
    at = content + aligned(size, 4);
  }
  return undefined;
}

function readProperties(bytes: Buffer, header: ElfHeader): number | undefined {
  const numbers = new ElfNumbers(bytes, header);
  for (let at = 0; at + 8 <= bytes.length;) {
    if (numbers.word(at) === isaNeeded) return numbers.word(at + 8);
    at += 8 + aligned(numbers.word(at + 4), header.bits / 8);
  }
  return undefined;
}

function aligned(size: number, alignment: number): number {
  return Math.ceil(size / alignment) * alignment;
}
