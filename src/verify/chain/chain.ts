import type { ImageConfig } from "../../oci/config.ts";
import type { ChainFile, ChainGap, ChainOrigin, GapReason, StartChain } from "./chain-parts.ts";
import { pathDirectories } from "./environment.ts";
import type { ExpectedCode } from "../program/identity.ts";
import { LibrarySearch } from "./libraries.ts";
import type { Shebang } from "./shebang.ts";
import { commandOfEnv, readShebang } from "./shebang.ts";
import { unknownPart } from "./shell-words.ts";
import type { FileSystemView, ViewFile } from "../view/view.ts";
import { baseName } from "../view/view.ts";
import { innerCommands } from "./wrappers.ts";

/** What an image says about starting it. */
export type StartConfig = Pick<
  ImageConfig,
  "entrypoint" | "command" | "environment" | "workingDirectory" | "healthcheck"
>;

/** How deep commands may start commands; real ones reach 4 (tini → gosu → env → shell). */
const maxDepth = 10;

/** How deep scripts may be interpreters of scripts (Linux: BINPRM recursion of 5). */
const maxInterpreters = 5;

/**
 * Follows what a container of the image starts with: entrypoint and command through `PATH`, symlinks, init programs and `sh
 * -c`; the interpreters of scripts; the loader and the libraries of every program, as the loader would look for them. Pure.
 */
export function startChain(view: FileSystemView, config: StartConfig, expected: ExpectedCode): StartChain {
  const { entrypoint, command } = config;
  const walk = new ChainWalk(view, config, expected);
  const [first] = entrypoint.length > 0 ? entrypoint : command;
  if (first !== undefined) {
    const name = `${entrypoint.length > 0 ? "ENTRYPOINT" : "CMD"} "${first}"`;
    walk.command([...entrypoint, ...command], "start", name, true);
    // An entrypoint that is a program of its own may start the command; if it is one, it has to work.
    if (entrypoint.length > 0 && command.length > 0) walk.command(command, "start", `CMD "${command[0]}"`, false);
  }
  const [kind, ...test] = config.healthcheck;
  if (kind === "CMD" && test.length > 0) walk.command(test, "healthcheck", `HEALTHCHECK "${test[0]}"`, true);
  if (kind === "CMD-SHELL") walk.command(["/bin/sh", "-c", ...test], "healthcheck", "HEALTHCHECK", true);
  return { files: walk.files, gaps: walk.gaps };
}

class ChainWalk {
  readonly files: ChainFile[] = [];
  readonly gaps: ChainGap[] = [];
  readonly #view: FileSystemView;
  readonly #config: StartConfig;
  readonly #libraries: LibrarySearch;
  readonly #seen = new Set<string>();

  constructor(view: FileSystemView, config: StartConfig, expected: ExpectedCode) {
    this.#view = view;
    this.#config = config;
    this.#libraries = new LibrarySearch(view, expected, config.environment);
  }

  /** Follows a command line; `certain` says that it is a defect when the program is not there. */
  command(
    words: readonly string[],
    origin: ChainOrigin,
    via: string,
    certain: boolean,
    directory = this.#config.workingDirectory,
    depth = 0,
  ): void {
    const [name, ...args] = words;
    if (name === undefined || name === "" || name.includes(unknownPart) || depth > maxDepth) return;
    const found = this.#find(name, directory);
    if (found.file === undefined) {
      const role = "program";
      if (certain) this.#gap({ role, origin, reason: "missing", wanted: name, path: found.path, via });
      return;
    }
    if (!this.#program(found.path, found.file, origin, via, certain)) return;
    for (const inner of innerCommands(baseName(name), args)) {
      const where = inner.directory ?? directory;
      this.command(inner.words, origin, `${via} → "${inner.words[0]}"`, certain && inner.certain, where, depth + 1);
    }
  }

  /** Takes a program that the kernel starts; false when it would not start it. */
  #program(path: string, file: ViewFile, origin: ChainOrigin, via: string, certain: boolean, depth = 0): boolean {
    const role = depth === 0 ? "program" : "interpreter";
    const { mode, elf, head, size } = file.entry;
    const refuse = (reason: GapReason) => {
      if (certain) this.#gap({ role, origin, reason, wanted: path, path, via, file });
      return false;
    };
    if ((mode & 0o111) === 0) return refuse("not-executable");
    if (!this.#add({ role, origin, path, file, via })) return true;
    if (elf !== undefined) {
      this.#needs(path, file, origin);
      return true;
    }
    const shebang = size === 0 ? undefined : readShebang(head ?? "");
    if (shebang === undefined) return refuse("unknown-format");
    this.#script(path, file, shebang, origin, certain, depth + 1);
    return true;
  }

  #script(path: string, file: ViewFile, shebang: Shebang, origin: ChainOrigin, certain: boolean, depth: number): void {
    const via = `interpreter of ${path}`;
    if (depth > maxInterpreters) return;
    const { interpreter, argument, carriageReturn } = shebang;
    const role = "interpreter";
    if (carriageReturn) {
      // The kernel hands `sh\r` to the search; env does the same with its argument.
      if (certain) this.#gap({ role, origin, reason: "carriage-return", wanted: interpreter, path, via, file });
      return;
    }
    const found = this.#find(interpreter, "/", false);
    if (found.file === undefined) {
      if (certain) this.#gap({ role, origin, reason: "missing", wanted: interpreter, path, via, file });
      return;
    }
    this.#program(found.path, found.file, origin, via, certain, depth);
    if (baseName(interpreter) !== "env" || argument === undefined) return;
    const command = commandOfEnv(argument);
    const target = command?.[0] === undefined ? undefined : this.#find(command[0], "/");
    if (command?.[0] === undefined || target === undefined) return;
    if (target.file !== undefined) this.#program(target.path, target.file, origin, via, certain, depth);
    else if (certain) this.#gap({ role, origin, reason: "missing", wanted: command[0], path, via, file });
  }

  /** Loader and libraries of a program. */
  #needs(path: string, file: ViewFile, origin: ChainOrigin): void {
    const { loader, libraries, gaps } = this.#libraries.closure(path, file);
    if (loader !== undefined) this.#add({ role: "loader", origin, ...loader });
    for (const library of libraries) this.#add({ role: "library", origin, ...library });
    for (const gap of gaps) this.#gap({ origin, ...gap });
  }

  /**
   * The file that a command's name leads to; `path` is where it was looked for, or the name as given for one that `PATH` has
   * not.
   */
  #find(name: string, directory: string, search = true): { path: string; file?: ViewFile } {
    if (name.includes("/") || !search) {
      const path = name.startsWith("/") ? name : `${directory === "" ? "/" : directory}/${name}`;
      const resolved = this.#view.resolve(path);
      return resolved.kind === "file" ? resolved : { path: path.replaceAll(/\/+/g, "/") };
    }
    let notExecutable: { path: string; file: ViewFile } | undefined;
    for (const folder of pathDirectories(this.#config.environment)) {
      const resolved = this.#view.resolve(`${folder}/${name}`);
      if (resolved.kind !== "file") continue;
      if ((resolved.file.entry.mode & 0o111) !== 0) return resolved;
      notExecutable ??= resolved;
    }
    return notExecutable ?? { path: name };
  }

  /** Adds a file unless it is there in that role. */
  #add(file: ChainFile): boolean {
    const key = `${file.origin} ${file.path}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    this.files.push(file);
    return true;
  }

  #gap(gap: ChainGap): void {
    const same = (other: ChainGap) =>
      other.reason === gap.reason && other.wanted === gap.wanted && other.path === gap.path;
    if (!this.gaps.some(same)) this.gaps.push(gap);
  }
}
