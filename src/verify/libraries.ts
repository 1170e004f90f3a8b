import { architectures } from "../platform/architecture.ts";
import type { ChainFile, ChainGap } from "./chain-parts.ts";
import type { ElfDynamic } from "./elf-dynamic.ts";
import { environmentValue } from "./environment.ts";
import { matchesGlob } from "./glob.ts";
import type { ExpectedCode } from "./identity.ts";
import { isOf } from "./identity.ts";
import type { FileSystemView, ViewFile } from "./view.ts";
import { baseName, parentPath } from "./view.ts";

type Found = Pick<ChainFile, "path" | "file" | "via">;
type Gap = Omit<ChainGap, "origin">;

/** What a program needs to start. */
export interface Closure {
  readonly loader?: Found;
  readonly libraries: readonly Found[];
  readonly gaps: readonly Gap[];
}

/** An object that the loader has loaded: whose libraries it looks for next. */
interface Loaded {
  /** Without symlinks. */
  readonly path: string;
  /** As the loader found it, the last link not followed: glibc takes a library's `$ORIGIN` from there. */
  readonly name?: string;
  readonly file: ViewFile;
  /** The object that asked for it. */
  readonly parent?: Loaded;
}

/** Most libraries of one program: large desktops have some 300. */
const maxLibraries = 2_000;

/** Most folders of one run path, and most objects above another whose run paths count: real ones have some ten of both. */
const maxRunPaths = 64;
const maxAncestors = 32;

/** Most files and folders of the loader's configuration. */
const maxConfigured = 1_000;

/** Names that musl's loader answers itself (musl, ldso/dynlink.c: `reserved`). */
const muslOwn = /^lib(?:c|pthread|rt|m|dl|util|xnet)\.so|^libc\.musl-/;

/**
 * Looks for loaders and libraries as glibc's and musl's loaders do: `DT_RPATH` of an object and of those that loaded it,
 * `LD_LIBRARY_PATH` (and what `LD_PRELOAD` names), `DT_RUNPATH`, the folders of `/etc/ld.so.conf` (musl: `/etc/ld-musl-ARCH.path`), the defaults. Files of
 * another architecture are passed over, as both do.
 */
export class LibrarySearch {
  readonly #view: FileSystemView;
  readonly #expected: ExpectedCode;
  readonly #environment: readonly string[];
  #configured: readonly string[] | undefined;
  #byName: Map<string, string[]> | undefined;

  constructor(view: FileSystemView, expected: ExpectedCode, environment: readonly string[]) {
    this.#view = view;
    this.#expected = expected;
    this.#environment = environment;
  }

  /** Loader and libraries of a program. A static program needs none; one of another architecture is not followed. */
  closure(path: string, file: ViewFile): Closure {
    const libraries: Found[] = [];
    const gaps: Gap[] = [];
    const elf = file.entry.elf;
    if (elf === undefined || !isOf(elf, this.#expected.architecture) || elf.interpreter === undefined) {
      return { libraries, gaps };
    }
    const loader = this.#view.resolve(elf.interpreter);
    if (loader.kind !== "file") {
      const via = `loader of ${path}`;
      gaps.push({ role: "loader", reason: "missing", wanted: elf.interpreter, path, via, file });
      return { libraries, gaps };
    }
    const isMusl = baseName(elf.interpreter).startsWith("ld-musl-");
    const loaderNames = new Set([baseName(elf.interpreter), baseName(loader.path)]);
    const seen = new Set<string>();
    const program: Loaded = { path, file };
    const pending: Loaded[] = [program];
    // glibc's default folder is that of its own installation, wherever it is (Alpine's glibc, Nix).
    const own = isMusl ? [] : [parentPath(loader.path)];
    const load = (library: Loaded, via: string) => {
      libraries.push({ path: library.path, file: library.file, via });
      pending.push(library);
      // What is loaded answers to its soname, whatever its file is called.
      const soname = dynamicOf(library.file)?.soname;
      if (soname !== undefined) seen.add(soname);
    };
    for (const name of this.#preloaded()) {
      const via = `LD_PRELOAD of ${path}`;
      const found = this.#find(name, program, isMusl, own);
      if (found.file !== undefined) load({ ...found, file: found.file, parent: program }, via);
      else gaps.push({ ...this.#gap(name, found.wrong, program, via), optional: true });
    }
    for (let object = pending.shift(); object !== undefined; object = pending.shift()) {
      for (const name of neededBy(object.file)) {
        if (seen.has(name) || loaderNames.has(name) || (isMusl && muslOwn.test(name))) continue;
        if (seen.size >= maxLibraries) return { libraries, gaps };
        seen.add(name);
        const via = `library of ${object.path}`;
        const found = this.#find(name, object, isMusl, own);
        if (found.file !== undefined) load({ ...found, file: found.file, parent: object }, via);
        else gaps.push(this.#gap(name, found.wrong, object, via));
      }
    }
    return { loader: { path: loader.path, file: loader.file, via: `loader of ${path}` }, libraries, gaps };
  }

  /** Libraries that the environment loads into every program (ld.so(8)): separated by colons or spaces. */
  #preloaded(): string[] {
    const value = environmentValue(this.#environment, "LD_PRELOAD") ?? "";
    return value
      .split(/[:\s]+/)
      .filter((name) => name !== "")
      .slice(0, maxRunPaths);
  }

  #gap(name: string, wrong: Found | undefined, object: Loaded, via: string): Gap {
    if (wrong !== undefined) {
      return { role: "library", reason: "wrong-architecture", wanted: name, path: wrong.path, via, file: wrong.file };
    }
    const elsewhere = this.#elsewhere(baseName(name));
    return { role: "library", reason: "missing", wanted: name, path: object.path, via, file: object.file, elsewhere };
  }

  /** `own` are the loader's own folders, the last that are searched. */
  #find(
    name: string,
    object: Loaded,
    isMusl: boolean,
    own: readonly string[],
  ): { path: string; name?: string; file?: ViewFile; wrong?: Found } {
    let wrong: Found | undefined;
    // A name with a slash is a path; glibc replaces $ORIGIN in it too.
    const places = name.includes("/")
      ? isMusl
        ? [name]
        : this.#expand([name], object)
      : [...this.#directories(object, isMusl), ...own].map((directory) => `${directory}/${name}`);
    for (const place of places) {
      const resolved = this.#view.resolve(place);
      if (resolved.kind !== "file") continue;
      const { elf } = resolved.file.entry;
      if (elf !== undefined && isOf(elf, this.#expected.architecture)) {
        return { path: resolved.path, name: place, file: resolved.file };
      }
      if (elf !== undefined) wrong ??= { path: resolved.path, file: resolved.file, via: "" };
    }
    return { path: name, ...(wrong === undefined ? {} : { wrong }) };
  }

  /** Where an object's libraries are looked for, in order. */
  #directories(object: Loaded, isMusl: boolean): string[] {
    const runpath = dynamicOf(object.file)?.runpath;
    const environment = split(environmentValue(this.#environment, "LD_LIBRARY_PATH"));
    if (isMusl) {
      const inherited = ancestors(object).flatMap((one) => this.#expand(runPaths(one), one));
      return [...environment, ...inherited, ...this.#muslDirectories()];
    }
    // An object with DT_RUNPATH ignores DT_RPATH, its own and that of the objects that loaded it.
    const inherited =
      runpath === undefined
        ? ancestors(object).flatMap((one) => (dynamicOf(one.file)?.runpath === undefined ? this.#rpaths(one) : []))
        : [];
    return [...inherited, ...environment, ...this.#expand(split(runpath), object), ...this.#glibcDirectories()];
  }

  #rpaths(object: Loaded): string[] {
    return this.#expand(split(dynamicOf(object.file)?.rpath), object);
  }

  /** Replaces `$ORIGIN`, `$LIB` and `$PLATFORM` (ld.so(8)); `$LIB` is each of the names that distributions give it. */
  #expand(paths: readonly string[], object: Loaded): string[] {
    const { triplet, machine } = this.#expected.architecture;
    const origins = new Set([object.name ?? object.path, object.path].map(parentPath));
    return paths
      .flatMap((path) => expansions(path, /\$(?:ORIGIN|\{ORIGIN\})/g, [...origins]))
      .flatMap((path) => expansions(path, /\$(?:PLATFORM|\{PLATFORM\})/g, [machine]))
      .flatMap((path) => expansions(path, /\$(?:LIB\b|\{LIB\})/g, [`lib/${triplet}`, "lib64", "lib"]));
  }

  #glibcDirectories(): readonly string[] {
    return [...this.configuredDirectories(), ...defaultLibraryDirectories(this.#expected)];
  }

  #muslDirectories(): string[] {
    const name = baseName(this.#expected.architecture.loader.musl).replace(/\.so\.1$/, ".path");
    const text = this.#textOf(`/etc/${name}`);
    return text === undefined
      ? ["/lib", "/usr/local/lib", "/usr/lib"]
      : text.split(/[:\n]/).filter((path) => path !== "");
  }

  /** The folders that `/etc/ld.so.conf` and what it includes name. */
  configuredDirectories(): readonly string[] {
    this.#configured ??= this.#readConfiguration("/etc/ld.so.conf", new Set());
    return this.#configured;
  }

  /** The folders that a configuration file names, and those that it includes; `read` are the files that were read before. */
  #readConfiguration(path: string, read: Set<string>): string[] {
    if (read.has(path) || read.size >= maxConfigured) return [];
    read.add(path);
    const directories: string[] = [];
    for (const line of (this.#textOf(path) ?? "").split("\n")) {
      const [word = "", pattern = ""] = line.replace(/#.*/, "").trim().split(/\s+/);
      if (word === "include") {
        const glob = pattern.startsWith("/") ? pattern : `/etc/${pattern}`;
        const folder = parentPath(glob);
        for (const name of this.#view.list(folder).sort()) {
          const included = `${folder}/${name}`;
          if (matchesGlob(glob, included)) directories.push(...this.#readConfiguration(included, read));
        }
      } else if (word.startsWith("/")) directories.push(word);
    }
    return directories.slice(0, maxConfigured);
  }

  #textOf(path: string): string | undefined {
    const resolved = this.#view.resolve(path);
    return resolved.kind === "file" ? resolved.file.entry.text : undefined;
  }

  /** Files of the right architecture with a library's name, wherever they are. */
  #elsewhere(name: string): readonly string[] {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (const { path, file } of this.#view.files()) {
        if (file.entry.elf === undefined || !isOf(file.entry.elf, this.#expected.architecture)) continue;
        const paths = this.#byName.get(baseName(path));
        if (paths === undefined) this.#byName.set(baseName(path), [path]);
        else paths.push(path);
      }
    }
    return this.#byName.get(name) ?? [];
  }
}

/**
 * The folders that glibc searches by itself, as distributions build it. On 32-bit ARM the ports with soft and with hard float
 * have each their own, whatever the image is declared to be.
 */
export function defaultLibraryDirectories(expected: ExpectedCode): string[] {
  const { name, triplet } = expected.architecture;
  const ports = architectures.filter((row) => row.name === name).map((row) => row.triplet);
  const ofPort = [...new Set([triplet, ...ports])].flatMap((one) => [`/lib/${one}`, `/usr/lib/${one}`]);
  return [...ofPort, "/lib64", "/usr/lib64", "/lib", "/usr/lib"];
}

/** A path with each of the values in a variable's place; the path alone without the variable. */
function expansions(path: string, variable: RegExp, values: readonly string[]): string[] {
  return path.search(variable) === -1 ? [path] : values.map((value) => path.replaceAll(variable, () => value));
}

function dynamicOf(file: ViewFile): ElfDynamic | undefined {
  const dynamic = file.entry.elf?.dynamic;
  return dynamic === "unread" ? undefined : dynamic;
}

function neededBy(file: ViewFile): readonly string[] {
  return dynamicOf(file)?.needed ?? [];
}

/** musl uses whichever of the two an object has. */
function runPaths(object: Loaded): string[] {
  const dynamic = dynamicOf(object.file);
  return split(dynamic?.runpath ?? dynamic?.rpath);
}

/** An object and those that led to it, nearest first. */
function ancestors(object: Loaded): Loaded[] {
  const line: Loaded[] = [];
  for (let one: Loaded | undefined = object; one !== undefined && line.length < maxAncestors; one = one.parent)
    line.push(one);
  return line;
}

function split(paths: string | undefined): string[] {
  return (paths ?? "")
    .split(":")
    .filter((path) => path !== "")
    .slice(0, maxRunPaths);
}
