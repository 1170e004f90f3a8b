import { columnsOf, type Style, truncate } from "./style.ts";

/** A piece of a line and how it is painted. */
export interface Segment {
  readonly text: string;
  readonly paint?: Style[keyof Style];
}

/** Segments with spaces between them, cut to the columns. */
export function joinSegments(segments: readonly Segment[], columns: number, between = "  "): string {
  let line = "";
  let used = 0;
  for (const { text, paint } of segments) {
    const gap = used === 0 ? "" : between;
    const cut = truncate(text, columns - used - gap.length);
    if (cut.trim() === "") break;
    line += gap + (paint ? paint(cut) : cut);
    used += gap.length + columnsOf(cut);
  }
  return line;
}
