import type { FileHandle } from "node:fs/promises";
import { ArchwayError } from "../error/error.ts";

/** Where a file of a tar lies. */
export interface TarEntry {
  /** Byte offset of its content in the tar. */
  readonly offset: number;
  readonly size: number;
}

/** The files of a tar by path, links followed. */
export type TarIndex = ReadonlyMap<string, TarEntry>;

/** Most entries of an archive: an image of 2,000 layers and as many manifests stays far below. */
const maxEntries = 100_000;

/** Most bytes of a header that extends another one (long names, pax records). */
const maxExtension = 1024 * 1024;

const blockSize = 512;

/**
 * Lists the regular files of an uncompressed tar (POSIX ustar and pax, GNU long names) by reading its headers only, so that gigabytes of
 * layers are skipped and each can be read by offset afterwards.
 *
 * @throws ArchwayError `INVALID_ARCHIVE` (kind `failed`).
 */
export async function indexTar(file: FileHandle, name: string): Promise<TarIndex> {
  const files = new Map<string, TarEntry>();
  const links = new Map<string, string>();
  const { size: end } = await file.stat();
  let extension: Extension = {};
  for (let position = 0, entries = 0; position + blockSize <= end; entries++) {
    if (entries > maxEntries) throw invalid(name, `it has more than ${maxEntries} entries`);
    const header = await readBytes(file, position, blockSize, name);
    // Two blocks of zeros end a tar; one is enough to see that no header follows.
    if (header.every((byte) => byte === 0)) break;
    if (position === 0) refuseCompressed(header, name);
    const entry = parseHeader(header, name);
    const content = position + blockSize;
    const size = extension.size ?? entry.size;
    if (content + size > end) throw invalid(name, "it ends in the middle of a file");
    position = content + Math.ceil(size / blockSize) * blockSize;
    if (isExtension(entry.type)) {
      if (size > maxExtension) throw invalid(name, `a header of ${size} bytes is too long`);
      extension = { ...extension, ...parseExtension(entry.type, await readBytes(file, content, size, name)) };
      continue;
    }
    const path = normalizePath(extension.path ?? entry.path);
    const link = extension.linkPath ?? entry.linkPath;
    extension = {};
    if (entry.type === "0" || entry.type === "7") files.set(path, { offset: content, size });
    else if (entry.type === "1") links.set(path, normalizePath(link));
    else if (entry.type === "2") links.set(path, normalizePath(`${folderOf(path)}${link}`));
  }
  followLinks(files, links);
  return files;
}

interface Header {
  readonly path: string;
  readonly linkPath: string;
  readonly size: number;
  readonly type: string;
}

interface Extension {
  readonly path?: string;
  readonly linkPath?: string;
  readonly size?: number;
}

function parseHeader(header: Buffer, name: string): Header {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (parseOctal(header.subarray(148, 156)) !== sum) throw invalid(name, "a header has a wrong checksum");
  const prefix = header.toString("latin1", 257, 262) === "ustar" && header[263] === 0x30 ? text(header, 345, 500) : "";
  const path = text(header, 0, 100);
  const type = text(header, 156, 157);
  return {
    path: prefix === "" ? path : `${prefix}/${path}`,
    linkPath: text(header, 157, 257),
    size: parseSize(header.subarray(124, 136), name),
    type: type === "" ? "0" : type,
  };
}

/** Octal digits, or for sizes from 8 GiB on a big-endian number behind a first byte of 0x80 (GNU). */
function parseSize(field: Buffer, name: string): number {
  const size = (field[0] ?? 0) & 0x80 ? Number(field.readBigUInt64BE(4)) : parseOctal(field);
  if (!Number.isSafeInteger(size) || size < 0) throw invalid(name, "a file has an impossible size");
  return size;
}

function parseOctal(field: Buffer): number {
  const digits = text(field, 0, field.length).trim();
  return digits === "" ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function text(buffer: Buffer, start: number, end: number): string {
  const zero = buffer.indexOf(0, start);
  return buffer.toString("utf8", start, zero < 0 ? end : Math.min(zero, end));
}

/** `x` and `g` are pax records (for the next file, for all), `L` and `K` GNU's long name and long link target. */
function isExtension(type: string): boolean {
  return ["x", "g", "L", "K"].includes(type);
}

function parseExtension(type: string, content: Buffer): Extension {
  if (type === "L") return { path: text(content, 0, content.length) };
  if (type === "K") return { linkPath: text(content, 0, content.length) };
  if (type === "g") return {};
  const records = new Map<string, string>();
  for (let position = 0; position < content.length;) {
    const space = content.indexOf(0x20, position);
    const length = Number(content.toString("latin1", position, space));
    if (space < 0 || !Number.isSafeInteger(length) || length <= 0) break;
    const [key = "", ...value] = content.toString("utf8", space + 1, position + length - 1).split("=");
    records.set(key, value.join("="));
    position += length;
  }
  const [path, linkPath, size] = [records.get("path"), records.get("linkpath"), records.get("size")];
  return {
    ...(path === undefined ? {} : { path }),
    ...(linkPath === undefined ? {} : { linkPath }),
    ...(size !== undefined && /^\d{1,15}$/.test(size) ? { size: Number(size) } : {}),
  };
}

function followLinks(files: Map<string, TarEntry>, links: ReadonlyMap<string, string>): void {
  // A link may lead to a link; more steps than links would be a circle.
  for (const [path, first] of links) {
    let target: string | undefined = first;
    for (let steps = 0; target !== undefined && steps <= 8; steps++) {
      const entry = files.get(target);
      if (entry !== undefined) {
        files.set(path, entry);
        break;
      }
      target = links.get(target);
    }
  }
}

/** `./a//b/../c` → `a/c`. Nothing is ever written to these paths: they are only looked up. */
function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function refuseCompressed(header: Buffer, name: string): void {
  const magic = header.toString("hex", 0, 4);
  const compression = magic.startsWith("1f8b") ? "gzip" : magic === "28b52ffd" ? "zstd" : undefined;
  if (compression === undefined) return;
  throw new ArchwayError({
    code: "INVALID_ARCHIVE",
    kind: "input",
    message: `${name} is compressed with ${compression}`,
    hint: `Uncompress it first (${compression} -d); the layers in it are compressed already.`,
  });
}

async function readBytes(file: FileHandle, position: number, length: number, name: string): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead < length) throw invalid(name, "it ends in the middle of a header");
  return buffer;
}

function invalid(name: string, why: string): ArchwayError {
  return new ArchwayError({
    code: "INVALID_ARCHIVE",
    kind: "failed",
    message: `${name} is not a whole tar: ${why}`,
    hint: "Make the archive again; it may have been cut while it was written or copied.",
  });
}
