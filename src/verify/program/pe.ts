import type { ByteRange, CapturedBytes } from "../layer/captured-bytes.ts";
import type { ForeignProgram } from "../layer/facts.ts";

/*
 * Programs and libraries of Windows (Microsoft PE format, "PE Format" of the Windows documentation; the CLI header of ECMA-335,
 * II.25.3.3). Only what tells the processor is read.
 */

/** `Machine` of the file header → OCI architecture. */
const machines: ReadonlyMap<number, string> = new Map([
  [0x14c, "386"],
  [0x1c0, "arm"],
  [0x1c2, "arm"],
  [0x1c4, "arm"],
  [0x5064, "riscv64"],
  [0x6264, "loong64"],
  [0x8664, "amd64"],
  [0xa641, "arm64"],
  [0xa64e, "arm64"],
  [0xaa64, "arm64"],
]);

/** Positions in the table of data directories. */
const directories = { loadConfig: 10, cli: 14 } as const;

/** `COMIMAGE_FLAGS_ILONLY`: the code is for the .NET runtime, which compiles it for its own processor. */
const ilOnly = 1;

/** `CHPEMetadataPointer` of the load configuration of 64-bit files: set in ARM64EC code, whose machine says amd64. */
const hybridMetadata = 200;

/** Most sections that are looked at; the format allows 96. */
const maxSections = 96;

/** Bytes of a header behind a directory that are looked at. */
const directoryBytes = 256;

interface PeHeader {
  readonly machine: number;
  readonly wide: boolean;
  readonly directories: { readonly address: number; readonly size: number }[];
  readonly sections: { readonly address: number; readonly size: number; readonly offset: number }[];
}

/** Whether bytes begin as a PE file (and any program of DOS) does. */
export function isPe(head: Uint8Array): boolean {
  return head[0] === 0x4d && head[1] === 0x5a;
}

/** What is wanted of a PE file besides its first bytes, once those are captured. */
export function peRanges(file: CapturedBytes): ByteRange[] {
  const header = readHeader(file);
  if (header === undefined) return [];
  return [directories.loadConfig, directories.cli].flatMap((index) => {
    const start = placeOf(header, index);
    return start === undefined ? [] : { start, end: start + directoryBytes };
  });
}

/**
 * Reads a PE file from the bytes of it that were captured; `undefined` when it is none, for a program of DOS, and for a machine
 * that is not known. Code for the .NET runtime has no architectures, also when it carries code that was compiled ahead: the
 * runtime compiles what does not fit. Never throws.
 */
export function readPe(file: CapturedBytes): ForeignProgram | undefined {
  const header = readHeader(file);
  if (header === undefined) return undefined;
  if (header.directories[directories.cli]?.address) {
    const start = placeOf(header, directories.cli);
    const flags = start === undefined ? undefined : file.slice(start + 16, 4)?.readUInt32LE();
    if (flags === undefined || (flags & ilOnly) !== 0) return { format: "pe", architectures: [] };
  }
  const architecture = isHybrid(file, header) ? "arm64" : machines.get(header.machine);
  return architecture === undefined ? undefined : { format: "pe", architectures: [architecture] };
}

function readHeader(file: CapturedBytes): PeHeader | undefined {
  const start = file.slice(0, 64);
  if (start === undefined || !isPe(start)) return undefined;
  const at = start.readUInt32LE(60);
  const bytes = file.slice(at, 24 + 96);
  if (bytes === undefined || bytes.toString("latin1", 0, 4) !== "PE\0\0") return undefined;
  const optional = at + 24;
  const optionalSize = bytes.readUInt16LE(20);
  const wide = bytes.readUInt16LE(24) === 0x20b;
  const table = wide ? 112 : 96;
  const count = file.slice(optional + table - 4, 4)?.readUInt32LE() ?? 0;
  return {
    machine: bytes.readUInt16LE(4),
    wide,
    directories: readEntries(file, optional + table, 8, Math.min(count, 16), (entry) => ({
      address: entry.readUInt32LE(0),
      size: entry.readUInt32LE(4),
    })),
    sections: readEntries(file, optional + optionalSize, 40, Math.min(bytes.readUInt16LE(6), maxSections), (entry) => ({
      size: entry.readUInt32LE(16),
      address: entry.readUInt32LE(12),
      offset: entry.readUInt32LE(20),
    })),
  };
}

function readEntries<T>(
  file: CapturedBytes,
  offset: number,
  size: number,
  count: number,
  read: (entry: Buffer) => T,
): T[] {
  const entries: T[] = [];
  for (let index = 0; index < count; index++) {
    const entry = file.slice(offset + index * size, size);
    if (entry === undefined) break;
    entries.push(read(entry));
  }
  return entries;
}

/** Where in the file a data directory is. */
function placeOf(header: PeHeader, index: number): number | undefined {
  const { address = 0 } = header.directories[index] ?? {};
  if (address === 0) return undefined;
  const section = header.sections.find(({ address: from, size }) => address >= from && address < from + size);
  return section && section.offset + address - section.address;
}

function isHybrid(file: CapturedBytes, header: PeHeader): boolean {
  if (!header.wide || header.machine !== 0x8664) return false;
  const start = placeOf(header, directories.loadConfig);
  const size = start === undefined ? undefined : file.slice(start, 4)?.readUInt32LE();
  if (start === undefined || size === undefined || size < hybridMetadata + 8) return false;
  const pointer = file.slice(start + hybridMetadata, 8);
  return pointer?.some((byte) => byte !== 0) ?? false;
}
