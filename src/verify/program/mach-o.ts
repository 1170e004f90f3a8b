import type { CapturedBytes } from "../layer/captured-bytes.ts";
import type { ForeignProgram } from "../layer/facts.ts";

/*
 * Programs and libraries of macOS (`<mach-o/loader.h>`, `<mach-o/fat.h>`): one architecture, or a universal file with several.
 */

/** `cputype` → OCI architecture; 64-bit ones have the bit 0x01000000. */
const cpuTypes: ReadonlyMap<number, string> = new Map([
  [7, "386"],
  [12, "arm"],
  [18, "ppc"],
  [0x01000007, "amd64"],
  [0x0100000c, "arm64"],
  [0x01000012, "ppc64"],
  [0x0200000c, "arm64"],
]);

/** Magic of one architecture, as the first four bytes read in big-endian order: 32 and 64 bit, in both byte orders. */
const thin: ReadonlyMap<number, "little" | "big"> = new Map([
  [0xcefaedfe, "little"],
  [0xcffaedfe, "little"],
  [0xfeedface, "big"],
  [0xfeedfacf, "big"],
]);

/** Magic of universal files, always in big-endian order → bytes of one entry of their table. */
const universal: ReadonlyMap<number, number> = new Map([
  [0xcafebabe, 20],
  [0xcafebabf, 32],
]);

/**
 * Java's class files begin with 0xcafebabe too; then comes their version, which is 45 or more, where a universal file has the
 * number of its architectures.
 */
const maxArchitectures = 30;

/** Whether bytes begin as a Mach-O file does; the class files of Java do too, and {@link readMachO} tells them apart. */
export function isMachO(head: Uint8Array): boolean {
  const magic = magicOf(head);
  return thin.has(magic) || universal.has(magic);
}

/**
 * Reads a Mach-O file from its first bytes; `undefined` when it is none, a class file of Java, or of processors that are not
 * known. Never throws.
 */
export function readMachO(file: CapturedBytes): ForeignProgram | undefined {
  const head = file.slice(0, 8);
  if (head === undefined) return undefined;
  const magic = magicOf(head);
  const order = thin.get(magic);
  if (order !== undefined) {
    return program([order === "little" ? head.readUInt32LE(4) : head.readUInt32BE(4)]);
  }
  const entrySize = universal.get(magic);
  const count = head.readUInt32BE(4);
  if (entrySize === undefined || count === 0 || count > maxArchitectures) return undefined;
  const types: number[] = [];
  for (let index = 0; index < count; index++) {
    const entry = file.slice(8 + index * entrySize, 4);
    if (entry !== undefined) types.push(entry.readUInt32BE());
  }
  return program(types);
}

function program(types: readonly number[]): ForeignProgram | undefined {
  const known = types.map((type) => cpuTypes.get(type)).filter((name) => name !== undefined);
  return known.length === 0 ? undefined : { format: "mach-o", architectures: [...new Set(known)] };
}

function magicOf(head: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = head;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
