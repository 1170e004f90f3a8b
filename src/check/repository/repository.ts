import type { BinaryIdentity } from "./binary.ts";

/** A file of the repository. */
export interface RepositoryFile {
  /** Relative to the repository, with slashes. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
}

/** A symbolic link of the repository. */
export interface RepositoryLink {
  readonly path: string;
  /** The path that it leads to, which need not exist; undefined when it leads out of the repository. */
  readonly target?: string;
}

/**
 * The files of a repository as they are: tracked and new ones, without what Git ignores and without `.git`. Nothing outside of its folder is
 * ever read, also not through a link.
 */
export interface Repository {
  /** Sorted by path. Links, sockets, FIFOs and devices are not among them. */
  readonly files: readonly RepositoryFile[];
  /** Sorted by path. */
  readonly links: readonly RepositoryLink[];
  /** What could not be read, and why, in one line each: folders without permission, names that are not UTF-8. */
  readonly unreadable: readonly { readonly path: string; readonly message: string }[];
  /** The file of a path, links inside of the repository followed. */
  file(path: string): RepositoryFile | undefined;
  /** True for a folder that holds a file. */
  isFolder(path: string): boolean;
  /** The files in a folder and below it; `""` is the repository. Their paths are the real ones when the folder is reached through a link. */
  filesIn(folder: string): readonly RepositoryFile[];
  /**
   * A file's text; undefined for one that is not there, is larger than {@link maxTextSize}, or is binary. Bytes that are not UTF-8 read as U+FFFD.
   * Read once.
   */
  text(path: string): string | undefined;
  /** The first bytes of a file; fewer when it is shorter, undefined when it is not there. */
  head(path: string, bytes: number): Uint8Array | undefined;
  /** What machines a file has code for; undefined for one without machine code. Read once. */
  binary(path: string): BinaryIdentity | undefined;
}

/** Largest file that is read as a text, in bytes. */
export const maxTextSize = 4 * 1024 * 1024;
