import { withoutRepeats, type Change } from "./change.ts";

/** Finds the old line of a line of the changed file; undefined for one that a change brought. */
export type OldLine = (path: string, line: number) => number | undefined;

/** How lines moved by changes (which do not overlap, and of which the same one counts once). */
export function oldLines(changes: readonly Change[]): OldLine {
  const byPath = new Map(
    [...Map.groupBy(withoutRepeats(changes), ({ place }) => place.path)].map(
      ([path, all]) => [path, shiftsOf(all)] as const,
    ),
  );
  return (path, line) => {
    let shift = 0;
    for (const each of byPath.get(path) ?? []) {
      const first = each.line + shift;
      if (line < first) break;
      // Lines that were inserted whole have no old line; within a changed stretch the first ones stand for the old ones.
      if (each.added > 0 && each.isInsertion && line < first + each.added) return undefined;
      if (each.added > 0 && !each.isInsertion && line > first && line <= first + each.added) return each.line;
      shift += each.added;
    }
    return line - shift;
  };
}

interface Shift {
  readonly line: number;
  /** Line feeds more than before. */
  readonly added: number;
  readonly isInsertion: boolean;
}

function shiftsOf(changes: readonly Change[]): Shift[] {
  const unique = changes.filter((change, index) => {
    return changes.findIndex((other) => JSON.stringify(other) === JSON.stringify(change)) === index;
  });
  return unique
    .toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
    .map(({ place, text }) => ({
      line: place.line,
      added: text.split("\n").length - 1 - (place.endLine - place.line),
      isInsertion: place.column === 1 && place.endLine === place.line && place.endColumn === 1 && text.endsWith("\n"),
    }));
}
