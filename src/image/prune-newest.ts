import type { Digest } from "../oci/descriptor.ts";
import type { GraphRoot, ImageGraph } from "./prune-plan.ts";

/** An image whose age is known. */
export interface DatedImage {
  /** The one of the image's roots whose name counts. */
  readonly root: GraphRoot;
  /** When it was made, milliseconds since the epoch. */
  readonly created: number;
}

/** `v10` is after `v9`; the same everywhere, whatever the language of the machine. */
const names = new Intl.Collator("en", { numeric: true });

/**
 * The images of roots whose age is known, each once: `1.2.3`, `1.2` and `latest` are one release. Of those that are equally old (builds that fix their
 * dates) the one whose name sorts last counts as newest, then the one whose digest does: a count that is asked for is kept exactly.
 */
export function newestFirst(roots: readonly GraphRoot[], nodes: ImageGraph["nodes"]): readonly DatedImage[] {
  const images = new Map<Digest, DatedImage>();
  for (const root of roots) {
    const created = nodes.get(root.digest)?.created;
    const known = images.get(root.digest);
    if (created === undefined || (known !== undefined && compareRoots(known.root, root) > 0)) continue;
    images.set(root.digest, { root, created });
  }
  return [...images.values()].sort((a, b) => b.created - a.created || compareRoots(b.root, a.root));
}

/** Positive when the first counts as newer; what has no name comes after all that has one. */
function compareRoots(a: GraphRoot, b: GraphRoot): number {
  return (
    names.compare(a.name ?? "", b.name ?? "") ||
    compareTexts(a.name ?? "", b.name ?? "") ||
    compareTexts(a.digest, b.digest)
  );
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
