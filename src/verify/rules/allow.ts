import type { Finding } from "../../finding/finding.ts";
import { matchesGlob } from "../chain/glob.ts";

/** A file that is meant to be as it is: findings about it are notes. There is no switch for a whole image or rule. */
export interface AllowedPath {
  /** Glob of absolute paths in the image: `*` and `?` within a name, `**` over names. */
  readonly path: string;
  readonly reason: string;
}

/**
 * The user's exceptions while one image is judged. A finding that stands for several files is made of those that no exception covers;
 * the others get notes of their own, so that an exception for one file never hides another.
 */
export class Exceptions {
  readonly #allowed: readonly AllowedPath[];
  readonly #used = new Set<AllowedPath>();

  constructor(allowed: readonly AllowedPath[]) {
    this.#allowed = allowed;
  }

  /** The exceptions that made a note of a finding until now. */
  get used(): readonly AllowedPath[] {
    return [...this.#used];
  }

  /** Whether a file is meant to be as it is. Asking does not count as use. */
  covers(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  /** A finding about one file, as a note when an exception covers it; structural findings (about no file) stay. */
  apply(finding: Finding): Finding {
    if (finding.severity === "note" || finding.path === "/") return finding;
    const exception = this.#find(finding.path);
    return exception === undefined ? finding : this.#allow(finding, [exception]);
  }

  /**
   * Makes findings that stand for many items: of those that stay judged, and for each reason of those that are allowed, as notes.
   *
   * @param pathsOf the files that an item is about: it is allowed when all of them are
   * @param make makes the findings of some of the items
   */
  fold<Item>(
    items: readonly Item[],
    pathsOf: (item: Item) => readonly string[],
    make: (items: readonly Item[]) => readonly Finding[],
  ): Finding[] {
    const judged: Item[] = [];
    const byReason = new Map<string, { readonly items: Item[]; readonly exceptions: AllowedPath[] }>();
    for (const item of items) {
      const exceptions = this.#findAll(pathsOf(item));
      if (exceptions.length === 0) {
        judged.push(item);
        continue;
      }
      const reason = reasonOf(exceptions);
      const group = byReason.get(reason) ?? { items: [], exceptions: [] };
      group.items.push(item);
      group.exceptions.push(...exceptions);
      byReason.set(reason, group);
    }
    const allowed = [...byReason.values()].flatMap((group) =>
      make(group.items).map((finding) =>
        finding.severity === "note" ? finding : this.#allow(finding, group.exceptions),
      ),
    );
    return [...(judged.length === 0 ? [] : make(judged)), ...allowed];
  }

  #find(path: string): AllowedPath | undefined {
    return this.#allowed.find((one) => matchesGlob(one.path, path));
  }

  /** An exception for each path; none when one of them has none. */
  #findAll(paths: readonly string[]): readonly AllowedPath[] {
    const found = paths.map((path) => this.#find(path)).filter((one) => one !== undefined);
    return found.length === paths.length ? found : [];
  }

  #allow(finding: Finding, exceptions: readonly AllowedPath[]): Finding {
    for (const exception of exceptions) this.#used.add(exception);
    return allowedNote(finding, reasonOf(exceptions));
  }
}

/** The note that a finding becomes when its files are meant to be as they are. */
export function allowedNote(finding: Finding, reason: string): Finding {
  return { ...finding, severity: "note", message: `${finding.message} Allowed: ${reason}`, allowed: reason };
}

function reasonOf(exceptions: readonly AllowedPath[]): string {
  return [...new Set(exceptions.map(({ reason }) => reason))].join("; ");
}
