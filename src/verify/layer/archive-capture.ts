import { constants, inflateRawSync } from "node:zlib";
import { ElfCapture } from "./elf-capture.ts";
import { isElf } from "../program/elf-header.ts";
import type { ArchiveMember } from "./facts.ts";
import { isForeignProgram, ProgramCapture } from "./program-capture.ts";
import type { ZipContent, ZipMember } from "../program/zip-walk.ts";
import { ZipWalk } from "../program/zip-walk.ts";

/** Compressed bytes of a member that are kept: the headers of a program, and nearly all small libraries whole. */
const memberBytes = 64 * 1024;

/** The same for a name that does not tell what it is: enough for the first header. */
const peekBytes = 1024;

/** Most bytes that one member is inflated to. Deflate gives 1,032 bytes for one at most. */
const maxInflated = 4 * 1024 * 1024;

/** When a beginning inflates to more: what surely fits. */
const fittingBytes = 2048;

/** Compressed bytes of an archive in an archive that is deflated itself (libraries of a war file), and what it may inflate to. */
const nestedBytes = 8 * 1024 * 1024;
const maxNested = 10 * 1024 * 1024;

/** How deep archives are looked into: an ear file has wars, and these have jars. */
const maxDepth = 2;

/** Most members of one file that are told of. */
const maxTold = 5_000;

/** What all archives that one reader sees may be inflated to, bytes. */
const maxTotal = 2 * 1024 * 1024 * 1024;

const archiveName = /\.(?:jar|war|ear|aar|whl|egg|zip|nupkg|apk|pex|pyz)$/i;
const nativeName = /\.(?:so(?:\.[\w.]+)?|dll|dylib|jnilib|node|pyd|exe)$/i;

/** Names without an ending, as programs have them; not those that every archive has. */
const plainName = /(?:^|\/)[^./]+$/;
const plainText =
  /(?:^|\/)(?:META-INF|[^/]*\.dist-info|EGG-INFO|licenses?)\/|(?:^|\/)(?:LICENSE|NOTICE|README|COPYING|CHANGELOG|VERSION|AUTHORS)$/i;

/** Files that are archives although they begin with a script that starts them. */
const launched = /\.(?:jar|war|pex|pyz|par)$/i;

/** Whether a file is looked at as an archive, by its first bytes and its name. */
export function isArchive(head: Uint8Array, path: string): boolean {
  if (head[0] === 0x50 && head[1] === 0x4b) return head[2] === 3 && head[3] === 4;
  return head[0] === 0x23 && head[1] === 0x21 && launched.test(path);
}

/**
 * Finds machine code in zip archives (jars, wheels and their like), one file after the other, as their content streams by:
 * only members whose names look like machine code are inflated, and of them only the beginning. Memory is bounded by the
 * buffers above, whatever the archives hold.
 */
export class ArchiveCapture {
  readonly #elf = new ElfCapture();
  readonly #program = new ProgramCapture();
  /** Kept of the innermost member that passes: there is only one at a time. */
  readonly #kept = new KeptBytes();
  #members: ArchiveMember[] = [];
  #walk = new ZipWalk(() => undefined);
  #inflated = 0;

  /** Begins a file. */
  start(): void {
    this.#members = [];
    this.#walk = this.#walkOf("", 0);
  }

  /** Takes the next piece of the file; false when it wants no more. */
  write(piece: Uint8Array): boolean {
    return this.#walk.write(piece);
  }

  /** Ends the file: the machine code in it, and what could not be examined. */
  finish(): readonly ArchiveMember[] {
    const fault = this.#walk.end();
    if (fault !== undefined) this.#members.push({ path: "", size: 0, unread: fault });
    this.#walk = new ZipWalk(() => undefined);
    return this.#members;
  }

  #walkOf(prefix: string, depth: number): ZipWalk {
    return new ZipWalk((member) => this.#open(member, `${prefix}${member.name}`, depth), true);
  }

  #open(member: ZipMember, path: string, depth: number): ZipContent | undefined {
    const isNested = archiveName.test(path);
    const isNative = nativeName.test(path);
    if (!isNested && !isNative && (!plainName.test(path) || plainText.test(path))) return undefined;
    if (this.#members.length >= maxTold) {
      if (this.#members.length === maxTold) this.#members.push({ path: "", size: 0, unread: "too many members" });
      return undefined;
    }
    const unread = (reason: string) => this.#tell({ path, size: member.size ?? 0, unread: reason });
    if (member.encrypted || (member.method !== 0 && member.method !== 8)) {
      if (isNested || isNative) unread(member.encrypted ? "encrypted" : "unknown compression");
      return undefined;
    }
    if (!isNested) return this.#code(member, path, isNative);
    if (depth >= maxDepth) {
      unread("archives too deep in each other");
      return undefined;
    }
    return member.method === 0 ? this.#stored(path, depth) : this.#nested(member, path, depth);
  }

  /** A member that may be machine code: keeps its beginning. */
  #code({ method }: ZipMember, path: string, isNative: boolean): ZipContent {
    const most = isNative ? memberBytes : peekBytes;
    this.#kept.reset();
    return {
      write: (piece) => this.#kept.add(piece, most),
      end: (size) => {
        const bytes = method === 0 ? this.#kept.bytes() : this.#inflate(this.#kept.bytes());
        if (bytes === undefined) {
          if (isNative) this.#tell({ path, size, unread: "damaged" });
          return;
        }
        this.#read(bytes.subarray(0, Math.max(0, size)), path, size);
      },
    };
  }

  #read(bytes: Buffer, path: string, size: number): void {
    if (isElf(bytes)) {
      this.#elf.start(bytes.length);
      this.#elf.write(bytes);
      const elf = this.#elf.finish()?.elf;
      if (elf !== undefined) this.#tell({ path, size, elf });
    } else if (isForeignProgram(bytes)) {
      this.#program.start(bytes.length);
      this.#program.write(bytes);
      const program = this.#program.finish();
      if (program !== undefined) this.#tell({ path, size, program });
    }
  }

  /** An archive that is stored as it is: it streams by like the outer one. */
  #stored(path: string, depth: number): ZipContent {
    const walk = this.#walkOf(`${path}!/`, depth + 1);
    return {
      write: (piece) => walk.write(piece),
      end: (size) => {
        const fault = walk.end();
        if (fault !== undefined) this.#tell({ path, size, unread: fault });
      },
    };
  }

  /** An archive that is deflated itself: it has to be inflated whole. */
  #nested(member: ZipMember, path: string, depth: number): ZipContent | undefined {
    if ((member.size ?? 0) > maxNested) {
      this.#tell({ path, size: member.size ?? 0, unread: "too large" });
      return undefined;
    }
    this.#kept.reset();
    let whole = true;
    return {
      write: (piece) => (whole = this.#kept.add(piece, nestedBytes)),
      end: (size) => {
        if (!whole || size > maxNested) return this.#tell({ path, size, unread: "too large" });
        const bytes = this.#inflate(this.#kept.bytes(), maxNested);
        if (bytes === undefined) return this.#tell({ path, size, unread: "damaged" });
        const inner = this.#stored(path, depth);
        inner.write(bytes);
        inner.end(size);
      },
    };
  }

  #tell(member: ArchiveMember): void {
    if (this.#members.length < maxTold) this.#members.push(member);
  }

  /** Inflates the beginning of a deflated member; `undefined` when it is damaged or the bound of the layer is reached. */
  #inflate(bytes: Buffer, most = maxInflated): Buffer | undefined {
    const inflate = (piece: Buffer): Buffer | undefined => {
      try {
        return inflateRawSync(piece, {
          finishFlush: constants.Z_SYNC_FLUSH,
          maxOutputLength: most,
          chunkSize: 64 * 1024,
        });
      } catch {
        return undefined;
      }
    };
    if (this.#inflated > maxTotal) return undefined;
    const result =
      inflate(bytes) ?? (bytes.length > fittingBytes ? inflate(bytes.subarray(0, fittingBytes)) : undefined);
    this.#inflated += result?.length ?? most;
    return result;
  }
}

/** The beginning of one member, in a buffer that grows when it must and is used again. */
class KeptBytes {
  #buffer = Buffer.alloc(memberBytes);
  #used = 0;

  reset(): void {
    this.#used = 0;
  }

  /** Keeps a piece, up to `most` bytes in all; false when it did not fit. */
  add(piece: Uint8Array, most: number): boolean {
    const taken = piece.subarray(0, most - this.#used);
    const length = this.#used + taken.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.min(most, Math.max(length, this.#buffer.length * 4)));
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    this.#buffer.set(taken, this.#used);
    this.#used = length;
    return taken.length === piece.length;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#used);
  }
}
