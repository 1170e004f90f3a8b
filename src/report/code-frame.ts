import { columnsOf, printable, type Style } from "./style.ts";

/** A stretch of one line that is wrong; columns count from 1, the end is the column after the last character. */
export interface FrameMark {
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

/** Lines of a frame at most. */
const maxLines = 6;

/** Columns that are kept before the first mark of a long line. */
const lead = 30;

/**
 * Lines of a file with carets under what is wrong; marks of one line are joined, and lines that are longer than the terminal are cut to the part with the marks.
 *
 * @param lines numbers of lines that are shown besides those with marks
 */
export function formatCodeFrame(
  text: string,
  marks: readonly FrameMark[],
  {
    lines = [],
    style,
    columns,
  }: { readonly lines?: readonly number[]; readonly style: Style; readonly columns: number },
): string[] {
  const source = text.split(/\r?\n/);
  const numbers = [...new Set([...lines, ...marks.map(({ line }) => line)])]
    .filter((number) => source[number - 1] !== undefined)
    .toSorted((a, b) => a - b)
    .slice(0, maxLines);
  const width = Math.max(...numbers.map((number) => String(number).length));
  return numbers.flatMap((number, index) => {
    const own = marks.filter(({ line }) => line === number).toSorted((a, b) => a.column - b.column);
    const gap = index > 0 && (numbers[index - 1] ?? 0) < number - 1;
    return [
      ...(gap ? [style.dim(`${" ".repeat(width)} …`)] : []),
      ...formatLine(source[number - 1] ?? "", own, {
        head: style.dim(`${String(number).padStart(width)} |`),
        below: style.dim(`${" ".repeat(width)} |`),
        style,
        room: Math.max(20, columns - width - 3),
      }),
    ];
  });
}

function formatLine(
  line: string,
  marks: readonly FrameMark[],
  {
    head,
    below,
    style,
    room,
  }: { readonly head: string; readonly below: string; readonly style: Style; readonly room: number },
): string[] {
  const from = startOf(line, marks[0]?.column ?? 1, room);
  const cut = from > 0 ? "…" : "";
  const visible = line.slice(from);
  const shown = visible.length + cut.length > room ? `${visible.slice(0, room - cut.length - 1)}…` : visible;
  const frame = [`${head} ${printable(cut + shown)}`];
  const carets = caretsOf(cut + shown, marks, from - cut.length);
  return carets === "" ? frame : [...frame, `${below} ${style.red(carets)}`];
}

/** The first character that is shown: the line's own, unless the mark would not be seen then. */
function startOf(line: string, column: number, room: number): number {
  if (line.length <= room || column + lead <= room) return 0;
  return Math.min(Math.max(0, column - 1 - lead), line.length - Math.floor(room / 2));
}

function caretsOf(shown: string, marks: readonly FrameMark[], from: number): string {
  let carets = "";
  for (const { column, endColumn } of marks) {
    const start = column - 1 - from;
    const end = Math.min(Math.max(endColumn - 1 - from, start + 1), shown.length);
    if (start < 0 || start >= Math.max(1, shown.length)) continue;
    const at = columnsOf(printable(shown.slice(0, start)));
    const used = columnsOf(carets);
    if (at < used) continue;
    carets += " ".repeat(at - used) + "^".repeat(Math.max(1, columnsOf(printable(shown.slice(start, end)))));
  }
  return carets;
}
