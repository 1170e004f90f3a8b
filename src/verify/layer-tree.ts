import type { LayerEntry } from "./facts.ts";
import type { StepBudget, ViewDirectory, ViewNode } from "./view-node.ts";
import { emptyDirectory, maxLinks, namesOf, walk } from "./view-node.ts";

const whiteout = ".wh.";
const opaque = ".wh..wh..opq";

/** One layer unpacked on its own. */
export interface LayerTree {
  readonly root: ViewDirectory;
  /** Hard links whose target is not in this layer. */
  readonly unresolved: readonly LayerEntry[];
}

/**
 * Unpacks one layer into a tree of its own, as containerd, Docker and Buildah do before the kernel's overlay stacks it on the others: so a
 * symlink in a path is followed when it is in the same layer, and not when it is in a lower one.
 */
export function layerTree(entries: readonly LayerEntry[], layer: number, budget: StepBudget): LayerTree {
  const root = emptyDirectory();
  const folders = new LastFolder(root, budget);
  const put = (entry: LayerEntry) => putEntry(root, folders, entry, layer, budget);
  let pending = entries.filter((entry) => !put(entry));
  // Links that came before their targets, which engines refuse; a link to such a link takes another round.
  for (let left = Number.POSITIVE_INFINITY; pending.length > 0 && pending.length < left;) {
    left = pending.length;
    pending = pending.filter((entry) => !put(entry));
  }
  return { root, unresolved: pending };
}

/** Remembers the directory of the last entry: archives list what is in a folder one after the other. */
class LastFolder {
  readonly #root: ViewDirectory;
  readonly #budget: StepBudget;
  #path: string | undefined;
  #directory: ViewDirectory;

  constructor(root: ViewDirectory, budget: StepBudget) {
    this.#root = root;
    this.#directory = root;
    this.#budget = budget;
  }

  at(path: string): ViewDirectory {
    if (path === this.#path) return this.#directory;
    this.#directory = directoryAt(this.#root, path, this.#budget);
    this.#path = path;
    return this.#directory;
  }

  /** Something was replaced: the same path may lead elsewhere now. */
  forget(): void {
    this.#path = undefined;
  }
}

/** Puts an entry in its place; false for a hard link whose target is not there (yet). */
function putEntry(
  root: ViewDirectory,
  folders: LastFolder,
  entry: LayerEntry,
  layer: number,
  budget: StepBudget,
): boolean {
  const { path } = entry;
  if (path === "") return true;
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  const parent = slash === -1 ? "" : path.slice(0, slash);
  if (name.startsWith(whiteout)) {
    putWhiteout(folders.at(parent), name);
    return true;
  }
  const node = nodeOf(root, entry, layer, budget);
  if (node === undefined) return false;
  const directory = folders.at(parent);
  if (directory.children.has(name)) folders.forget();
  putNode(directory, name, node);
  return true;
}

/** A directory over a directory is the one that was there, with its content; anything else replaces what was there. */
export function putNode({ children }: ViewDirectory, name: string, node: ViewNode): void {
  if (node.kind === "directory" && children.get(name)?.kind === "directory") return;
  children.set(name, node);
}

/**
 * Marks what is hidden. Where the layer has something of this name, containerd refuses a whiteout that comes after it; the specification says
 * that it hides lower layers alone (image-spec, layer.md, "Whiteouts").
 */
function putWhiteout(directory: ViewDirectory, name: string): void {
  if (name === opaque) {
    directory.opaque = true;
    return;
  }
  const hidden = name.slice(whiteout.length);
  const own = directory.children.get(hidden);
  if (own?.kind === "directory") own.opaque = true;
  else if (own === undefined && hidden !== "") directory.children.set(hidden, { kind: "whiteout" });
}

function nodeOf(root: ViewDirectory, entry: LayerEntry, layer: number, budget: StepBudget): ViewNode | undefined {
  switch (entry.type) {
    case "file":
      return { kind: "file", entry, layer };
    case "directory":
      return emptyDirectory();
    case "symlink":
      return { kind: "symlink", target: entry.target ?? "", layer };
    case "hardlink": {
      const { node } = walk(root, entry.target ?? "", false, budget);
      return node?.kind === "directory" ? undefined : node;
    }
    case "character":
    case "block":
    case "fifo":
      return { kind: "special", layer };
  }
}

/**
 * The directory at a path. What is missing is made, also behind a symlink that leads to nothing (containerd, `fs.RootPath` and `mkparent`).
 * Where engines refuse to unpack, at a file or at links in circles, a directory takes the place.
 */
export function directoryAt(root: ViewDirectory, path: string, budget: StepBudget): ViewDirectory {
  const pending = namesOf(path).reverse();
  let directories: ViewDirectory[] = [root];
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    budget.take(1);
    if (name === "..") {
      if (directories.length > 1) directories.pop();
      continue;
    }
    const { children } = directories.at(-1) ?? root;
    const node = children.get(name);
    if (node?.kind === "symlink" && ++links <= maxLinks) {
      if (node.target.startsWith("/")) directories = [root];
      pending.push(...namesOf(node.target).reverse());
      continue;
    }
    const directory = node?.kind === "directory" ? node : emptyDirectory();
    if (directory !== node) {
      // What a whiteout or a file hid stays hidden.
      directory.opaque = node !== undefined;
      children.set(name, directory);
    }
    directories.push(directory);
  }
  return directories.at(-1) ?? root;
}
