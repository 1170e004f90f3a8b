/** A stretch of a file of the repository. Lines and columns count from 1; the end is the place after the last character. */
export interface Place {
  /** Relative to the repository, with slashes. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Finds the place of a stretch of a text by its offsets (from 0, UTF-16 code units; the end is exclusive). */
export type Locate = (start: number, end: number) => Place;

/** Offsets of the first character of each line. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let feed = text.indexOf("\n"); feed >= 0; feed = text.indexOf("\n", feed + 1)) starts.push(feed + 1);
  return starts;
}

/** Finds places in the whole text of a file. */
export function locateIn(path: string, text: string): Locate {
  const starts = lineStarts(text);
  const position = (offset: number): readonly [line: number, column: number] => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return [low + 1, offset - (starts[low] ?? 0) + 1];
  };
  return (start, end) => {
    const [line, column] = position(start);
    const [endLine, endColumn] = position(Math.max(start, end));
    return { path, line, column, endLine, endColumn };
  };
}
