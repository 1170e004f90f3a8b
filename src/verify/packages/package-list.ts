import type { InstalledPackage } from "../layer/facts.ts";
import { mayHoldCode } from "./may-hold-code.ts";

/** What the database of a package manager holds, or why it was not read. */
export type PackagesRead =
  | { readonly packages: readonly InstalledPackage[] }
  /** Ends the sentence "was not read: it …". */
  | { readonly unread: string };

/** A database that breaks its own format or goes beyond a limit; the message ends the sentence "it …". */
export class UnreadableDatabase extends Error {
  override readonly name = "UnreadableDatabase";
}

/** Most packages of one database: a full desktop has some 5,000. */
const maxPackages = 50_000;

/** Most characters of all paths of one database: 5,000 packages have some 10 million. Short texts can name long paths. */
const maxPathCharacters = 64 * 1024 * 1024;

/** Linux's PATH_MAX. */
const maxPath = 4096;

/** Longest name or version that is kept, characters. */
const maxWord = 512;

/** Collects the packages of one database within bounds. */
export class PackageList {
  readonly #packages: InstalledPackage[] = [];
  #characters = 0;

  /** Adds a package; one without a name is none. Throws {@link UnreadableDatabase} beyond the bounds. */
  add(name: string, version: string, architecture: string, files?: readonly string[]): void {
    if (name === "") return;
    if (this.#packages.length >= maxPackages) throw new UnreadableDatabase(`lists more than ${maxPackages} packages`);
    const words = { name: cut(name), version: cut(version), architecture: cut(architecture) };
    this.#packages.push(files === undefined ? words : { ...words, files });
  }

  /** The path `folder/name` if it may hold machine code. Throws {@link UnreadableDatabase} beyond the bounds. */
  path(folder: string, name: string): string | undefined {
    const length = folder.length + name.length + 1;
    if (length > maxPath) return undefined;
    this.#characters += length;
    if (this.#characters > maxPathCharacters) throw new UnreadableDatabase("lists too many files");
    const path = folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
    return mayHoldCode(path) ? path : undefined;
  }

  get packages(): readonly InstalledPackage[] {
    return this.#packages;
  }
}

function cut(word: string): string {
  return word.slice(0, maxWord);
}

/** Runs a reader; what breaks the format is told instead of thrown. */
export function readingPackages(fill: (list: PackageList) => void): PackagesRead {
  const list = new PackageList();
  try {
    fill(list);
  } catch (error) {
    if (error instanceof UnreadableDatabase) return { unread: error.message };
    throw error;
  }
  return { packages: list.packages };
}

/** The lines of a text, one at a time: a list of all of them would take many times the text's size. */
export function* linesOf(text: string): Generator<string, void, void> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    if (end === -1) {
      yield text.slice(start);
      return;
    }
    yield text.slice(start, end);
    start = end + 1;
  }
}
