import type { ImageConfig } from "../../oci/config.ts";
import type { ChainFile, ChainGap, ChainOrigin, GapReason, StartChain } from "./chain-parts.ts";
import { pathDirectories } from "./environment.ts";
import type { ExpectedCode } from "../program/identity.ts";
import { LibrarySearch } from "./libraries.ts";
import type { Shebang } from "./shebang.ts";
import { commandOfEnv, readShebang } from "./shebang.ts";
import { namesAnyArchitecture } from "../program/platform-words.ts";
import { startedByScript, unknownPart } from "./shell-words.ts";
import type { FileSystemView, ViewFile } from "../view/view.ts";
import { baseName } from "../view/view.ts";
import type { ScriptArgument } from "./script-argument.ts";
import { scriptArgument, scriptEndings } from "./script-argument.ts";
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
  walk.scripts();
  return { files: walk.files, gaps: walk.gaps };
}

class ChainWalk {
  readonly files: ChainFile[] = [];
  readonly gaps: ChainGap[] = [];
  readonly #view: FileSystemView;
  readonly #config: StartConfig;
  readonly #libraries: LibrarySearch;
  readonly #seen = new Set<string>();
  /** What scripts start; followed last, so that what is certain is told as such. */
  readonly #scripts: (() => void)[] = [];
  #inScript = false;

  constructor(view: FileSystemView, config: StartConfig, expected: ExpectedCode) {
    this.#view = view;
    this.#config = config;
    this.#libraries = new LibrarySearch(view, expected, config.environment);
  }

  /** Follows what the scripts start that were found so far, and the scripts among that. */
  scripts(): void {
    this.#inScript = true;
    for (let follow = this.#scripts.shift(); follow !== undefined; follow = this.#scripts.shift()) follow();
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
      const { path, reason = "missing" } = found;
      if (certain) this.#gap({ role: "program", origin, reason, wanted: name, path, via });
      return;
    }
    const follow = (path: string, file: ViewFile) => this.#follow(path, file, origin, directory, depth);
    if (!this.#program(found.path, found.file, origin, via, certain, follow)) return;
    const script = scriptArgument(baseName(name), args);
    if (script !== undefined) this.#argument(script, origin, `argument of ${name}`, certain, directory, follow);
    for (const inner of innerCommands(baseName(name), args)) {
      const where = inner.directory ?? directory;
      this.command(inner.words, origin, `${via} → "${inner.words[0]}"`, certain && inner.certain, where, depth + 1);
    }
  }

  /** Takes the file that an interpreter is told to run. */
  #argument(
    { name, shell }: ScriptArgument,
    origin: ChainOrigin,
    via: string,
    certain: boolean,
    directory: string,
    follow: (path: string, file: ViewFile) => void,
  ): void {
    const here = this.#find(name, directory, false);
    // Shells look in PATH for what is not in the folder.
    const file = here.file ?? (shell ? this.#find(name, directory).file : undefined);
    const { path, reason } = here;
    if (file !== undefined) return shell ? follow(path, file) : undefined;
    const found = scriptEndings.some((ending) => this.#find(`${name}${ending}`, directory, false).file !== undefined);
    // Python and Node also run folders.
    if (!certain || (!shell && (found || reason === "directory"))) return;
    const optional = !shell || !name.startsWith("/");
    this.#gap({ role: "program", origin, reason: reason ?? "missing", wanted: name, path, via, optional });
  }

  /** Takes the commands of a shell script for later. */
  #follow(path: string, { entry: { text } }: ViewFile, origin: ChainOrigin, directory: string, depth: number): void {
    const key = `${origin} ${path} as script`;
    if (text === undefined || this.#seen.has(key)) return;
    this.#seen.add(key);
    for (const command of startedByScript(text)) {
      const via = `started by ${path}`;
      this.#scripts.push(() =>
        this.command(command.words, origin, via, false, command.directory ?? directory, depth + 1),
      );
    }
  }

  /** Takes a program that the kernel starts; false when it would not start it. */
  #program(
    path: string,
    file: ViewFile,
    origin: ChainOrigin,
    via: string,
    certain: boolean,
    follow: ((path: string, file: ViewFile) => void) | undefined,
    depth = 0,
  ): boolean {
    const role = depth === 0 ? "program" : "interpreter";
    const { mode, elf, head, size } = file.entry;
    const refuse = (reason: GapReason) => {
      if (certain) this.#gap({ role, origin, reason, wanted: path, path, via, file });
      return false;
    };
    if ((mode & 0o111) === 0) return refuse("not-executable");
    // Scripts choose among builds by ways that are not seen here; a name with an architecture tells of such a choice.
    if (this.#inScript && namesAnyArchitecture(path)) return false;
    if (!this.#add({ role, origin, path, file, via })) return true;
    if (elf !== undefined) {
      this.#needs(path, file, origin);
      return true;
    }
    const shebang = size === 0 ? undefined : readShebang(head ?? "");
    if (shebang === undefined) return refuse("unknown-format");
    this.#script(path, file, shebang, origin, certain, depth + 1);
    follow?.(path, file);
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
    this.#program(found.path, found.file, origin, via, certain, undefined, depth);
    if (baseName(interpreter) !== "env" || argument === undefined) return;
    const command = commandOfEnv(argument);
    const target = command?.[0] === undefined ? undefined : this.#find(command[0], "/");
    if (command?.[0] === undefined || target === undefined) return;
    if (target.file !== undefined) this.#program(target.path, target.file, origin, via, certain, undefined, depth);
    else if (certain) this.#gap({ role, origin, reason: "missing", wanted: command[0], path, via, file });
  }

  /** Loader and libraries of a program. */
  #needs(path: string, file: ViewFile, origin: ChainOrigin): void {
    const { loader, libraries, gaps } = this.#libraries.closure(path, file);
    if (loader !== undefined) this.#add({ role: "loader", origin, ...loader });
    for (const library of libraries) this.#add({ role: "library", origin, ...library });
    // A script may set where the loader looks.
    if (this.#inScript) return;
    for (const gap of gaps) this.#gap({ origin, ...gap });
  }

  /**
   * The file that a command's name leads to; `path` is where it was looked for, or the name as given for one that `PATH` has
   * not.
   */
  #find(
    name: string,
    directory: string,
    search = true,
  ): { path: string; file?: ViewFile; reason?: "directory" | "link-loop" } {
    if (name.includes("/") || !search) {
      const path = name.startsWith("/") ? name : `${directory === "" ? "/" : directory}/${name}`;
      const resolved = this.#view.resolve(path);
      if (resolved.kind === "file") return resolved;
      const reason = resolved.kind === "loop" ? "link-loop" : resolved.kind === "directory" ? resolved.kind : undefined;
      return { path: path.replaceAll(/\/+/g, "/"), ...(reason === undefined ? {} : { reason }) };
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
    this.files.push(this.#inScript ? { ...file, ofScript: true } : file);
    return true;
  }

  #gap(gap: ChainGap): void {
    const same = (other: ChainGap) =>
      other.reason === gap.reason && other.wanted === gap.wanted && other.path === gap.path;
    if (!this.gaps.some(same)) this.gaps.push(gap);
  }
}
