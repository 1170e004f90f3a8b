import { isUtf8 } from "node:buffer";
import type { ArchwayError } from "../error/error.ts";
import { layerCorrupt } from "./layer-error.ts";

/** One header block of a tar archive, before extended headers are taken into account. */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  /** Bytes that follow; 0 for links, devices and directories, whatever the field says. */
  readonly size: number;
  /** One character, `"0"` for a file and so on. */
  readonly typeFlag: string;
}

/** Types without content, as Go's archive/tar has it: hard link, symlink, devices, directory, fifo. */
const headerOnly = "123456";

/**
 * Reads a block of 512 bytes (POSIX.1-1988 ustar, GNU, star and v7); `undefined` for a block of zeros.
 *
 * @throws ArchwayError `LAYER_CORRUPT` when the checksum or a number is wrong.
 */
export function readTarHeader(block: Buffer): TarHeader | undefined {
  if (block[0] === 0 && block.every((byte) => byte === 0)) return undefined;
  checkSum(block);
  const typeFlag = String.fromCharCode(block[156] ?? 0);
  const isUstar = block.toString("latin1", 257, 263) === "ustar\0";
  // star keeps times at the end of the prefix field.
  const prefixEnd = block.toString("latin1", 508, 512) === "tar\0" ? 476 : 500;
  const prefix = isUstar ? readString(block.subarray(345, prefixEnd)) : "";
  const name = readString(block.subarray(0, 100));
  const size = readNumericField(block.subarray(124, 136), "size");
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkName: readString(block.subarray(157, 257)),
    mode: readNumericField(block.subarray(100, 108), "mode"),
    size: headerOnly.includes(typeFlag) ? 0 : size,
    typeFlag,
  };
}

/** Text up to the first NUL. Names that are not UTF-8 are read as Latin-1, so that different names stay different. */
export function readString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const text = end === -1 ? bytes : bytes.subarray(0, end);
  return text.toString(isUtf8(text) ? "utf8" : "latin1");
}

/** Reads a number of decimal digits. */
export function readNumber(text: string, what: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw badNumber(text, what);
  return value;
}

function badNumber(text: string, what: string): ArchwayError {
  return layerCorrupt(`a tar header has the ${what} "${text.slice(0, 40)}"`);
}

/** Reads PAX records, `LENGTH KEY=VALUE\n` (POSIX.1-2001, pax). */
export function* readPaxRecords(bytes: Buffer): Generator<readonly [key: string, value: Buffer], void, void> {
  for (let start = 0; start < bytes.length;) {
    const space = bytes.indexOf(0x20, start);
    const digits = space === -1 ? "" : bytes.toString("latin1", start, Math.min(space, start + 20));
    const length = readNumber(digits, "PAX record length");
    const end = start + length;
    const equals = bytes.indexOf(0x3d, space);
    if (equals === -1 || equals >= end || end > bytes.length || bytes[end - 1] !== 0x0a) {
      throw layerCorrupt("a PAX header has a damaged record");
    }
    yield [bytes.toString("utf8", space + 1, equals), bytes.subarray(equals + 1, end - 1)];
    start = end;
  }
}

/** Octal digits with spaces or NULs around them, or GNU's base-256: first bit set, the rest a big-endian number. */
export function readNumericField(field: Buffer, what: string): number {
  const first = field[0] ?? 0;
  if (first < 0x80) return readOctal(field, what);
  let value = first & 0x7f;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  // A set second bit is a negative number, which neither sizes nor modes are.
  if ((first & 0x40) !== 0 || !Number.isSafeInteger(value))
    throw layerCorrupt(`a tar header has an impossible ${what}`);
  return value;
}

/** Byte by byte: three fields of every entry pass here. A field of 12 digits is a safe integer. */
function readOctal(field: Buffer, what: string): number {
  let at = 0;
  while (at < field.length && isBlank(field[at])) at++;
  let value = 0;
  for (; at < field.length && !isBlank(field[at]); at++) {
    const digit = (field[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) throw badNumber(field.toString("latin1"), what);
    value = value * 8 + digit;
  }
  return value;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0 || byte === 0x20;
}

/** The sum of all bytes, the checksum's own field counted as spaces; old archives summed signed bytes. */
function checkSum(block: Buffer): void {
  const written = readNumericField(block.subarray(148, 156), "checksum");
  let sum = 8 * 0x20;
  for (let index = 0; index < 148; index++) sum += block[index] ?? 0;
  for (let index = 156; index < block.length; index++) sum += block[index] ?? 0;
  if (written === sum) return;
  let negative = 0;
  for (let index = 0; index < block.length; index++) {
    if ((index < 148 || index >= 156) && (block[index] ?? 0) > 127) negative++;
  }
  if (written !== sum - 256 * negative) {
    throw layerCorrupt("it is not a tar archive (a header's checksum is wrong)");
  }
}
