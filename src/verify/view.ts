import type { LayerEntry, LayerFacts } from "./facts.ts";
import { layerUnsupported } from "./layer-error.ts";

/** A file of the merged file system: its facts, and the position of the layer that holds its content. */
export interface ViewFile {
  readonly kind: "file";
  readonly entry: LayerEntry;
  readonly layer: number;
}

interface ViewSymlink {
  readonly kind: "symlink";
  readonly target: string;
  readonly layer: number;
}

/** A device or a fifo. */
interface ViewSpecial {
  readonly kind: "special";
  readonly layer: number;
}

interface ViewDirectory {
  readonly kind: "directory";
  readonly children: Map<string, ViewNode>;
}

type ViewNode = ViewFile | ViewSymlink | ViewSpecial | ViewDirectory;

/** What a path leads to once every symlink is followed inside the root. */
export type Resolution =
  | { readonly kind: "file"; readonly path: string; readonly file: ViewFile }
  | { readonly kind: "directory" | "special"; readonly path: string }
  /** `path`: where it ended: the name that is not there, the link that goes in circles, or the file that is no directory. */
  | { readonly kind: "missing" | "loop" | "not-a-directory"; readonly path: string };

/** A hard link whose target is in none of the layers; engines refuse to unpack it. */
export interface DanglingLink {
  readonly path: string;
  readonly target: string;
  readonly layer: number;
}

/** Linux follows as many symlinks in one path (MAXSYMLINKS). */
const maxLinks = 40;

/**
 * Names that all lookups of one image may pass together: an image of 160,000 files takes 3 million. Layers made of links to
 * links could keep a reader busy for days.
 */
const defaultMaxSteps = 100_000_000;

const whiteout = ".wh.";
const opaque = ".wh..wh..opq";

/**
 * The file system that an engine would make of an image's layers (OCI image-spec, layer.md): whiteouts and opaque directories
 * hide what lower layers have and never what their own layer has, wherever in the archive they stand; a directory over a
 * directory keeps its content, anything else replaces the path with all under it; hard links share the file, also one of a
 * lower layer. Paths are absolute.
 */
export class FileSystemView {
  readonly #root: ViewDirectory = emptyDirectory();
  readonly #dangling: DanglingLink[] = [];
  readonly #maxSteps: number;
  #steps = 0;

  /** Merges layers, lowest first. Throws `LAYER_UNSUPPORTED`, as lookups do, when their links need too many steps. */
  constructor(layers: readonly Pick<LayerFacts, "entries">[], maxSteps = defaultMaxSteps) {
    this.#maxSteps = maxSteps;
    layers.forEach((layer, index) => this.#apply(layer.entries, index));
  }

  /** Hard links to nothing. */
  get danglingLinks(): readonly DanglingLink[] {
    return this.#dangling;
  }

  /** Follows a path, and every symlink in it, inside the root; a relative path begins at the root. */
  resolve(path: string): Resolution {
    const found = this.#walk(path, true);
    const at = `/${found.trail.join("/")}`;
    const { node } = found;
    if (node === undefined) return { kind: found.failure, path: at };
    if (node.kind === "file") return { kind: "file", path: at, file: node };
    // A symlink is only left over where the last one is not followed.
    return { kind: node.kind === "directory" ? "directory" : "special", path: at };
  }

  /** Names in a directory; empty when the path leads to none. */
  list(path: string): string[] {
    const { node } = this.#walk(path, true);
    return node?.kind === "directory" ? [...node.children.keys()] : [];
  }

  /** Every path of a regular file, hard links each by their own path; symlinks are not followed. */
  *files(): Generator<{ readonly path: string; readonly file: ViewFile }, void, void> {
    const pending: (readonly [path: string, directory: ViewDirectory])[] = [["", this.#root]];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const [path, directory] = next;
      for (const [name, node] of directory.children) {
        if (node.kind === "directory") pending.push([`${path}/${name}`, node]);
        else if (node.kind === "file") yield { path: `${path}/${name}`, file: node };
      }
    }
  }

  #apply(entries: readonly LayerEntry[], layer: number): void {
    for (const { path } of entries) this.#applyWhiteout(path);
    let pending: LayerEntry[] = [];
    for (const entry of entries) {
      if (isWhiteout(entry.path) || this.#put(entry, layer)) continue;
      pending.push(entry);
    }
    // Links that came before their targets; a link to such a link takes another round.
    for (let left = Number.POSITIVE_INFINITY; pending.length > 0 && pending.length < left;) {
      left = pending.length;
      pending = pending.filter((entry) => !this.#put(entry, layer));
    }
    for (const { path, target = "" } of pending) this.#dangling.push({ path: `/${path}`, target: `/${target}`, layer });
  }

  #applyWhiteout(path: string): void {
    const name = baseName(path);
    if (!name.startsWith(whiteout)) return;
    const { node } = this.#walk(parentPath(path), true);
    if (node?.kind !== "directory") return;
    if (name === opaque) node.children.clear();
    // AUFS's own files (`.wh..wh.plnk`) would hide names with the prefix, which nothing has.
    else node.children.delete(name.slice(whiteout.length));
  }

  /** Puts an entry in its place; false for a hard link whose target is not there (yet). */
  #put(entry: LayerEntry, layer: number): boolean {
    if (entry.path === "") return true;
    const node = this.#nodeOf(entry, layer);
    if (node === undefined) return false;
    const { children } = this.#directoryAt(parentPath(entry.path));
    const name = baseName(entry.path);
    if (node.kind === "directory" && children.get(name)?.kind === "directory") return true;
    children.set(name, node);
    return true;
  }

  #nodeOf(entry: LayerEntry, layer: number): ViewNode | undefined {
    switch (entry.type) {
      case "file":
        return { kind: "file", entry, layer };
      case "directory":
        return emptyDirectory();
      case "symlink":
        return { kind: "symlink", target: entry.target ?? "", layer };
      case "hardlink": {
        const { node } = this.#walk(entry.target ?? "", false);
        return node?.kind === "directory" ? undefined : node;
      }
      case "character":
      case "block":
      case "fifo":
        return { kind: "special", layer };
    }
  }

  /**
   * The directory at a path, made where it is missing. A symlink on the way is followed when it leads to a directory, as
   * containerd does; what is no directory is replaced by one.
   */
  #directoryAt(path: string): ViewDirectory {
    const found = this.#walk(path, true);
    if (found.node?.kind === "directory") return found.node;
    let directory = this.#root;
    let prefix = "";
    for (const name of path.split("/")) {
      if (name === "") continue;
      prefix = `${prefix}/${name}`;
      const there = directory.children.get(name);
      const followed = there?.kind === "symlink" ? this.#walk(prefix, true).node : there;
      const next = followed?.kind === "directory" ? followed : emptyDirectory();
      if (next !== followed) directory.children.set(name, next);
      directory = next;
    }
    return directory;
  }

  /**
   * Walks a path by its names. `trail` are the names of where it ended, without symlinks; `node` is absent when it leads
   * nowhere. The last name is followed only when `followLast` says so.
   */
  #walk(path: string, followLast: boolean): Walk {
    const pending = namesOf(path).reverse();
    let trail: string[] = [];
    let directories: ViewDirectory[] = [this.#root];
    let links = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (++this.#steps > this.#maxSteps) throw layerUnsupported("its links lead through too many others");
      if (name === "..") {
        trail.pop();
        if (directories.length > 1) directories.pop();
        continue;
      }
      const node = directories.at(-1)?.children.get(name);
      if (node?.kind === "symlink" && (followLast || pending.length > 0)) {
        if (++links > maxLinks) return { trail: [...trail, name], failure: "loop" };
        if (node.target.startsWith("/")) {
          trail = [];
          directories = [this.#root];
        }
        pending.push(...namesOf(node.target).reverse());
        continue;
      }
      trail.push(name);
      if (node === undefined) return { trail, failure: "missing" };
      if (node.kind === "directory") directories.push(node);
      else return pending.length > 0 ? { trail, failure: "not-a-directory" } : { trail, node };
    }
    return { trail, node: directories.at(-1) ?? this.#root };
  }
}

type Walk =
  | { readonly trail: readonly string[]; readonly node: ViewNode }
  | {
      readonly trail: readonly string[];
      readonly node?: undefined;
      readonly failure: "missing" | "loop" | "not-a-directory";
    };

function emptyDirectory(): ViewDirectory {
  return { kind: "directory", children: new Map() };
}

function isWhiteout(path: string): boolean {
  return baseName(path).startsWith(whiteout);
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** The last name of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A path without its last name; of `/name` and `name` it is "". */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
