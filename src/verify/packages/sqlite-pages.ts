import { UnreadableDatabase } from "./package-list.ts";

/** A value of a row: NULL, an integer (those beyond 2^53 lose digits) or real number, a text, a blob. */
export type SqliteValue = null | number | string | Uint8Array;

/** Kinds of b-tree pages that tables have (SQLite, "Database File Format", 1.6). */
const interiorTable = 5;
const leafTable = 13;

/** Columns of one row that are looked at. */
const maxColumns = 100;

/**
 * Reads the rows of one table of an SQLite database from its bytes, in the order of their keys; nothing is written anywhere
 * and no SQL is run. Follows "Database File Format" of sqlite.org: pages, table b-trees, overflow pages, records. Rows that are
 * only in a write-ahead log are not seen. A page is read once at most, so that the work is bounded by the file's size.
 *
 * @throws UnreadableDatabase for what is no SQLite database, breaks the format, or lacks the table.
 */
export function* readTable(bytes: Uint8Array, table: string): Generator<readonly SqliteValue[], void, void> {
  const file = new SqliteFile(bytes);
  for (const [type, name, , rootPage] of file.rows(1)) {
    if (type !== "table" || name !== table || typeof rootPage !== "number") continue;
    yield* file.rows(rootPage);
    return;
  }
  throw new UnreadableDatabase(`has no table "${table}"`);
}

class SqliteFile {
  readonly #bytes: Buffer;
  readonly #pageSize: number;
  /** Bytes of a page without what extensions reserve at its end. */
  readonly #usable: number;
  readonly #encoding: "utf8" | "utf16le";
  readonly #seen = new Set<number>();

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#bytes.length < 100 || this.#bytes.toString("latin1", 0, 16) !== "SQLite format 3\0") {
      throw new UnreadableDatabase("is no SQLite database");
    }
    const size = this.#bytes.readUInt16BE(16);
    this.#pageSize = size === 1 ? 65_536 : size;
    this.#usable = this.#pageSize - this.#bytes.readUInt8(20);
    if (this.#pageSize < 512 || (this.#pageSize & (this.#pageSize - 1)) !== 0 || this.#usable < 480) throw damaged();
    const encoding = this.#bytes.readUInt32BE(56);
    if (encoding === 3) throw new UnreadableDatabase("has texts in big-endian UTF-16");
    this.#encoding = encoding === 2 ? "utf16le" : "utf8";
  }

  *rows(rootPage: number): Generator<readonly SqliteValue[], void, void> {
    const pending = [rootPage];
    for (let number = pending.pop(); number !== undefined; number = pending.pop()) {
      const page = this.#page(number);
      // The first page begins with the file's header.
      const start = number === 1 ? 100 : 0;
      const kind = page.readUInt8(start);
      const isLeaf = kind === leafTable;
      if (!isLeaf && kind !== interiorTable) throw damaged();
      const count = page.readUInt16BE(start + 3);
      const cells = start + (isLeaf ? 8 : 12);
      if (cells + count * 2 > page.length) throw damaged();
      if (isLeaf) {
        let room = page.length;
        for (let index = 0; index < count; index++) {
          const { payload, local } = this.#payload(page, page.readUInt16BE(cells + index * 2));
          // Cells that overlap would make a small page give endless content.
          room -= local;
          if (room < 0) throw damaged();
          yield this.#record(payload);
        }
        continue;
      }
      pending.push(page.readUInt32BE(start + 8));
      for (let index = count - 1; index >= 0; index--) {
        const at = page.readUInt16BE(cells + index * 2);
        if (at + 4 > page.length) throw damaged();
        pending.push(page.readUInt32BE(at));
      }
    }
  }

  /** The usable part of a page, numbered from 1; each is given once. */
  #page(number: number): Buffer {
    const start = (number - 1) * this.#pageSize;
    if (number < 1 || start + this.#pageSize > this.#bytes.length || this.#seen.has(number)) throw damaged();
    this.#seen.add(number);
    return this.#bytes.subarray(start, start + this.#usable);
  }

  /** The record of a leaf's cell; what has no room in the cell is in a chain of overflow pages. */
  #payload(page: Buffer, at: number): { payload: Buffer; local: number } {
    const size = readVarint(page, at);
    const key = readVarint(page, size.next);
    const most = this.#usable - 35;
    if (size.value <= most) {
      const payload = page.subarray(key.next, key.next + size.value);
      if (payload.length !== size.value) throw damaged();
      return { payload, local: size.value };
    }
    if (size.value > this.#bytes.length) throw damaged();
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23;
    const fitting = least + ((size.value - least) % (this.#usable - 4));
    const local = fitting <= most ? fitting : least;
    const parts = [page.subarray(key.next, key.next + local)];
    let left = size.value - local;
    if (key.next + local + 4 > page.length) throw damaged();
    for (let next = page.readUInt32BE(key.next + local); left > 0;) {
      const overflow = this.#page(next);
      const part = overflow.subarray(4, 4 + left);
      parts.push(part);
      left -= part.length;
      next = overflow.readUInt32BE(0);
    }
    return { payload: Buffer.concat(parts), local };
  }

  #record(payload: Buffer): SqliteValue[] {
    const header = readVarint(payload, 0);
    if (header.value > payload.length) throw damaged();
    const values: SqliteValue[] = [];
    let at = header.value;
    for (let next = header.next; next < header.value && values.length < maxColumns;) {
      const serial = readVarint(payload, next);
      next = serial.next;
      const length = contentLength(serial.value);
      if (at + length > payload.length) throw damaged();
      values.push(this.#value(serial.value, payload.subarray(at, at + length)));
      at += length;
    }
    return values;
  }

  #value(serial: number, content: Buffer): SqliteValue {
    if (serial === 0) return null;
    if (serial === 7) return content.readDoubleBE(0);
    if (serial === 8 || serial === 9) return serial - 8;
    if (serial < 7)
      return content.length === 8 ? Number(content.readBigInt64BE(0)) : content.readIntBE(0, content.length);
    return serial % 2 === 0 ? content : content.toString(this.#encoding);
  }
}

/** Bytes of a value by its serial type. */
function contentLength(serial: number): number {
  if (serial >= 12) return Math.floor((serial - 12) / 2);
  const length = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][serial];
  if (length === undefined) throw damaged();
  return length;
}

/** A number of one to nine bytes, seven bits in each but the ninth. */
function readVarint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 9; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw damaged();
    if (index === 8) return { value: value * 256 + byte, next: at + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  throw damaged();
}

function damaged(): UnreadableDatabase {
  return new UnreadableDatabase("is damaged");
}
