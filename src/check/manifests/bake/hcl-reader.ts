/** Nested brackets, blocks and templates that are followed at most. */
const maxDepth = 60;

/** Ends the reading of a file at the first place that is not HCL. */
export class HclError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Walks over the characters of a file. */
export class HclReader {
  readonly text: string;
  at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Skips blanks and comments; line breaks only when they mean nothing. */
  skip(overLines: boolean): void {
    const blanks = overLines ? blanksAndLines : blanksOnly;
    for (;;) {
      blanks.lastIndex = this.at;
      const match = blanks.exec(this.text);
      if (match === null || match[0] === "") return;
      this.at += match[0].length;
    }
  }

  /** The text at the place when a pattern (with the flag `y`) matches there; it is passed over. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.at += match[0].length;
    return match[0];
  }

  takes(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  peek(): string {
    return this.text.charAt(this.at);
  }

  expect(text: string): void {
    if (!this.takes(text)) throw this.error(`"${text}" is expected here.`);
  }

  error(message: string): HclError {
    return new HclError(this.at, message);
  }

  /** Runs a step that may contain itself. */
  nested<Result>(step: () => Result): Result {
    if (++this.depth > maxDepth) throw this.error(`It is nested more than ${maxDepth} levels deep.`);
    const result = step();
    this.depth--;
    return result;
  }
}

const blanksOnly = /[ \t\r]+|\/\*[^]*?\*\/|(?:#|\/\/)[^\n]*/y;
const blanksAndLines = /\s+|\/\*[^]*?\*\/|(?:#|\/\/)[^\n]*/y;
