import type { LayerEntry, LayerFacts } from "../layer/facts.ts";
import { directoryAt, layerTree, putNode } from "./layer-tree.ts";
import type { ViewDirectory, ViewFile } from "./view-node.ts";
import { baseName, emptyDirectory, parentPath, StepBudget, walk } from "./view-node.ts";

export type { ViewFile } from "./view-node.ts";
export { baseName, parentPath } from "./view-node.ts";

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

/**
 * Names that are passed while one image is merged and looked up: an image of 160,000 files takes 3 million.
 */
const defaultMaxSteps = 100_000_000;

/**
 * The file system that an image's layers make. Engines differ in details (test/e2e/verify-overlay.test.ts compares them); this one follows
 * containerd with its overlay file system, which is what Docker, Kubernetes and Buildah show a container: each layer is unpacked on its own,
 * then stacked. A directory over a directory keeps its content unless it is opaque; anything else replaces the path with all under it, also a
 * directory that only a longer path implies: `lib/x` over the symlink `lib` makes a directory of it. Whiteouts and opaque directories hide
 * lower layers alone. Hard links share the file. What engines refuse to unpack is merged as the specification says (image-spec, layer.md); a
 * hard link to a lower layer finds its file. Paths are absolute.
 */
export class FileSystemView {
  readonly #root: ViewDirectory = emptyDirectory();
  readonly #dangling: DanglingLink[] = [];
  readonly #budget: StepBudget;

  /** Merges layers, lowest first. Throws `LAYER_UNSUPPORTED`, as lookups do, when it takes too many steps. */
  constructor(layers: readonly Pick<LayerFacts, "entries">[], maxSteps = defaultMaxSteps) {
    this.#budget = new StepBudget(maxSteps);
    layers.forEach((layer, index) => this.#apply(layer.entries, index));
  }

  /** Hard links to nothing. */
  get danglingLinks(): readonly DanglingLink[] {
    return this.#dangling;
  }

  /** Follows a path, and every symlink in it, inside the root; a relative path begins at the root. */
  resolve(path: string): Resolution {
    const found = walk(this.#root, path, true, this.#budget);
    const at = `/${found.trail.join("/")}`;
    const { node } = found;
    if (node === undefined) return { kind: found.failure, path: at };
    if (node.kind === "file") return { kind: "file", path: at, file: node };
    // A symlink is only left over where the last one is not followed.
    return { kind: node.kind === "directory" ? "directory" : "special", path: at };
  }

  /** Names in a directory; empty when the path leads to none. */
  list(path: string): string[] {
    const { node } = walk(this.#root, path, true, this.#budget);
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
    const { root, unresolved } = layerTree(entries, layer, this.#budget);
    stack(root, this.#root, this.#budget);
    for (const { path, target = "" } of unresolved) {
      const { node } = walk(this.#root, target, false, this.#budget);
      if (node === undefined || node.kind === "directory") {
        this.#dangling.push({ path: `/${path}`, target: `/${target}`, layer });
      } else putNode(directoryAt(this.#root, parentPath(path), this.#budget), baseName(path), node);
    }
  }
}

/** Stacks the tree of a layer on what lower layers made. The root itself cannot be opaque: overlayfs does not look at the mark there. */
function stack(layer: ViewDirectory, merged: ViewDirectory, budget: StepBudget): void {
  // Not by recursion: links let trees of strangers nest deeper than the call stack.
  const pending: (readonly [upper: ViewDirectory, lower: ViewDirectory])[] = [[layer, merged]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [upper, { children }] = next;
    budget.take(1 + upper.children.size);
    for (const [name, node] of upper.children) {
      if (node.kind === "whiteout") children.delete(name);
      else if (node.kind === "directory") {
        const there = children.get(name);
        const kept = there?.kind === "directory" && !node.opaque ? there : emptyDirectory();
        if (kept !== there) children.set(name, kept);
        pending.push([node, kept]);
      } else children.set(name, node);
    }
  }
}
