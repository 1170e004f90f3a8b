/** Small ELF files for tests: a header, program headers and what they point at, without code. */
export interface ElfParts {
  readonly bits?: 32 | 64;
  readonly endian?: "little" | "big";
  readonly machine: number;
  /** `e_type`; 2 (executable) by default. */
  readonly type?: number;
  readonly flags?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  /** Bits of `GNU_PROPERTY_X86_ISA_1_NEEDED`. */
  readonly isa?: number;
  /** `Tag_CPU_arch` and `Tag_ABI_VFP_args` of `.ARM.attributes`. */
  readonly cpuArch?: number;
  readonly vfpArguments?: number;
  /** The extensions in the RISC-V attributes: `rv64i2p1_m2p0`. */
  readonly march?: string;
  /** Bytes at the end, for files that differ or are large. */
  readonly padding?: Uint8Array;
}

/** Headers of the platforms that tests use most. */
export const amd64 = { machine: 62 } as const;
export const i386 = { machine: 3, bits: 32 } as const;
export const arm64 = { machine: 183 } as const;
export const armhf = { machine: 40, bits: 32, flags: 0x5000400 } as const;
export const armel = { machine: 40, bits: 32, flags: 0x5000200 } as const;
export const riscv64 = { machine: 243, flags: 5 } as const;
export const s390x = { machine: 22, endian: "big" } as const;

const baseAddress = 0x400000;

/** Makes an ELF file. */
export function makeElf(parts: ElfParts): Buffer {
  const { bits = 64, endian = "little" } = parts;
  const wide = bits === 64;
  const file = new Writer(endian, wide);
  const segments: { type: number; flags: number; offset: number; size: number }[] = [];
  const headerSize = wide ? 64 : 52;
  const segmentSize = wide ? 56 : 32;
  const room = headerSize + segmentSize * 6;
  file.zeros(room);

  if (parts.interpreter !== undefined) {
    const offset = file.length;
    file.bytes(Buffer.from(`${parts.interpreter}\0`));
    segments.push({ type: 3, flags: 4, offset, size: file.length - offset });
  }
  if (parts.isa !== undefined) {
    file.align(8);
    const offset = file.length;
    for (const word of [4, 16, 5, 0x554e47, 0xc0008002, 4, parts.isa, 0]) file.word(word);
    segments.push({ type: 0x6474e553, flags: 4, offset, size: file.length - offset });
  }
  if (parts.march !== undefined) {
    const offset = file.length;
    file.bytes(riscvAttributes(parts.march, endian));
    segments.push({ type: 0x70000003, flags: 4, offset, size: file.length - offset });
  }
  const { needed, soname, rpath, runpath } = parts;
  if (needed !== undefined || soname !== undefined) {
    const strings = file.length;
    const entries: [number, number][] = [];
    file.bytes(Buffer.from("\0"));
    const text = (tag: number, value: string | undefined) => {
      if (value === undefined) return;
      entries.push([tag, file.length - strings]);
      file.bytes(Buffer.from(`${value}\0`));
    };
    for (const name of needed ?? []) text(1, name);
    text(14, soname);
    text(15, rpath);
    text(29, runpath);
    entries.push([5, baseAddress + strings], [0, 0]);
    file.align(8);
    const offset = file.length;
    for (const [tag, value] of entries) file.address(tag).address(value);
    segments.push({ type: 2, flags: 6, offset, size: file.length - offset });
  }
  file.bytes(parts.padding ?? new Uint8Array());
  const sections = { offset: 0, count: 0 };
  if (parts.cpuArch !== undefined) {
    const attributes = armAttributes(parts.cpuArch, parts.vfpArguments, endian);
    const offset = file.length;
    file.bytes(attributes).align(8);
    Object.assign(sections, { offset: file.length, count: 2 });
    file.zeros(40);
    for (const word of [0, 0x70000003, 0, 0, offset, attributes.length, 0, 0, 1, 0]) file.word(word);
  }
  segments.push({ type: 1, flags: 5, offset: 0, size: file.length });

  const header = new Writer(endian, wide);
  header.bytes(
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, endian === "little" ? 1 : 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  );
  header
    .half(parts.type ?? 2)
    .half(parts.machine)
    .word(1);
  header
    .address(baseAddress)
    .address(headerSize)
    .address(sections.offset)
    .word(parts.flags ?? 0);
  header.half(headerSize).half(segmentSize).half(segments.length).half(40).half(sections.count).half(0);
  for (const { type, flags, offset, size } of segments) {
    header.word(type);
    if (wide) header.word(flags);
    header
      .address(offset)
      .address(baseAddress + offset)
      .address(baseAddress + offset)
      .address(size)
      .address(size);
    if (!wide) header.word(flags);
    header.address(4096);
  }
  const bytes = file.done();
  header.done().copy(bytes);
  return bytes;
}

/** A `.ARM.attributes` section. */
function armAttributes(cpuArch: number, vfpArguments: number | undefined, endian: "little" | "big"): Buffer {
  const pairs = [6, cpuArch, 7, 0x41, ...(vfpArguments === undefined ? [] : [28, vfpArguments])];
  const name = Buffer.from("aeabi\0");
  const length = (value: number) => new Writer(endian, false).word(value).done();
  const file = Buffer.concat([Buffer.from([1]), length(5 + pairs.length), Buffer.from(pairs)]);
  return Buffer.concat([Buffer.from("A"), length(4 + name.length + file.length), name, file]);
}

/** A `.riscv.attributes` section: the alignment of the stack (a number), then the extensions. */
function riscvAttributes(march: string, endian: "little" | "big"): Buffer {
  const pairs = Buffer.concat([Buffer.from([4, 16, 5]), Buffer.from(`${march}\0`)]);
  const length = (value: number) => new Writer(endian, false).word(value).done();
  const file = Buffer.concat([Buffer.from([1]), length(5 + pairs.length), pairs]);
  return Buffer.concat([Buffer.from("A"), length(10 + file.length), Buffer.from("riscv\0"), file]);
}

/** Appends numbers in a byte order. */
class Writer {
  readonly #pieces: Buffer[] = [];
  readonly #little: boolean;
  readonly #wide: boolean;
  length = 0;

  constructor(endian: "little" | "big", wide: boolean) {
    this.#little = endian === "little";
    this.#wide = wide;
  }

  bytes(piece: Uint8Array): this {
    this.#pieces.push(Buffer.from(piece));
    this.length += piece.length;
    return this;
  }

  zeros(length: number): this {
    return this.bytes(Buffer.alloc(length));
  }

  align(to: number): this {
    return this.zeros((to - (this.length % to)) % to);
  }

  half(value: number): this {
    const piece = Buffer.alloc(2);
    if (this.#little) piece.writeUInt16LE(value);
    else piece.writeUInt16BE(value);
    return this.bytes(piece);
  }

  word(value: number): this {
    const piece = Buffer.alloc(4);
    if (this.#little) piece.writeUInt32LE(value);
    else piece.writeUInt32BE(value);
    return this.bytes(piece);
  }

  address(value: number): this {
    if (!this.#wide) return this.word(value);
    const [first, second] = [value % 2 ** 32, Math.floor(value / 2 ** 32)];
    return this.#little ? this.word(first).word(second) : this.word(second).word(first);
  }

  done(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
