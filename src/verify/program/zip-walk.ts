/*
 * A zip archive as it streams by (PKWARE APPNOTE 6.3). The central directory, which says where everything is, comes last; but
 * every member has a header of its own before its content, and that is enough for one forward pass: where the header does not
 * know the size yet (bit 3 of its flags, as `jar` writes), the descriptor behind the content repeats it, and is recognised by
 * that: it must give the number of bytes that have passed.
 */

/** One member of an archive, as the header before its content has it. */
export interface ZipMember {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly encrypted: boolean;
  /** Uncompressed bytes; absent when only the descriptor behind the content tells. */
  readonly size?: number;
}

/** Takes the compressed content of one member. */
export interface ZipContent {
  /** Returns false when it wants no more. Bytes of a descriptor may follow the content, which inflating ignores. */
  write(piece: Uint8Array): boolean;
  /** `size` are the uncompressed bytes. Not called when the archive is cut in the member. */
  end(size: number): void;
}

/** Why the walk ended before the archive did. */
export type ZipFault = "damaged" | "too many members";

/** Most members of one archive: the largest seen have some 60,000. */
const maxMembers = 200_000;

/** Longest name that is looked at, bytes. */
const maxName = 4096;

/** Where an archive may begin in a file: launch scripts of executable jars have about 10 KB. */
const maxPrefix = 256 * 1024;

/** Bytes of a descriptor with sizes of 64 bit, and the signature of the header behind it. */
const descriptorRoom = 28;

/** Bytes before a header in which a descriptor without a signature may be. */
const plainDescriptor = 20;

/** Signatures behind `PK`, as one number. */
const signatures = { member: 0x0304, directory: 0x0102, end: 0x0506, end64: 0x0606, extra: 0x0608, descriptor: 0x0708 };

const mark = Buffer.from("PK", "latin1");
const memberMark = Buffer.from("PK\x03\x04", "latin1");

type State = "prefix" | "header" | "content" | "search" | "descriptor" | "ended";

/**
 * Reads the members of a zip archive in one pass, with a buffer of one header at most. Never throws, whatever the bytes are.
 */
export class ZipWalk {
  readonly #open: (member: ZipMember) => ZipContent | undefined;
  #state: State;
  /** Bytes that wait for more to be understood; `#position` is where in the file they begin. */
  #carry: Buffer = Buffer.alloc(0);
  #position = 0;
  #members = 0;
  #content: ZipContent | undefined;
  #wanted = false;
  #size = 0;
  /** Compressed bytes that are still to come, when they are known. */
  #left = 0;
  #hasDescriptor = false;
  #contentStart = 0;
  #fault: ZipFault | undefined;

  /** `open` says who takes a member's content; `prefixed` allows bytes before the archive. */
  constructor(open: (member: ZipMember) => ZipContent | undefined, prefixed = false) {
    this.#open = open;
    this.#state = prefixed ? "prefix" : "header";
  }

  /** Takes the next bytes; false when the archive needs no more. */
  write(piece: Uint8Array): boolean {
    if (this.#isOver()) return false;
    const plain = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    const bytes = this.#carry.length === 0 ? plain : Buffer.concat([this.#carry, plain]);
    let at = 0;
    for (let next = this.#step(bytes, at); next !== undefined; next = this.#step(bytes, at)) at = next;
    this.#position += at;
    this.#carry = this.#isOver() ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return !this.#isOver();
  }

  /** Ends the archive; tells why it was not read to its end. */
  end(): ZipFault | undefined {
    if (this.#state !== "ended" && this.#state !== "prefix") this.#fault = "damaged";
    this.#state = "ended";
    return this.#fault;
  }

  #isOver(): boolean {
    return this.#state === "ended";
  }

  /** One step from `at` on; where it ended, or `undefined` when it needs more bytes. */
  #step(bytes: Buffer, at: number): number | undefined {
    switch (this.#state) {
      case "prefix":
        return this.#skipPrefix(bytes, at);
      case "header":
        return this.#takeHeader(bytes, at);
      case "content":
        return this.#takeContent(bytes, at);
      case "search":
        return this.#searchEnd(bytes, at);
      case "descriptor":
        return this.#skipDescriptor(bytes, at);
      case "ended":
        return undefined;
    }
  }

  #skipPrefix(bytes: Buffer, at: number): number | undefined {
    const found = bytes.indexOf(memberMark, at);
    if (found !== -1) {
      this.#state = "header";
      return found;
    }
    if (this.#position + bytes.length > maxPrefix) this.#state = "ended";
    const rest = bytes.length - (memberMark.length - 1);
    return rest > at ? rest : undefined;
  }

  #takeHeader(bytes: Buffer, at: number): number | undefined {
    if (at + 4 > bytes.length) return undefined;
    const signature = signatureAt(bytes, at);
    if (signature !== signatures.member) {
      const { directory, end, end64, extra } = signatures;
      const isEnd = signature !== undefined && [directory, end, end64, extra].includes(signature);
      return this.#stop(isEnd ? undefined : "damaged");
    }
    if (at + 30 > bytes.length) return undefined;
    const nameLength = bytes.readUInt16LE(at + 26);
    const extraLength = bytes.readUInt16LE(at + 28);
    const content = at + 30 + nameLength + extraLength;
    if (content > bytes.length) return undefined;
    if (++this.#members > maxMembers) return this.#stop("too many members");
    const flags = bytes.readUInt16LE(at + 6);
    const extra = bytes.subarray(content - extraLength, content);
    const sizes = readSizes(bytes.readUInt32LE(at + 22), bytes.readUInt32LE(at + 18), extra);
    this.#hasDescriptor = (flags & 8) !== 0;
    const isStreamed = this.#hasDescriptor && sizes.compressed === 0;
    const name = bytes.toString("utf8", at + 30, at + 30 + Math.min(nameLength, maxName));
    const member: ZipMember = {
      name,
      method: bytes.readUInt16LE(at + 8),
      encrypted: (flags & 1) !== 0,
      ...(isStreamed ? {} : { size: sizes.size }),
    };
    this.#content = nameLength > maxName || name.endsWith("/") ? undefined : this.#open(member);
    this.#wanted = this.#content !== undefined;
    this.#size = sizes.size;
    this.#left = sizes.compressed;
    this.#contentStart = this.#position + content;
    this.#state = isStreamed ? "search" : "content";
    return content;
  }

  #takeContent(bytes: Buffer, at: number): number | undefined {
    const length = Math.min(this.#left, bytes.length - at);
    this.#give(bytes, at, at + length);
    this.#left -= length;
    if (this.#left > 0) return length > 0 ? at + length : undefined;
    this.#endContent(this.#size);
    this.#state = this.#hasDescriptor ? "descriptor" : "header";
    return at + length;
  }

  /** Looks for the end of content whose size is not known. */
  #searchEnd(bytes: Buffer, from: number): number | undefined {
    for (let at = bytes.indexOf(mark, from); at !== -1; at = bytes.indexOf(mark, at + 1)) {
      const enough = at + descriptorRoom <= bytes.length;
      const found = endOfContent(bytes, at, this.#position + at - this.#contentStart, enough);
      if (found === "unknown") return this.#giveUpTo(bytes, from, at - plainDescriptor);
      if (found === undefined) continue;
      this.#give(bytes, from, at);
      this.#endContent(found.size);
      this.#state = "header";
      return found.next;
    }
    return this.#giveUpTo(bytes, from, bytes.length - plainDescriptor - 3);
  }

  #giveUpTo(bytes: Buffer, from: number, to: number): number | undefined {
    if (to <= from) return undefined;
    this.#give(bytes, from, to);
    return to;
  }

  #skipDescriptor(bytes: Buffer, at: number): number | undefined {
    if (at + descriptorRoom > bytes.length) return undefined;
    const start = signatureAt(bytes, at) === signatures.descriptor ? at + 4 : at;
    const next = [start + 12, start + 20].find((place) => signatureAt(bytes, place) !== undefined);
    this.#state = "header";
    return next ?? this.#stop("damaged");
  }

  #give(bytes: Buffer, from: number, to: number): void {
    if (this.#wanted && to > from) this.#wanted = this.#content?.write(bytes.subarray(from, to)) ?? false;
  }

  #endContent(size: number): void {
    const content = this.#content;
    this.#content = undefined;
    content?.end(size);
  }

  #stop(fault: ZipFault | undefined): undefined {
    this.#fault = fault;
    this.#state = "ended";
    return undefined;
  }
}

function signatureAt(bytes: Buffer, at: number): number | undefined {
  return bytes[at] === 0x50 && bytes[at + 1] === 0x4b ? bytes.readUInt16BE(at + 2) : undefined;
}

/** Sizes of a header; those of 64 bit are in its extra field, in this order, when the short ones are full. */
function readSizes(size: number, compressed: number, extra: Buffer): { size: number; compressed: number } {
  const full = 0xffffffff;
  if (size !== full && compressed !== full) return { size, compressed };
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2);
    const field = extra.subarray(at + 4, at + 4 + length);
    if (extra.readUInt16LE(at) === 1) {
      const long = size === full ? 8 : 0;
      return {
        size: size === full ? readLong(field, 0) : size,
        compressed: compressed === full ? readLong(field, long) : compressed,
      };
    }
    at += 4 + length;
  }
  return { size, compressed };
}

/** A number of 64 bit, inexact beyond 2^53, where no archive has anything; 0 beyond the bytes. */
function readLong(bytes: Buffer, at: number): number {
  if (at < 0 || at + 8 > bytes.length) return 0;
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}

/**
 * Whether content of unknown size ends at the `PK` at `at`, after `passed` bytes: by a descriptor that begins there, or by one
 * without a signature before a header that begins there. `"unknown"` when more bytes are needed to tell.
 */
function endOfContent(
  bytes: Buffer,
  at: number,
  passed: number,
  enough: boolean,
): { readonly next: number; readonly size: number } | "unknown" | undefined {
  if (!enough && at + 4 > bytes.length) return "unknown";
  const signature = signatureAt(bytes, at);
  if (signature === signatures.descriptor) {
    if (!enough) return "unknown";
    const short = bytes.readUInt32LE(at + 8) === passed;
    const long = readLong(bytes, at + 8) === passed;
    if (!short && !long) return undefined;
    const isLong = long && signatureAt(bytes, at + 16) === undefined;
    return isLong
      ? { next: at + 24, size: readLong(bytes, at + 16) }
      : { next: at + 16, size: bytes.readUInt32LE(at + 12) };
  }
  if (signature !== signatures.member && signature !== signatures.directory) return undefined;
  if (at >= 12 && bytes.readUInt32LE(at - 8) === passed - 12) {
    return { next: at, size: bytes.readUInt32LE(at - 4) };
  }
  if (at >= plainDescriptor && readLong(bytes, at - 16) === passed - plainDescriptor) {
    return { next: at, size: readLong(bytes, at - 8) };
  }
  return undefined;
}
