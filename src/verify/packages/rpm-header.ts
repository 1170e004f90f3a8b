import type { PackageList } from "./package-list.ts";
import { UnreadableDatabase } from "./package-list.ts";

/** Tags of an RPM header (rpm.org, "RPM tags"). */
const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  architecture: 1022,
  directoryIndexes: 1116,
  baseNames: 1117,
  directoryNames: 1118,
} as const;

/** Types of data that these tags have. */
const int32 = 4;
const string = 6;
const stringArray = 8;
const i18nString = 9;

/** Bytes of one entry of the index. */
const entrySize = 16;

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/**
 * Adds the package of one header, as RPM's database keeps it: the number of index entries and the bytes of data (both big-endian), the
 * index, the data (rpm.org, "RPM V4 Package format", header structure). Throws {@link UnreadableDatabase} for what breaks the format.
 */
export function addRpmHeader(bytes: Uint8Array, list: PackageList): void {
  const header = new RpmHeader(bytes);
  const name = header.text(tags.name);
  // The keys that packages are signed with are kept as packages.
  if (name === "" || name === "gpg-pubkey") return;
  const epoch = header.numbers(tags.epoch)[0];
  const version = `${epoch === undefined ? "" : `${epoch}:`}${header.text(tags.version)}-${header.text(tags.release)}`;
  const folders = header.texts(tags.directoryNames);
  const indexes = header.numbers(tags.directoryIndexes);
  const files: string[] = [];
  header.texts(tags.baseNames).forEach((base, index) => {
    const path = list.path(folders[indexes[index] ?? -1] ?? "", base);
    if (path !== undefined) files.push(path);
  });
  list.add(name, version, header.text(tags.architecture), files);
}

class RpmHeader {
  readonly #entries = new Map<number, Entry>();
  readonly #data: Buffer;

  constructor(bytes: Uint8Array) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (buffer.length < 8) throw damaged();
    const count = buffer.readUInt32BE(0);
    const start = 8 + count * entrySize;
    const end = start + buffer.readUInt32BE(4);
    if (end > buffer.length) throw damaged();
    this.#data = buffer.subarray(start, end);
    const wanted = new Set<number>(Object.values(tags));
    for (let at = 8; at < start; at += entrySize) {
      const tag = buffer.readUInt32BE(at);
      if (!wanted.has(tag) || this.#entries.has(tag)) continue;
      const entry = {
        type: buffer.readUInt32BE(at + 4),
        offset: buffer.readUInt32BE(at + 8),
        count: buffer.readUInt32BE(at + 12),
      };
      this.#entries.set(tag, entry);
    }
  }

  /** "" when the tag is not there. */
  text(tag: number): string {
    return this.texts(tag, 1)[0] ?? "";
  }

  texts(tag: number, most = Number.POSITIVE_INFINITY): string[] {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return [];
    if (entry.type !== string && entry.type !== stringArray && entry.type !== i18nString) throw damaged();
    const texts: string[] = [];
    let at = entry.offset;
    for (let left = Math.min(entry.count, most); left > 0; left--) {
      const end = this.#data.indexOf(0, at);
      if (at >= this.#data.length || end === -1) throw damaged();
      texts.push(this.#data.toString("utf8", at, end));
      at = end + 1;
    }
    return texts;
  }

  numbers(tag: number): number[] {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return [];
    const { type, offset, count } = entry;
    if (type !== int32 || offset + count * 4 > this.#data.length) throw damaged();
    return Array.from({ length: count }, (_, index) => this.#data.readUInt32BE(offset + index * 4));
  }
}

function damaged(): UnreadableDatabase {
  return new UnreadableDatabase("has a damaged package header");
}
