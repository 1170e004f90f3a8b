import { columnsOf, type Style, truncate, wrap } from "./style.ts";

/** One cell: a text without escape sequences, and the function of a {@link Style} that paints it. */
export type Cell = string | { readonly text: string; readonly paint: Style[keyof Style] };

/** Columns between two cells. */
const gap = 2;

/** A column is not made narrower than this to fit the terminal. */
const narrowest = 10;

/**
 * Lines of a table with aligned columns, under a header when one is given. Where it is wider than `columns` of the terminal the widest
 * columns are made narrower and their cells broken into lines. Trailing spaces are left out.
 */
export function formatTable(
  rows: readonly (readonly Cell[])[],
  options: { readonly columns: number; readonly style: Style; readonly header?: readonly string[] },
): string[] {
  const { style, header } = options;
  const heading: Cell[] = (header ?? []).map((text) => ({ text, paint: style.bold }));
  const all: readonly (readonly Cell[])[] = header ? [heading, ...rows] : rows;
  const widths = fit(naturalWidths(all), options.columns);
  return all.flatMap((row) => formatRow(row, widths));
}

function naturalWidths(rows: readonly (readonly Cell[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, columnsOf(textOf(cell)));
    });
  }
  return widths;
}

/** Takes from the widest column again and again, until all fit or none may shrink further. */
function fit(natural: readonly number[], columns: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, widths.length - 1) - columns;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= narrowest) break;
    const index = widths.indexOf(widest);
    const second = Math.max(narrowest, ...widths.filter((_, other) => other !== index));
    const taken = Math.min(excess, Math.max(1, widest - second), widest - narrowest);
    widths[index] = widest - taken;
    excess -= taken;
  }
  return widths;
}

function formatRow(row: readonly Cell[], widths: readonly number[]): string[] {
  const cells = row.map((cell, index) => {
    const width = widths[index] ?? 0;
    const text = textOf(cell);
    return { width, lines: columnsOf(text) <= width ? [text] : wrap(text, width), cell };
  });
  const height = Math.max(1, ...cells.map(({ lines }) => lines.length));
  return Array.from({ length: height }, (_, line) => {
    let printed = "";
    let used = 0;
    let end = 0;
    for (const { width, lines, cell } of cells) {
      const text = truncate(lines[line] ?? "", width);
      if (text !== "") {
        printed += " ".repeat(end - used) + (typeof cell === "string" ? text : cell.paint(text));
        used = end + columnsOf(text);
      }
      end += width + gap;
    }
    return printed;
  });
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}
