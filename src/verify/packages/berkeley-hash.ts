import { UnreadableDatabase } from "./package-list.ts";

/** Magic number of a hash database, and the types of pages and items (Berkeley DB, dbinc/db_page.h). */
const hashMagic = 0x061561;
const pageTypes = { hashUnsorted: 2, overflow: 7, hash: 13 } as const;
const itemTypes = { inline: 1, overflow: 3 } as const;
const pageHeaderSize = 26;

/**
 * The values of a hash database of Berkeley DB, in the order of the file; keys are passed over. Pages are read in a row instead of by
 * their buckets, so that each is met once, in either byte order. Throws {@link UnreadableDatabase} for what breaks the format.
 */
export function* readHashValues(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  const file = new BerkeleyFile(bytes);
  for (let number = 1; number <= file.lastPage; number++) {
    const type = file.typeOf(number);
    if (type === pageTypes.hash || type === pageTypes.hashUnsorted) yield* file.valuesOf(number);
  }
}

class BerkeleyFile {
  readonly #bytes: Buffer;
  readonly #pageSize: number;
  readonly #isLittle: boolean;
  readonly #seen = new Set<number>();
  readonly lastPage: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#bytes.length < 512) throw new UnreadableDatabase("is no Berkeley DB");
    this.#isLittle = this.#bytes.readUInt32LE(12) === hashMagic;
    if (!this.#isLittle && this.#bytes.readUInt32BE(12) !== hashMagic) {
      throw new UnreadableDatabase("is no hash database of Berkeley DB");
    }
    if (this.#bytes.readUInt8(24) !== 0) throw new UnreadableDatabase("is encrypted");
    this.#pageSize = this.#u32(20);
    this.lastPage = this.#u32(32);
    const { length } = this.#bytes;
    const isPower = (this.#pageSize & (this.#pageSize - 1)) === 0;
    if (this.#pageSize < 512 || this.#pageSize > 65_536 || !isPower) throw damaged();
    if ((this.lastPage + 1) * this.#pageSize > length) throw damaged();
  }

  typeOf(number: number): number {
    return this.#bytes.readUInt8(number * this.#pageSize + 25);
  }

  *valuesOf(number: number): Generator<Uint8Array, void, void> {
    const start = number * this.#pageSize;
    const entries = this.#u16(start + 20);
    if (pageHeaderSize + entries * 2 > this.#pageSize) throw damaged();
    // Items are laid down from the end of the page; each ends where the one before begins.
    let end = this.#pageSize;
    for (let index = 0; index < entries; index++) {
      const at = this.#u16(start + pageHeaderSize + index * 2);
      if (at < pageHeaderSize || at >= end) throw damaged();
      // Every second item is a value.
      if (index % 2 === 1) yield* this.#value(start + at, end - at);
      end = at;
    }
  }

  *#value(at: number, length: number): Generator<Uint8Array, void, void> {
    const type = this.#bytes.readUInt8(at);
    if (type === itemTypes.inline) yield this.#bytes.subarray(at + 1, at + length);
    else if (type === itemTypes.overflow && length >= 12) yield this.#overflow(this.#u32(at + 4), this.#u32(at + 8));
  }

  #overflow(first: number, size: number): Uint8Array {
    if (size > this.#bytes.length) throw damaged();
    const parts: Buffer[] = [];
    let left = size;
    for (let number = first; left > 0;) {
      if (number < 1 || number > this.lastPage || this.#seen.has(number)) throw damaged();
      if (this.typeOf(number) !== pageTypes.overflow) throw damaged();
      this.#seen.add(number);
      const start = number * this.#pageSize;
      const used = this.#u16(start + 22);
      const part = this.#bytes.subarray(start + pageHeaderSize, start + pageHeaderSize + Math.min(used, left));
      if (part.length === 0 || pageHeaderSize + used > this.#pageSize) throw damaged();
      parts.push(part);
      left -= part.length;
      number = this.#u32(start + 16);
    }
    return Buffer.concat(parts);
  }

  #u32(at: number): number {
    return this.#isLittle ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  #u16(at: number): number {
    return this.#isLittle ? this.#bytes.readUInt16LE(at) : this.#bytes.readUInt16BE(at);
  }
}

function damaged(): UnreadableDatabase {
  return new UnreadableDatabase("is damaged");
}
