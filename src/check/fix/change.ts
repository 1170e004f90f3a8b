import type { Edit } from "../../finding/finding.ts";
import { lineStarts, type Place } from "../place.ts";

/** One replacement of a stretch of a file by a text; an empty stretch is an insertion. Places are those of the file as it is. */
export interface Change {
  readonly place: Place;
  readonly text: string;
  /** Set for a declaration that is needed once: of several changes with the same key the first one of the file is made. */
  readonly once?: string;
}

/** Changes without the declarations that an earlier one in the file makes needless. */
export function withoutRepeats(changes: readonly Change[]): readonly Change[] {
  const first = new Map<string, Change>();
  for (const change of changes) {
    if (change.once === undefined) continue;
    const known = first.get(change.once);
    if (known === undefined || change.place.line < known.place.line) first.set(change.once, change);
  }
  return changes.filter((change) => change.once === undefined || first.get(change.once) === change);
}

/** Inserts whole lines before a line; `text` is without its final line feed. */
export function insertLines(path: string, line: number, text: string): Change {
  return { place: { path, line, column: 1, endLine: line, endColumn: 1 }, text: `${text}\n` };
}

/** Offsets of a place in the text of its file; undefined when the text has no such place. */
export function offsetsOf(
  place: Place,
  text: string,
  starts = lineStarts(text),
): readonly [start: number, end: number] | undefined {
  const offset = (line: number, column: number): number | undefined => {
    const start = starts[line - 1];
    // One line behind the last is the end of the file: something may be added there.
    if (start === undefined) return line === starts.length + 1 && column === 1 ? text.length : undefined;
    const at = start + column - 1;
    return at <= text.length ? at : undefined;
  };
  const start = offset(place.line, place.column);
  const end = offset(place.endLine, place.endColumn);
  return start === undefined || end === undefined || end < start ? undefined : [start, end];
}

/**
 * The texts of files after changes. The same change twice counts once (two mistakes may need the same `ARG`).
 *
 * @returns a text by path, or the two changes that contradict each other.
 */
export function applyChanges(
  changes: readonly Change[],
  textOf: (path: string) => string | undefined,
): { readonly texts: ReadonlyMap<string, string> } | { readonly conflict: readonly [Change, Change] } {
  const texts = new Map<string, string>();
  for (const [path, all] of Map.groupBy(withoutRepeats(changes), ({ place }) => place.path)) {
    const text = textOf(path) ?? "";
    const starts = lineStarts(text);
    const placed = all
      .flatMap((change) => {
        const offsets = offsetsOf(change.place, text, starts);
        return offsets === undefined ? [] : [{ change, start: offsets[0], end: offsets[1] }];
      })
      .toSorted((a, b) => a.start - b.start || a.end - b.end);
    const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
    let result = "";
    let at = 0;
    let last: (typeof placed)[number] | undefined;
    for (const each of placed) {
      if (last !== undefined && isSame(last.change, each.change)) continue;
      if (last !== undefined && each.start < last.end) return { conflict: [last.change, each.change] };
      result += text.slice(at, each.start) + each.change.text.replaceAll(/\r?\n/g, lineEnd);
      at = each.end;
      last = each;
    }
    texts.set(path, result + text.slice(at));
  }
  return { texts };
}

function isSame(a: Change, b: Change): boolean {
  return (
    a.text === b.text &&
    a.place.line === b.place.line &&
    a.place.column === b.place.column &&
    a.place.endLine === b.place.endLine &&
    a.place.endColumn === b.place.endColumn
  );
}

/** Changes as replacements of whole lines, which is what findings carry and SARIF takes; changes in the same lines become one. */
export function editsOf(changes: readonly Change[], textOf: (path: string) => string | undefined): Edit[] {
  return [...Map.groupBy(withoutRepeats(changes), ({ place }) => place.path)].flatMap(([path, all]) => {
    const text = textOf(path);
    if (text === undefined)
      return [{ path, startLine: 1, endLine: 0, text: all.map((change) => change.text).join("") }];
    const lines = text.split("\n");
    const ranges: { start: number; end: number; changes: Change[] }[] = [];
    for (const change of all.toSorted((a, b) => a.place.line - b.place.line)) {
      const start = Math.min(change.place.line, lines.length);
      const last = ranges.at(-1);
      if (last !== undefined && start <= last.end) {
        last.end = Math.max(last.end, Math.min(change.place.endLine, lines.length));
        last.changes.push(change);
      } else
        ranges.push({ start, end: Math.max(start, Math.min(change.place.endLine, lines.length)), changes: [change] });
    }
    return ranges.flatMap(({ start, end, changes: own }): Edit[] => {
      const whole = lines.slice(start - 1, end).join("\n");
      const moved = own.map(({ place, text: to }) => ({
        place: { ...place, line: place.line - start + 1, endLine: place.endLine - start + 1 },
        text: to,
      }));
      const applied = applyChanges(moved, () => `${whole}\n`);
      if ("conflict" in applied) return [];
      const changed = applied.texts.get(path) ?? whole;
      return [{ path, startLine: start, endLine: end, text: changed.replace(/\n$/, "") }];
    });
  });
}
