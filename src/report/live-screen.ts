import { columnsOf } from "./style.ts";

/** A terminal to draw on: `process.stderr` is one. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/**
 * Synchronized output: the terminal shows a frame when it is complete; terminals that do not know it pass it over. Lines are not wrapped meanwhile: a terminal may take a
 * character for wider than we do.
 */
const beginFrame = "\u001B[?2026h\u001B[?7l";
const endFrame = "\u001B[?7h\u001B[?2026l";
const eraseLineEnd = "\u001B[K";

/**
 * A block of lines at the bottom of a terminal that is drawn again and again in place. Lines must be shorter than the terminal is wide and
 * fewer than it is high. The cursor rests under the block, so text of others lands below it and never inside.
 */
export class LiveScreen {
  readonly #terminal: Terminal;
  #lines: readonly string[] = [];
  /** The size for which the lines were drawn. */
  #columns: number;
  #rows: number;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#columns = this.columns;
    this.#rows = this.rows;
  }

  /** Width of the terminal, 80 when it does not say. */
  get columns(): number {
    return this.#terminal.columns || 80;
  }

  /** Height of the terminal, 24 when it does not say. */
  get rows(): number {
    return this.#terminal.rows || 24;
  }

  /** Shows these lines in place of those before; writes only what changed. */
  draw(lines: readonly string[]): void {
    const resized = this.columns !== this.#columns || this.rows !== this.#rows;
    if (!resized && lines.length === this.#lines.length && lines.every((line, index) => line === this.#lines[index])) {
      return;
    }
    const rows = this.#occupiedRows();
    let frame = beginFrame + moveUp(rows);
    lines.forEach((line, index) => {
      // A line that stands there already is passed over.
      frame += !resized && line === this.#lines[index] ? "\r\n" : `${line}${eraseLineEnd}\r\n`;
    });
    frame += eraseRows(rows - lines.length);
    this.#terminal.write(frame + endFrame);
    this.#keep(lines);
  }

  /** Writes text that stays above the block. */
  print(text: string): void {
    const shown = this.#lines;
    this.clear();
    this.#terminal.write(text.endsWith("\n") ? text : `${text}\n`);
    this.draw(shown);
  }

  /** Takes the block away. */
  clear(): void {
    const rows = this.#occupiedRows();
    if (rows > 0) this.#terminal.write(moveUp(rows) + eraseRows(rows));
    this.#keep([]);
  }

  #keep(lines: readonly string[]): void {
    this.#lines = lines;
    this.#columns = this.columns;
    this.#rows = this.rows;
  }

  /**
   * Rows from the first of the block that is on the screen to the cursor: a terminal that became narrower has broken lines into several rows,
   * and one that became lower has moved the first ones out of reach.
   */
  #occupiedRows(): number {
    const rows = this.#lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / this.columns)), 0);
    return Math.min(rows, this.rows - 1);
  }
}

function moveUp(rows: number): string {
  return rows > 0 ? `\r\u001B[${rows}A` : "\r";
}

/**
 * Erases rows from the cursor's on, and returns to it. Row by row: to erase "everything below" makes some terminals keep a copy of
 * the block among the lines that have scrolled away.
 */
function eraseRows(rows: number): string {
  return rows > 0 ? `${eraseLineEnd}\r\n`.repeat(rows) + moveUp(rows) : "";
}
