import type { ViewFile } from "../view/view.ts";

/** What a file of the chain is for. */
export type ChainRole = "program" | "interpreter" | "loader" | "library";

/** How the chain begins: what a container starts with, or its health check. */
export type ChainOrigin = "start" | "healthcheck";

/** A file that must work for the container to start (or to be healthy). */
export interface ChainFile {
  readonly role: ChainRole;
  readonly origin: ChainOrigin;
  /** Without symlinks. */
  readonly path: string;
  readonly file: ViewFile;
  /** Why it is reached, as a person reads it: `ENTRYPOINT "app"`, `interpreter of /docker-entrypoint.sh`. */
  readonly via: string;
  /** It is what a script names: its environment and which of its branches is taken are not known. */
  readonly ofScript?: boolean;
}

/** Why a file that the chain needs cannot serve. */
export type GapReason =
  /** Nothing at the path, or a dangling link. */
  | "missing"
  /** A program that is a directory. */
  | "directory"
  /** Symlinks that lead to each other. */
  | "link-loop"
  /** No x bit. */
  | "not-executable"
  /** Neither ELF nor `#!`: the kernel refuses it. */
  | "unknown-format"
  /** The `#!` line ends with a carriage return. */
  | "carriage-return"
  /** Libraries: only files of another architecture have its name. */
  | "wrong-architecture";

/** Something that the chain needs and that is not there. */
export interface ChainGap {
  readonly role: ChainRole;
  readonly origin: ChainOrigin;
  readonly reason: GapReason;
  /** What was looked for: a path or a name. */
  readonly wanted: string;
  /** The path in the image that the finding is about. */
  readonly path: string;
  readonly via: string;
  /** The file at `path`, when there is one. */
  readonly file?: ViewFile;
  /** The loader says that it is not there and goes on (`LD_PRELOAD`); or a volume may bring it (`node FILE`). */
  readonly optional?: boolean;
  /** Where a file of that name is, though nothing looks for it there. */
  readonly elsewhere?: readonly string[];
}

/** The files that a container starts with, and what is missing among them. */
export interface StartChain {
  readonly files: readonly ChainFile[];
  readonly gaps: readonly ChainGap[];
}
