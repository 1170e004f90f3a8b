/** How a character looks. */
export interface Look {
  readonly bold: boolean;
  readonly dim: boolean;
  /** Foreground colour of ECMA-48, 30 to 37; absent is the terminal's own. */
  readonly color?: number;
}

/** One character of the screen. */
export interface Cell {
  readonly character: string;
  readonly look: Look;
}

/** One line of the screen; columns that nothing was written to are spaces. */
export type Row = readonly Cell[];

const plain: Look = { bold: false, dim: false };

/**
 * A terminal that keeps what is on its screen. It understands what Archway and simple tools write: line ends, cursor up, erasing to the end of a line,
 * colours and weights; other escape sequences are passed over. Lines break at the right edge and scroll away at the top.
 */
export class Screen {
  readonly columns: number;
  readonly rows: number;
  #lines: Cell[][] = [[]];
  #row = 0;
  #column = 0;
  #look = plain;
  /** An escape sequence whose end has not come yet. */
  #pending = "";

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    const all = this.#pending + text;
    const cut = /\u001B(?:\[[\d;?]*)?$/.exec(all)?.index ?? all.length;
    this.#pending = all.slice(cut);
    for (const [token] of all.slice(0, cut).matchAll(/\u001B\[[\d;?]*[A-Za-z]|[^]/gu)) this.#take(token);
  }

  /** What a person sees now, from the top. */
  snapshot(): readonly Row[] {
    return this.#lines.map((line) => [...line]);
  }

  #take(token: string): void {
    if (token === "\r") this.#column = 0;
    else if (token === "\n") this.#lineFeed();
    else if (token.startsWith("\u001B[")) this.#control(token.slice(2, -1), token.at(-1) ?? "");
    else if (token >= " ") this.#put(token);
  }

  #control(parameters: string, final: string): void {
    if (final === "A") this.#row = Math.max(0, this.#row - Number(parameters || 1));
    else if (final === "K" && (parameters === "" || parameters === "0")) this.#line().length = this.#column;
    else if (final === "m") for (const code of parameters.split(";")) this.#paint(Number(code));
  }

  #paint(code: number): void {
    const { color, ...weight } = this.#look;
    const kept = color === undefined ? {} : { color };
    if (code === 0) this.#look = plain;
    else if (code === 1) this.#look = { ...this.#look, bold: true };
    else if (code === 2) this.#look = { ...this.#look, dim: true };
    else if (code === 22) this.#look = { ...kept, bold: false, dim: false };
    else if (code === 39) this.#look = weight;
    else if (code >= 30 && code <= 37) this.#look = { ...weight, color: code };
  }

  #put(character: string): void {
    if (this.#column === this.columns) {
      this.#lineFeed();
      this.#column = 0;
    }
    const line = this.#line();
    while (line.length < this.#column) line.push({ character: " ", look: plain });
    line[this.#column] = { character, look: this.#look };
    this.#column += 1;
  }

  #lineFeed(): void {
    this.#row += 1;
    if (this.#row === this.#lines.length) this.#lines.push([]);
    if (this.#lines.length > this.rows) {
      this.#lines.shift();
      this.#row -= 1;
    }
  }

  #line(): Cell[] {
    return this.#lines[this.#row] ?? [];
  }
}
