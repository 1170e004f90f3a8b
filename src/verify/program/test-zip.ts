import { crc32, deflateRawSync } from "node:zlib";

/** One member of an archive made for a test. */
export interface MadeMember {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** 8 (deflated) by default; of others than 0 and 8 only the number is written. */
  readonly method?: number;
  readonly encrypted?: boolean;
}

/** How an archive is written. */
export interface ZipOptions {
  /** Sizes behind the content, as `jar` and writers to pipes do. */
  readonly streamed?: boolean;
  /** Whether these have a signature. */
  readonly signature?: boolean;
  /** Sizes of 64 bits. */
  readonly zip64?: boolean;
  /** What comes before the archive. */
  readonly prefix?: string;
}

const full = 0xffffffff;

/** Makes a zip archive. */
export function makeZip(members: readonly MadeMember[], options: ZipOptions = {}): Buffer {
  const { streamed = false, signature = true, zip64 = false, prefix = "" } = options;
  const pieces: Buffer[] = [Buffer.from(prefix)];
  const central: Buffer[] = [];
  let offset = Buffer.byteLength(prefix);
  for (const { name, content, method = 8, encrypted = false } of members) {
    const plain = Buffer.from(content);
    const packed = method === 8 ? deflateRawSync(plain) : plain;
    const crc = crc32(plain);
    const flags = (encrypted ? 1 : 0) | (streamed ? 8 : 0) | 0x800;
    const sizes = streamed ? [0, 0, 0] : [crc, packed.length, plain.length];
    const extra = zip64 ? numbers([2, 1], [2, 16], [8, sizes[2] ?? 0], [8, sizes[1] ?? 0]) : Buffer.alloc(0);
    const fields = (crcOf: number, packedSize: number, size: number) =>
      numbers(
        [2, zip64 ? 45 : 20],
        [2, flags],
        [2, method],
        [4, 0],
        [4, crcOf],
        [4, zip64 ? full : packedSize],
        [4, zip64 ? full : size],
        [2, Buffer.byteLength(name)],
        [2, extra.length],
      );
    const [first = 0, second = 0, third = 0] = sizes;
    const width = zip64 ? 8 : 4;
    const descriptor = streamed
      ? Buffer.concat([
          Buffer.from(signature ? "PK\x07\x08" : ""),
          numbers([4, crc], [width, packed.length], [width, plain.length]),
        ])
      : Buffer.alloc(0);
    const local = Buffer.concat([
      Buffer.from("PK\x03\x04"),
      fields(first, second, third),
      Buffer.from(name),
      extra,
      packed,
      descriptor,
    ]);
    central.push(
      Buffer.concat([
        Buffer.from("PK\x01\x02"),
        numbers([2, 45]),
        fields(crc, packed.length, plain.length),
        numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]),
        Buffer.from(name),
        extra,
      ]),
    );
    offset += local.length;
    pieces.push(local);
  }
  const directory = Buffer.concat(central);
  const end = numbers(
    [2, 0],
    [2, 0],
    [2, members.length % 65_536],
    [2, members.length % 65_536],
    [4, directory.length],
    [4, offset],
    [2, 0],
  );
  return Buffer.concat([...pieces, directory, Buffer.from("PK\x05\x06"), end]);
}

/** Numbers in little-endian order, each with its width in bytes. */
function numbers(...fields: (readonly [width: number, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([width, value]) => {
      const bytes = Buffer.alloc(width);
      if (width === 8) bytes.writeBigUInt64LE(BigInt(value));
      else bytes.writeUIntLE(value, 0, width);
      return bytes;
    }),
  );
}
