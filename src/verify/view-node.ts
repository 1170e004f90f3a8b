import type { LayerEntry } from "./facts.ts";
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

/** Hides what lower layers have under this name; only in the tree of a single layer. */
interface ViewWhiteout {
  readonly kind: "whiteout";
}

/** A directory. */
export interface ViewDirectory {
  readonly kind: "directory";
  readonly children: Map<string, ViewNode>;
  /** Hides what lower layers have in it; only in the tree of a single layer. */
  opaque: boolean;
}

/** What a name leads to. */
export type ViewNode = ViewFile | ViewSymlink | ViewSpecial | ViewWhiteout | ViewDirectory;

/** Linux follows as many symlinks in one path (MAXSYMLINKS). */
export const maxLinks = 40;

/** Bounds the names that are passed: layers made of links to links could keep a reader busy for days. */
export class StepBudget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Throws `LAYER_UNSUPPORTED` when all steps are used up. */
  take(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw layerUnsupported("its links lead through too many others");
  }
}

/** Where a path ended. `trail` are the names of the place, without symlinks. */
export type Walk =
  | { readonly trail: readonly string[]; readonly node: ViewNode }
  | {
      readonly trail: readonly string[];
      readonly node?: undefined;
      readonly failure: "missing" | "loop" | "not-a-directory";
    };

/** Walks a path by its names, following symlinks inside the root; the last name only when `followLast` says so. */
export function walk(root: ViewDirectory, path: string, followLast: boolean, budget: StepBudget): Walk {
  const pending = namesOf(path).reverse();
  let trail: string[] = [];
  let directories: ViewDirectory[] = [root];
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    budget.take(1);
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
        directories = [root];
      }
      pending.push(...namesOf(node.target).reverse());
      continue;
    }
    trail.push(name);
    if (node === undefined) return { trail, failure: "missing" };
    if (node.kind === "directory") directories.push(node);
    else return pending.length > 0 ? { trail, failure: "not-a-directory" } : { trail, node };
  }
  return { trail, node: directories.at(-1) ?? root };
}

/** A directory with nothing in it. */
export function emptyDirectory(): ViewDirectory {
  return { kind: "directory", children: new Map(), opaque: false };
}

/** The names of a path, without empty ones and `.`. */
export function namesOf(path: string): string[] {
  const names = path.split("/");
  // Nearly every path is in normal form, but for a slash at its beginning.
  if (names[0] === "") names.shift();
  return names.includes("") || names.includes(".") ? names.filter((name) => name !== "" && name !== ".") : names;
}

/** The last name of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A path without its last name; of `/name` and `name` it is "". */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
