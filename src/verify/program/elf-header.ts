import type { CapturedBytes } from "../layer/captured-bytes.ts";

/** Values of `p_type` (ELF specification, "Program Header"; GNU extensions of `<elf.h>`). */
export const segmentTypes = {
  load: 1,
  dynamic: 2,
  interpreter: 3,
  note: 4,
  gnuProperty: 0x6474e553,
  /** Of the processor's own range: what it is depends on the machine. */
  riscvAttributes: 0x70000003,
} as const;

/** Values of `e_type`. */
export const elfTypes = { relocatable: 1, executable: 2, shared: 3, core: 4 } as const;

/** One program header. */
export interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  /** Bytes in the file. */
  readonly size: number;
}

/** The identification and header of an ELF file, with the place of its tables. */
export interface ElfHeader {
  readonly bits: 32 | 64;
  readonly endian: "little" | "big";
  readonly osAbi: number;
  readonly abiVersion: number;
  readonly type: number;
  readonly machine: number;
  readonly flags: number;
  readonly sections: { readonly offset: number; readonly entrySize: number; readonly count: number };
  readonly segments: readonly Segment[];
  /** Where the program headers end in the file. */
  readonly segmentTableEnd: number;
}

/** Numbers in the byte order and word size of a file. Reads beyond the bytes give 0. */
export class ElfNumbers {
  readonly #bytes: Buffer;
  readonly #little: boolean;
  readonly #wide: boolean;

  constructor(bytes: Buffer, file: Pick<ElfHeader, "bits" | "endian">) {
    this.#bytes = bytes;
    this.#little = file.endian === "little";
    this.#wide = file.bits === 64;
  }

  half(at: number): number {
    if (at + 2 > this.#bytes.length) return 0;
    return this.#little ? this.#bytes.readUInt16LE(at) : this.#bytes.readUInt16BE(at);
  }

  word(at: number): number {
    if (at + 4 > this.#bytes.length) return 0;
    return this.#little ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  /** An address, offset or size; in a 64-bit file inexact beyond 2^53, where no file has anything. */
  address(at: number): number {
    if (!this.#wide) return this.word(at);
    const [low, high] = this.#little ? [at, at + 4] : [at + 4, at];
    return this.word(high) * 2 ** 32 + this.word(low);
  }
}

/** Files have about ten program headers; more than this is not looked at. */
const maxSegments = 128;

/** Whether bytes begin as an ELF file does. */
export function isElf(head: Uint8Array): boolean {
  return head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

/**
 * Reads the header and the program headers; `undefined` when it is no ELF file, or one that is cut or of an unknown class.
 * Never throws.
 */
export function readElfHeader(file: CapturedBytes): ElfHeader | undefined {
  const identification = file.slice(0, 20);
  if (identification === undefined || !isElf(identification)) return undefined;
  const [, , , , elfClass, data] = identification;
  if ((elfClass !== 1 && elfClass !== 2) || (data !== 1 && data !== 2)) return undefined;
  const order = { bits: elfClass === 1 ? 32 : 64, endian: data === 1 ? "little" : "big" } as const;
  const wide = order.bits === 64;
  const bytes = file.slice(0, wide ? 64 : 52);
  if (bytes === undefined) return undefined;
  const numbers = new ElfNumbers(bytes, order);
  // After e_entry, e_phoff and e_shoff (4 or 8 bytes each) come e_flags and six half words.
  const table = wide ? 32 : 28;
  const rest = wide ? 48 : 36;
  return {
    ...order,
    osAbi: bytes[7] ?? 0,
    abiVersion: bytes[8] ?? 0,
    type: numbers.half(16),
    machine: numbers.half(18),
    flags: numbers.word(rest),
    sections: {
      offset: numbers.address(table + (wide ? 8 : 4)),
      entrySize: numbers.half(rest + 10),
      count: numbers.half(rest + 12),
    },
    segments: readSegments(file, order, numbers.address(table), numbers.half(rest + 6), numbers.half(rest + 8)),
    segmentTableEnd: numbers.address(table) + numbers.half(rest + 6) * numbers.half(rest + 8),
  };
}

function readSegments(
  file: CapturedBytes,
  order: Pick<ElfHeader, "bits" | "endian">,
  offset: number,
  entrySize: number,
  count: number,
): Segment[] {
  const wide = order.bits === 64;
  const least = wide ? 56 : 32;
  if (entrySize < least) return [];
  const segments: Segment[] = [];
  for (let index = 0; index < Math.min(count, maxSegments); index++) {
    const entry = file.slice(offset + index * entrySize, least);
    if (entry === undefined) break;
    const numbers = new ElfNumbers(entry, order);
    segments.push({
      type: numbers.word(0),
      flags: numbers.word(wide ? 4 : 24),
      offset: numbers.address(wide ? 8 : 4),
      address: numbers.address(wide ? 16 : 8),
      size: numbers.address(wide ? 32 : 16),
    });
  }
  return segments;
}

/** Where in the file an address of the running program comes from, by its loadable segments. */
export function fileOffset(header: ElfHeader, address: number): number | undefined {
  const segment = header.segments.find(
    ({ type, address: from, size }) => type === segmentTypes.load && address >= from && address < from + size,
  );
  return segment && segment.offset + address - segment.address;
}
