import { readApkInstalled } from "./apk.ts";
import { readDpkgList, readDpkgStatus, readDpkgSums } from "./dpkg.ts";
import type { LayerEntry } from "./facts.ts";
import { readRpmBerkeley, readRpmNdb, readRpmSqlite } from "./rpm.ts";

/** What a file of a package manager's database adds to the facts of its entry. */
export type DatabaseFacts = Pick<LayerEntry, "packages" | "unread" | "owns">;

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

/** Collects the bytes of one file of a database as they stream by. */
export class DatabaseReader {
  readonly #file: DatabaseFile;
  readonly #size: number;
  readonly #pieces: Uint8Array[] = [];

  /** `size`: bytes of the file, as the archive says. */
  constructor(file: DatabaseFile, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** Takes a piece, which is copied; false when no more is wanted. */
  write(piece: Uint8Array): boolean {
    if (this.#size > this.#file.maxBytes) return false;
    this.#pieces.push(Uint8Array.from(piece));
    return true;
  }

  /** What the file holds; to be called once, after its last piece. */
  finish(): DatabaseFacts {
    if (this.#size > this.#file.maxBytes) {
      return { unread: `is larger than ${this.#file.maxBytes / mebibyte} MiB` };
    }
    return this.#file.read(Buffer.concat(this.#pieces.splice(0)));
  }
}
