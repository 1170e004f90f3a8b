import { layerCorrupt, layerUnsupported } from "./layer-error.ts";
import { readNumber, readPaxRecords, readString, readTarHeader } from "./tar-header.ts";
import type { TarHeader } from "./tar-header.ts";
import type { SparseMap } from "./tar-sparse.ts";
import { OldSparseMap, PaxSparseRecords, SparseContent, ZeroBudget } from "./tar-sparse.ts";

/** What an entry of a layer is. */
export type TarEntryType = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";

/** One entry of a tar archive. */
export interface TarEntry {
  /** Where it goes, relative to the root, without `.`, `..`, empty parts or a slash at either end; "" is the root itself. */
  readonly path: string;
  readonly type: TarEntryType;
  /** Permission bits, with setuid, setgid and sticky. */
  readonly mode: number;
  /** Bytes of content, with the holes of a sparse file; 0 for all but files. */
  readonly size: number;
  /** Symlinks: the target as written. Hard links: the target in the form of `path`. Else "". */
  readonly target: string;
}

/** Takes the content of one file, piece by piece; the pieces are only valid during the call. */
export interface ContentSink {
  /** Returns false when it wants no more of this file. */
  write(piece: Uint8Array): boolean;
  /** Takes `length` zeros, a hole of a sparse file; without it, or when it returns false, they are written. */
  skip?(length: number): boolean;
  /** Called once the whole content has passed, also when `write` wanted no more. */
  end(): void;
}

/** Bounds of one archive. */
export interface TarLimits {
  readonly maxEntries: number;
  /** Longest path or link target, bytes: Linux's PATH_MAX. */
  readonly maxPath: number;
  /** Largest extended header (PAX, GNU long name), bytes, as Go's archive/tar has it. */
  readonly maxExtendedHeader: number;
}

/** What one layer may have: the largest seen are some 400,000 entries (`node_modules`, texlive). */
export const tarLimits: TarLimits = { maxEntries: 2_000_000, maxPath: 4096, maxExtendedHeader: 1024 * 1024 };

const blockSize = 512;

const entryTypes: ReadonlyMap<string, TarEntryType> = new Map([
  ["\0", "file"],
  ["0", "file"],
  ["7", "file"],
  ["S", "file"],
  ["1", "hardlink"],
  ["2", "symlink"],
  ["3", "character"],
  ["4", "block"],
  ["5", "directory"],
  ["6", "fifo"],
]);

/** What the extended headers before an entry say about it. */
interface Overrides {
  path?: string;
  target?: string;
  size?: number;
  sparse?: PaxSparseRecords;
}

/**
 * Reads the tar archive of a layer as it arrives: ustar, GNU long names, PAX (`path`, `linkpath`, `size`), base-256 numbers, sparse
 * files of GNU tar and libarchive.
 * Written for speed: pieces are handed to the sink without copies, and what nobody wants is jumped over. Follows Go's
 * archive/tar, which the engines unpack with: two blocks of zeros end the archive, what comes after is ignored; links and
 * devices have no content.
 *
 * @throws ArchwayError (from `write` and `end`) `LAYER_CORRUPT` for what breaks the format, `LAYER_UNSUPPORTED` beyond the limits.
 */
export class TarWalk {
  readonly #onEntry: (entry: TarEntry) => ContentSink | undefined;
  readonly #limits: TarLimits;
  readonly #header = Buffer.alloc(blockSize);
  #headerLength = 0;
  #zeroBlocks = 0;
  #entries = 0;
  #overrides: Overrides = {};
  /** A sparse file whose map goes on in the next block. */
  #sparse: { readonly header: TarHeader; readonly map: OldSparseMap } | undefined;
  readonly #zeros = new ZeroBudget();
  /** Bytes of content, then of padding, that come before the next header. */
  #content = 0;
  #padding = 0;
  #sink: ContentSink | undefined;
  #wanted = false;

  /** `onEntry` is called for each entry before its content, and says who takes the content. */
  constructor(onEntry: (entry: TarEntry) => ContentSink | undefined, limits: TarLimits = tarLimits) {
    this.#onEntry = onEntry;
    this.#limits = limits;
  }

  /** True once the end marker was read: the rest is padding. */
  get ended(): boolean {
    return this.#zeroBlocks >= 2;
  }

  /** Takes the next bytes of the archive. */
  write(chunk: Uint8Array): void {
    let position = 0;
    while (position < chunk.length && !this.ended) {
      if (this.#content > 0) position += this.#takeContent(chunk, position);
      else if (this.#padding > 0) {
        const length = Math.min(this.#padding, chunk.length - position);
        this.#padding -= length;
        position += length;
      } else position += this.#takeHeader(chunk, position);
    }
  }

  /** Says that the archive has ended. An end without its marker between two entries is one, as engines see it. */
  end(): void {
    if (this.ended) return;
    if (this.#content > 0 || this.#padding > 0 || this.#headerLength > 0 || this.#sparse !== undefined) {
      throw layerCorrupt("its tar archive ends in the middle of an entry");
    }
  }

  #takeContent(chunk: Uint8Array, position: number): number {
    const length = Math.min(this.#content, chunk.length - position);
    if (this.#wanted && this.#sink !== undefined) {
      this.#wanted = this.#sink.write(chunk.subarray(position, position + length));
    }
    this.#content -= length;
    if (this.#content === 0) this.#endContent();
    return length;
  }

  #endContent(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end();
  }

  #takeHeader(chunk: Uint8Array, position: number): number {
    const length = Math.min(blockSize - this.#headerLength, chunk.length - position);
    if (length === blockSize) {
      this.#readBlock(Buffer.from(chunk.buffer, chunk.byteOffset + position, blockSize));
      return length;
    }
    this.#header.set(chunk.subarray(position, position + length), this.#headerLength);
    this.#headerLength += length;
    if (this.#headerLength === blockSize) {
      this.#headerLength = 0;
      this.#readBlock(this.#header);
    }
    return length;
  }

  #readBlock(block: Buffer): void {
    if (this.#sparse !== undefined) {
      this.#sparse.map.add(block);
      this.#startSparse(this.#sparse);
      return;
    }
    const header = readTarHeader(block);
    if (header === undefined) {
      this.#zeroBlocks++;
      return;
    }
    if (this.#zeroBlocks > 0) throw layerCorrupt("its tar archive goes on after a block of zeros");
    if (++this.#entries > this.#limits.maxEntries) {
      throw layerUnsupported(`it has more than ${this.#limits.maxEntries} entries`);
    }
    switch (header.typeFlag) {
      case "x":
        return this.#extended(header.size, (bytes) => this.#usePaxRecords(bytes));
      case "L":
        return this.#extended(header.size, (bytes) => void (this.#overrides.path = readString(bytes)));
      case "K":
        return this.#extended(header.size, (bytes) => void (this.#overrides.target = readString(bytes)));
      case "g":
        // Global PAX headers hold comments (`git archive`); engines ignore them too.
        return this.#startContent(header.size, undefined);
      case "S":
        return this.#startSparse({ header, map: new OldSparseMap(block) });
      default:
        return this.#startEntry(header, this.#overrides.sparse?.map());
    }
  }

  #startSparse(sparse: { readonly header: TarHeader; readonly map: OldSparseMap }): void {
    this.#sparse = sparse.map.incomplete ? sparse : undefined;
    if (!sparse.map.incomplete) this.#startEntry(sparse.header, sparse.map);
  }

  #startEntry(header: TarHeader, sparse: SparseMap | undefined): void {
    const { typeFlag } = header;
    const { target = header.linkName, size = header.size } = this.#overrides;
    const path = this.#overrides.sparse?.path ?? this.#overrides.path ?? header.name;
    this.#overrides = {};
    const known = entryTypes.get(typeFlag);
    if (known === undefined) throw layerUnsupported(`"${path}" has the unknown tar type "${typeFlag}"`);
    for (const name of [path, target]) {
      if (Buffer.byteLength(name) > this.#limits.maxPath) {
        throw layerUnsupported(`a name in it is longer than ${this.#limits.maxPath} bytes`);
      }
    }
    // Archives of before POSIX mark a directory by a slash at its end.
    const type = typeFlag === "\0" && path.endsWith("/") ? "directory" : known;
    const entry: TarEntry = {
      path: normalizeEntryPath(path),
      type,
      mode: header.mode & 0o7777,
      size: type === "file" ? (sparse?.size ?? size) : 0,
      target: type === "symlink" ? target : type === "hardlink" ? normalizeEntryPath(target) : "",
    };
    if (sparse !== undefined && type !== "file") throw layerCorrupt(`"${path}" is sparse and no file`);
    const wanted = this.#onEntry(entry);
    const sink = sparse === undefined ? wanted : new SparseContent(sparse, size, wanted, this.#zeros);
    this.#startContent(known === "file" ? size : 0, type === "file" ? sink : undefined);
  }

  #startContent(size: number, sink: ContentSink | undefined): void {
    this.#content = size;
    this.#padding = (blockSize - (size % blockSize)) % blockSize;
    this.#sink = sink;
    this.#wanted = true;
    if (size === 0) this.#endContent();
  }

  /** Collects the content of an extended header, then reads it. */
  #extended(size: number, read: (bytes: Buffer) => void): void {
    if (size > this.#limits.maxExtendedHeader) throw layerUnsupported(`it has an extended header of ${size} bytes`);
    const pieces: Uint8Array[] = [];
    this.#startContent(size, {
      write: (piece) => pieces.push(Buffer.from(piece)) > 0,
      end: () => read(Buffer.concat(pieces)),
    });
  }

  #usePaxRecords(bytes: Buffer): void {
    for (const [key, value] of readPaxRecords(bytes)) {
      if (key === "path") this.#overrides.path = readString(value);
      else if (key === "linkpath") this.#overrides.target = readString(value);
      else if (key === "size") this.#overrides.size = readNumber(value.toString("latin1"), "size");
      else if (key.startsWith("GNU.sparse.")) {
        (this.#overrides.sparse ??= new PaxSparseRecords()).add(key, value.toString("latin1"));
      }
    }
  }
}

/**
 * The place of an entry: relative to the root, `.` and empty parts dropped, `..` resolved by name and never above the root,
 * as engines do before they unpack (containerd, `archive/tar.go`: `filepath.Clean`, then a path inside the root).
 */
export function normalizeEntryPath(path: string): string {
  // Nearly every path is written in normal form, at most with "./" before it and a slash at its end.
  const bare = path.slice(path.startsWith("./") ? 2 : 0, path.endsWith("/") ? -1 : undefined);
  if (!/(?:^|\/)\.{0,2}(?:\/|$)/.test(bare)) return bare;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}
