/** Small programs of Windows and macOS for tests: headers alone. */

/** What a PE file says. */
export interface PeParts {
  readonly machine: number;
  /** Flags of a CLI header, for a file that has one: 1 is code for the .NET runtime alone. */
  readonly cli?: number;
  /** Has the metadata of ARM64EC. */
  readonly hybrid?: boolean;
  /** Bytes before the section with these. */
  readonly padding?: number;
}

/** Makes a PE file of 64 bits. */
export function makePe({ machine, cli, hybrid = false, padding = 0 }: PeParts): Buffer {
  const start = 0x80;
  const section = 0x400 + padding;
  const address = 0x2000;
  const bytes = Buffer.alloc(section + 0x400);
  bytes.write("MZ", 0, "latin1");
  bytes.writeUInt32LE(start, 60);
  bytes.write("PE\0\0", start, "latin1");
  bytes.writeUInt16LE(machine, start + 4);
  bytes.writeUInt16LE(1, start + 6);
  bytes.writeUInt16LE(112 + 16 * 8, start + 20);
  const optional = start + 24;
  bytes.writeUInt16LE(0x20b, optional);
  bytes.writeUInt32LE(16, optional + 108);
  const directory = (index: number, at: number, size: number) => {
    bytes.writeUInt32LE(address + at, optional + 112 + index * 8);
    bytes.writeUInt32LE(size, optional + 116 + index * 8);
  };
  if (cli !== undefined) {
    directory(14, 0, 72);
    bytes.writeUInt32LE(72, section);
    bytes.writeUInt32LE(cli, section + 16);
  }
  if (hybrid) {
    directory(10, 0x200, 320);
    bytes.writeUInt32LE(320, section + 0x200);
    bytes.writeUInt32LE(0x40001000, section + 0x200 + 200);
  }
  const table = optional + 112 + 16 * 8;
  bytes.write(".text", table, "latin1");
  for (const [at, value] of [
    [8, 0x400],
    [12, address],
    [16, 0x400],
    [20, section],
  ] as const) {
    bytes.writeUInt32LE(value, table + at);
  }
  return bytes;
}

/** Makes a Mach-O file of one processor (`cputype`). */
export function makeMachO(cpuType: number, endian: "little" | "big" = "little"): Buffer {
  const bytes = Buffer.alloc(256);
  const magic = (cpuType & 0x01000000) === 0 ? 0xfeedface : 0xfeedfacf;
  for (const [at, value] of [
    [0, magic],
    [4, cpuType],
    [12, 2],
  ] as const) {
    if (endian === "little") bytes.writeUInt32LE(value, at);
    else bytes.writeUInt32BE(value, at);
  }
  return bytes;
}

/** Makes a universal Mach-O file, with offsets of 64 bits when `wide`. */
export function makeUniversal(cpuTypes: readonly number[], wide = false): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.writeUInt32BE(wide ? 0xcafebabf : 0xcafebabe);
  bytes.writeUInt32BE(cpuTypes.length, 4);
  cpuTypes.forEach((type, index) => bytes.writeUInt32BE(type, 8 + index * (wide ? 32 : 20)));
  return bytes;
}
