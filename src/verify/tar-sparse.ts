import { layerCorrupt, layerUnsupported } from "./layer-error.ts";
import { readNumber, readNumericField } from "./tar-header.ts";
import type { ContentSink } from "./tar-walk.ts";

/** A run of bytes that the archive holds of a sparse file; what lies between such runs is zeros. */
export interface Fragment {
  /** Where it goes in the file. */
  readonly offset: number;
  readonly length: number;
}

/** How a file with holes lies in an archive. */
export interface SparseMap {
  /** Bytes of the file with its holes. */
  readonly size: number;
  /** In order; `"in-content"` when the content begins with the map (GNU's version 1.0). */
  readonly fragments: readonly Fragment[] | "in-content";
}

/** Most fragments of one file: Go's archive/tar draws the same line. */
const maxFragments = 1_000_000;

/** Zeros that all holes of one archive may bring to sinks that cannot skip them, bytes. */
const maxZeros = 1024 ** 3;

const blockSize = 512;
const fieldLength = 12;
const zeros = new Uint8Array(64 * 1024);

/** What is left of the zeros that one archive may bring. */
export class ZeroBudget {
  #left = maxZeros;

  /** Throws `LAYER_UNSUPPORTED` when holes have brought too many zeros. */
  take(length: number): void {
    this.#left -= length;
    if (this.#left < 0) throw layerUnsupported(`the holes of its sparse files hold more than ${maxZeros} bytes`);
  }
}

/**
 * Reads the sparse map of an old GNU header (type `S`; GNU tar manual, "Old GNU Format"), which goes on in blocks of its own:
 * `add` takes them while `incomplete`.
 */
export class OldSparseMap {
  readonly size: number;
  readonly fragments: Fragment[] = [];
  incomplete: boolean;

  /** Throws `LAYER_CORRUPT` for a header of another program: star uses the same type for something else. */
  constructor(header: Buffer) {
    if (header.toString("latin1", 257, 265) !== "ustar  \0") throw layerCorrupt("a sparse file has no GNU header");
    this.size = readNumericField(header.subarray(483, 495), "size");
    this.#read(header, 386, 4);
    this.incomplete = header[482] !== 0;
  }

  /** Takes the next block. */
  add(block: Buffer): void {
    this.#read(block, 0, 21);
    this.incomplete = block[504] !== 0;
  }

  #read(block: Buffer, start: number, count: number): void {
    for (let at = start; at < start + count * 2 * fieldLength; at += 2 * fieldLength) {
      if (block[at] === 0) return;
      const offset = readNumericField(block.subarray(at, at + fieldLength), "offset");
      const length = readNumericField(block.subarray(at + fieldLength, at + 2 * fieldLength), "length");
      this.fragments.push({ offset, length });
      checkCount(this.fragments.length);
    }
  }
}

/** Collects the records of a PAX header that tell of a sparse file: GNU's versions 0.0, 0.1 and 1.0. */
export class PaxSparseRecords {
  readonly #records = new Map<string, string>();
  /** Offsets and lengths in turn; version 0.0 repeats its keys. */
  #numbers: number[] = [];

  /** Takes a record whose key begins with `GNU.sparse.`. */
  add(key: string, value: string): void {
    const name = key.slice("GNU.sparse.".length);
    if (name === "offset" || name === "numbytes") {
      if ((this.#numbers.length % 2 === 0) !== (name === "offset")) throw layerCorrupt("a sparse map is out of order");
      this.#numbers.push(readNumber(value, name));
      checkCount(this.#numbers.length / 2);
    } else if (name === "map") {
      this.#numbers =
        value === "" ? [] : value.split(",", 2 * maxFragments + 2).map((text) => readNumber(text, "sparse map"));
      checkCount(this.#numbers.length / 2);
    } else this.#records.set(name, value);
  }

  /** The real path, which version 0.1 and 1.0 have here. */
  get path(): string | undefined {
    return this.#records.get("name");
  }

  /** The map; `undefined` for a version that nobody knows, which engines take for a file without holes. */
  map(): SparseMap | undefined {
    const text = this.#records.get("size") ?? this.#records.get("realsize");
    const version = `${this.#records.get("major") ?? "0"}.${this.#records.get("minor") ?? ""}`;
    if (version === "1.0") return { size: readNumber(text ?? "", "real size"), fragments: "in-content" };
    if (!/^0\.[01]?$/.test(version) || (this.#numbers.length === 0 && text === undefined)) return undefined;
    const count = this.#records.get("numblocks");
    if (count !== undefined && readNumber(count, "numblocks") * 2 !== this.#numbers.length) {
      throw layerCorrupt("a sparse map has not as many parts as it says");
    }
    return { size: readNumber(text ?? "", "size"), fragments: pairs(this.#numbers) };
  }
}

/**
 * Stands before the sink of a sparse file: takes what the archive holds and gives the file with its holes. A sink that skips
 * holes is told of them; others get zeros, as many as the archive may bring.
 */
export class SparseContent implements ContentSink {
  readonly #sink: ContentSink | undefined;
  readonly #size: number;
  readonly #budget: ZeroBudget;
  readonly #stored: number;
  #map: MapReader | undefined;
  #fragments: readonly Fragment[] = [];
  #next = 0;
  /** Bytes of the next fragment that have been given. */
  #given = 0;
  #position = 0;
  #wanted = true;

  /** `stored` is how many bytes the archive holds. */
  constructor({ size, fragments }: SparseMap, stored: number, sink: ContentSink | undefined, budget: ZeroBudget) {
    this.#size = size;
    this.#sink = sink;
    this.#budget = budget;
    this.#stored = stored;
    if (fragments === "in-content") this.#map = new MapReader();
    else this.#use(fragments, stored);
  }

  write(piece: Uint8Array): boolean {
    let rest = piece;
    if (this.#map !== undefined) {
      const taken = this.#map.write(piece);
      if (this.#map.fragments === undefined) return true;
      this.#use(this.#map.fragments, this.#stored - this.#map.length);
      this.#map = undefined;
      rest = piece.subarray(taken);
    }
    while (rest.length > 0 && this.#wanted) {
      const fragment = this.#fragments[this.#next];
      if (fragment === undefined) break;
      this.#hole(fragment.offset);
      const part = rest.subarray(0, fragment.length - this.#given);
      if (part.length > 0 && this.#wanted) this.#wanted = this.#sink?.write(part) ?? false;
      this.#given += part.length;
      this.#position += part.length;
      rest = rest.subarray(part.length);
      if (this.#given === fragment.length) {
        this.#next++;
        this.#given = 0;
      }
    }
    return this.#wanted;
  }

  end(): void {
    if (this.#map !== undefined) throw layerCorrupt("a sparse file ends within its map");
    this.#hole(this.#size);
    this.#sink?.end();
  }

  /** Checks a map as Go's archive/tar does: in order, without overlaps, within the file, and all of what the archive holds. */
  #use(fragments: readonly Fragment[], stored: number): void {
    let end = 0;
    let total = 0;
    for (const { offset, length } of fragments) {
      if (offset < end || offset + length > this.#size) throw layerCorrupt("the parts of a sparse file overlap");
      end = offset + length;
      total += length;
    }
    if (total !== stored) throw layerCorrupt("a sparse file has more or less content than its map says");
    this.#fragments = fragments;
  }

  #hole(end: number): void {
    const length = end - this.#position;
    if (length <= 0) return;
    this.#position = end;
    if (!this.#wanted || this.#sink === undefined || this.#sink.skip?.(length) === true) return;
    for (let left = length; left > 0 && this.#wanted; left -= zeros.length) {
      const part = zeros.subarray(0, Math.min(left, zeros.length));
      this.#budget.take(part.length);
      this.#wanted = this.#sink.write(part);
    }
  }
}

/** Reads the map at the beginning of the content (version 1.0): decimal numbers, one a line, padded to whole blocks. */
class MapReader {
  readonly #numbers: number[] = [];
  #digits = "";
  /** Bytes of the map so far, at the end with its padding. */
  length = 0;
  #complete = false;
  fragments: readonly Fragment[] | undefined;

  /** Takes content and gives how much of it belongs to the map. */
  write(piece: Uint8Array): number {
    let at = 0;
    for (; at < piece.length && !this.#complete; at++) this.#take(piece[at] ?? 0);
    const inMap = at;
    this.length += inMap;
    if (!this.#complete) return inMap;
    const padding = Math.min((blockSize - (this.length % blockSize)) % blockSize, piece.length - inMap);
    this.length += padding;
    if (this.length % blockSize === 0) this.fragments = pairs(this.#numbers.slice(1));
    return inMap + padding;
  }

  #take(byte: number): void {
    if (byte !== 0x0a) {
      this.#digits += String.fromCharCode(byte);
      if (this.#digits.length > 20) throw layerCorrupt("a sparse map has an impossible number");
      return;
    }
    this.#numbers.push(readNumber(this.#digits, "sparse map"));
    this.#digits = "";
    const [count = 0] = this.#numbers;
    checkCount(count);
    this.#complete = this.#numbers.length === 1 + 2 * count;
  }
}

function pairs(numbers: readonly number[]): Fragment[] {
  if (numbers.length % 2 !== 0) throw layerCorrupt("a sparse map has an offset without a length");
  const fragments: Fragment[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    fragments.push({ offset: numbers[at] ?? 0, length: numbers[at + 1] ?? 0 });
  }
  return fragments;
}

function checkCount(fragments: number): void {
  if (fragments > maxFragments) throw layerUnsupported(`a sparse file has more than ${maxFragments} parts`);
}
