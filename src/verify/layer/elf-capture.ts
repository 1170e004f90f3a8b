import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ByteRange } from "./captured-bytes.ts";
import { CapturedBytes } from "./captured-bytes.ts";
import { crc32OfZeros } from "./crc-zeros.ts";
import { armVendor, machineArm, maxArmAttributes } from "../program/elf-arm.ts";
import { maxDynamicBytes } from "../program/elf-dynamic.ts";
import { goBuildRange } from "../program/elf-go.ts";
import type { ElfHeader } from "../program/elf-header.ts";
import { readElfHeader, segmentTypes } from "../program/elf-header.ts";
import { maxNoteBytes } from "../program/elf-property.ts";
import { machineRiscv, maxRiscvAttributes } from "../program/elf-riscv.ts";
import type { ElfFacts } from "../program/elf.ts";
import { readElf } from "../program/elf.ts";

/*
 * How much of a file is kept while it streams by. Measured on 1,962 files of Debian 12: program headers end within 1 KB,
 * interpreter and notes nearly always too; the strings of the dynamic section lie in the first loadable segment of every
 * linked file and end within 1 MiB for 99.6 %. Where the rest is follows from the program headers, so one forward pass is
 * enough.
 */

/** Smaller files are kept whole: also those that patchelf has turned around. */
const wholeFile = 1024 * 1024;

/** What is kept of every larger file, before its program headers are known. */
const head = 4096;

/** Most bytes of the first segment: libLLVM's strings end after 7.6 MB, behind its symbols. */
const firstSegment = 8 * 1024 * 1024;

/** Segments of data up to this size are kept whole: patchelf moves strings into one of its own. */
const smallSegment = 256 * 1024;

/** Section headers, and mostly `.ARM.attributes`, are at the end. */
const armTail = 64 * 1024;

/** Most candidates for ARM attributes in one file: the real one, and texts of tools that read ELF files. */
const maxArmCandidates = 64;

/** Most bytes kept of one file. */
const maxKept = 12 * 1024 * 1024;

/** What is known of one ELF file after it has streamed by. */
export interface CapturedElf {
  readonly elf: ElfFacts;
  /**
   * Equal for files with equal bytes: SHA-256 of the first 64 KiB at most with the CRC-32 of the whole. Made for finding the
   * same machine code under two platforms; a SHA-256 of everything would cost a third of the time of decompression.
   */
  readonly fingerprint: string;
}

/** Reads ELF files one after the other as their content streams by, with one bounded buffer for all of them. */
export class ElfCapture {
  readonly #kept = new CapturedBytes(maxKept);
  #size = 0;
  #position = 0;
  #planned = false;
  #checksum = 0;
  #scansForArm = false;
  #armCandidates = 0;
  /** The last bytes of the piece before, in which the ARM vendor's name may have begun. */
  #carry = Buffer.alloc(0);

  /** Begins a file of `size` bytes. */
  start(size: number): void {
    this.#kept.reset();
    this.#kept.add({ start: 0, end: size <= wholeFile ? size : head });
    this.#size = size;
    this.#position = 0;
    this.#planned = size <= wholeFile;
    this.#checksum = 0;
    this.#scansForArm = false;
    this.#armCandidates = 0;
    this.#carry = Buffer.alloc(0);
  }

  /** Takes the next piece of the file; it wants all of them, for the fingerprint. */
  write(piece: Uint8Array): true {
    this.#checksum = crc32(piece, this.#checksum);
    this.#kept.write(this.#position, piece);
    if (!this.#planned && this.#position + piece.length >= head) {
      this.#planned = true;
      this.#plan();
      // The piece that completes the head may hold parts of what is wanted now.
      this.#kept.write(this.#position, piece);
    }
    if (this.#scansForArm) this.#scanForArm(piece);
    this.#position += piece.length;
    return true;
  }

  /** Takes `length` zeros, however many: a hole of a sparse file. What is kept of a file is zeros until something is written. */
  skip(length: number): void {
    const inHead = this.#planned ? 0 : Math.min(length, head - this.#position);
    if (inHead > 0) this.write(Buffer.alloc(inHead));
    if (inHead === length) return;
    this.#checksum = crc32OfZeros(length - inHead, this.#checksum);
    this.#position += length - inHead;
    this.#carry = Buffer.alloc(0);
  }

  /** Ends the file; `undefined` when it is no readable ELF file. */
  finish(): CapturedElf | undefined {
    const elf = readElf(this.#kept, this.#size);
    if (elf === undefined) return undefined;
    const start = createHash("sha256")
      .update(this.#kept.upTo(0, 64 * 1024))
      .digest("base64url");
    return { elf, fingerprint: `${start}.${this.#checksum.toString(16)}` };
  }

  #plan(): void {
    const header = readElfHeader(this.#kept);
    if (header === undefined) return;
    for (const range of mergeRanges(wantedRanges(header, this.#size))) this.#kept.add(range);
    this.#scansForArm = header.machine === machineArm;
  }

  /**
   * Where `.ARM.attributes` is, only the section table at the end of the file tells, and a large symbol table may come
   * between. So each place that begins like it is kept until then.
   */
  #scanForArm(piece: Uint8Array): void {
    const bytes = Buffer.concat([this.#carry, piece.subarray(0, armVendor.length - 1)]);
    const across = bytes.indexOf(armVendor);
    if (across !== -1) this.#keepArmCandidate(this.#position - this.#carry.length + across, piece);
    const whole = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    for (let at = whole.indexOf(armVendor); at !== -1; at = whole.indexOf(armVendor, at + 1)) {
      if (!this.#keepArmCandidate(this.#position + at, piece)) break;
    }
    this.#carry = Buffer.from(whole.subarray(-(armVendor.length - 1)));
  }

  #keepArmCandidate(start: number, piece: Uint8Array): boolean {
    if (++this.#armCandidates > maxArmCandidates) return false;
    const range = { start, end: Math.min(start + maxArmAttributes, this.#size) };
    if (this.#kept.slice(start, range.end - start) === undefined && this.#kept.add(range)) {
      this.#kept.write(this.#position - this.#carry.length, this.#carry);
      this.#kept.write(this.#position, piece);
    }
    return true;
  }
}

/** What is wanted of a large file beyond its head, by its program headers. */
function wantedRanges(header: ElfHeader, size: number): ByteRange[] {
  const { load, dynamic, interpreter, note, gnuProperty } = segmentTypes;
  const ranges: ByteRange[] = [];
  const want = (start: number, length: number) =>
    ranges.push({ start: Math.max(start, head), end: Math.min(start + length, size) });
  const isDynamic = header.segments.some(({ type }) => type === dynamic);
  for (const segment of header.segments) {
    const executable = (segment.flags & 1) !== 0;
    if (segment.type === dynamic) want(segment.offset, Math.min(segment.size, maxDynamicBytes));
    else if (segment.type === interpreter) want(segment.offset, Math.min(segment.size, head));
    else if (segment.type === note || segment.type === gnuProperty)
      want(segment.offset, Math.min(segment.size, maxNoteBytes));
    else if (segment.type === load && isDynamic && segment.offset === 0) {
      want(0, Math.min(segment.size, firstSegment));
    } else if (segment.type === load && isDynamic && !executable && segment.size <= smallSegment) {
      want(segment.offset, segment.size);
    }
  }
  const go = goBuildRange(header);
  if (go !== undefined) want(go.start, go.end - go.start);
  if (header.machine === machineArm) want(size - armTail, armTail);
  if (header.machine === machineRiscv) {
    const attributes = header.segments.find(({ type }) => type === segmentTypes.riscvAttributes);
    if (attributes !== undefined) want(attributes.offset, Math.min(attributes.size, maxRiscvAttributes));
  }
  return ranges;
}

/** The same ranges in order, without overlaps and empty ones. */
function mergeRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: ByteRange[] = [];
  for (const range of ranges.filter(({ start, end }) => start < end).sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || range.start > last.end) merged.push(range);
    else if (range.end > last.end) merged[merged.length - 1] = { start: last.start, end: range.end };
  }
  return merged;
}
