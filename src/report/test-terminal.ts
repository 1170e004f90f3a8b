import type { ProgressOutput } from "./progress.ts";

/** A small terminal for tests that understands what the live view writes: cursor, erasing, scrolling; lines are not wrapped. */
export class TestTerminal implements ProgressOutput {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** What was written, call by call. */
  readonly writes: string[] = [];
  /** Every line since the beginning; the screen is the last `rows` of them. */
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  readonly #listeners = new Set<() => void>();

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): boolean {
    this.writes.push(text);
    for (const [token, up] of text.matchAll(/\x1B\[(?:(\d+)A|[?\d;]*[A-Za-z])|[^\x1B]/gu)) {
      if (up !== undefined) this.#row = Math.max(0, this.#lines.length - this.rows, this.#row - Number(up));
      else if (token === "\r") this.#column = 0;
      else if (token === "\n") this.#lineFeed();
      else if (token === "\x1B[K") this.#line().length = this.#column;
      else if (!token.startsWith("\x1B")) this.#put(token);
    }
    return true;
  }

  on(_event: "resize", listener: () => void): void {
    this.#listeners.add(listener);
  }

  off(_event: "resize", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Changes the size as a person does; what is shown is not rearranged. */
  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    for (const listener of this.#listeners) listener();
  }

  /** Listeners that are still there. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Everything that a person can see by scrolling up, without empty lines at the end. */
  get text(): string[] {
    const lines = this.#lines.map((line) => line.join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  #line(): string[] {
    return this.#lines[this.#row] ?? [];
  }

  #put(character: string): void {
    this.#line()[this.#column] = character;
    this.#column += 1;
  }

  #lineFeed(): void {
    this.#row += 1;
    // A terminal in its usual mode puts a carriage return before a line feed.
    this.#column = 0;
    if (this.#row === this.#lines.length) this.#lines.push([]);
  }
}
