import { readApkInstalled } from "./apk.ts";
import { readDpkgList, readDpkgStatus, readDpkgSums } from "./dpkg.ts";
import type { LayerEntry } from "../layer/facts.ts";
import type { ContentSink } from "../layer/tar-walk.ts";
import { readRpmBerkeley, readRpmNdb, readRpmSqlite } from "./rpm.ts";

/** What a file of a package manager's database adds to the facts of its entry. */
type DatabaseFacts = Pick<LayerEntry, "packages" | "unread" | "owns">;

/** The facts that it is put into. */
type DatabaseTarget = { -readonly [Key in keyof DatabaseFacts]: DatabaseFacts[Key] };

/** How a file of a package manager's database is read: whole. */
interface DatabaseFile {
  readonly maxBytes: number;
  readonly read: (bytes: Uint8Array) => DatabaseFacts;
}

const mebibyte = 1024 * 1024;

/** Paths relative to the root; the largest that were seen have a tenth of the bounds. */
const databaseFiles: readonly (readonly [path: RegExp, file: DatabaseFile])[] = [
  [/^var\/lib\/dpkg\/status$/, { maxBytes: 16 * mebibyte, read: readDpkgStatus }],
  [
    /^var\/lib\/dpkg\/info\/[^/]+\.list$/,
    { maxBytes: 16 * mebibyte, read: (bytes) => ({ owns: readDpkgList(bytes) }) },
  ],
  [
    /^var\/lib\/dpkg\/status\.d\/[^/]+\.md5sums$/,
    { maxBytes: 16 * mebibyte, read: (bytes) => ({ owns: readDpkgSums(bytes) }) },
  ],
  [/^var\/lib\/dpkg\/status\.d\/[^/]+$/, { maxBytes: mebibyte, read: readDpkgStatus }],
  [/^(?:usr\/)?lib\/apk\/db\/installed$/, { maxBytes: 32 * mebibyte, read: readApkInstalled }],
  [
    /^(?:var\/lib|usr\/lib\/sysimage|usr\/share)\/rpm\/rpmdb\.sqlite$/,
    { maxBytes: 64 * mebibyte, read: readRpmSqlite },
  ],
  [/^(?:var\/lib|usr\/lib\/sysimage|usr\/share)\/rpm\/Packages\.db$/, { maxBytes: 64 * mebibyte, read: readRpmNdb }],
  [/^(?:var\/lib|usr\/lib\/sysimage|usr\/share)\/rpm\/Packages$/, { maxBytes: 64 * mebibyte, read: readRpmBerkeley }],
];

/** The reader of a file at a path relative to the root, when it is of a package manager's database. */
export function databaseFile(path: string): DatabaseFile | undefined {
  // Nearly all files of a layer are no databases.
  if (!/\/(?:dpkg|rpm|apk)\//.test(path)) return undefined;
  return databaseFiles.find(([pattern]) => pattern.test(path))?.[1];
}

/** Takes the content of one file of a database, and puts what it holds into the facts of its entry. */
export class DatabaseReader implements ContentSink {
  readonly #file: DatabaseFile;
  readonly #facts: DatabaseTarget;
  readonly #isTooLarge: boolean;
  #bytes: Buffer | undefined;
  #length = 0;

  /** `size`: bytes of the file, as the archive says. */
  constructor(file: DatabaseFile, size: number, facts: DatabaseTarget) {
    this.#file = file;
    this.#facts = facts;
    this.#isTooLarge = size > file.maxBytes;
    // The content of an entry is exactly as long as its header says.
    if (!this.#isTooLarge) this.#bytes = Buffer.allocUnsafe(size);
  }

  write(piece: Uint8Array): boolean {
    this.#bytes?.set(piece, this.#length);
    this.#length += piece.length;
    return !this.#isTooLarge;
  }

  end(): void {
    const bytes = this.#bytes?.subarray(0, this.#length);
    this.#bytes = undefined;
    const unread = { unread: `is larger than ${this.#file.maxBytes / mebibyte} MiB` };
    Object.assign(this.#facts, bytes === undefined ? unread : this.#file.read(bytes));
  }
}
