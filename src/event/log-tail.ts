/** Characters at the end of a log that are kept while it grows: a screen and more. */
const kept = 32 * 1024;
/** Characters that a line is looked at. */
const maxLine = 2000;

/** The end of one source's output, as far as a person may look back in a view. Its cost does not depend on how much was written before. */
export class LogTail {
  #text = "";
  #isCut = false;
  #decoder: InstanceType<typeof TextDecoder> | undefined;

  /** Takes a piece as an event carries it: text, or bytes that are none in base64. */
  push({ text, base64 }: { readonly text?: string; readonly base64?: string }): void {
    this.#text += text ?? this.#decode(base64 ?? "");
    // Cutting at each piece would copy all that is kept again and again.
    if (this.#text.length > 2 * kept) this.keep(kept);
  }

  /** Forgets all but the last characters. */
  keep(characters: number): void {
    if (this.#text.length <= characters) return;
    this.#isCut = true;
    // A slice of a string keeps the whole of it in memory; a copy does not.
    this.#text = Buffer.from(this.#text.slice(-characters)).toString();
  }

  /** The last lines, without their ends; of a line that a progress bar wrote again and again its last state. */
  lines(count: number): readonly string[] {
    const lines: string[] = [];
    let end = this.#text.endsWith("\n") ? this.#text.length - 1 : this.#text.length;
    while (lines.length < count && end >= 0 && this.#text !== "") {
      const start = end === 0 ? 0 : this.#text.lastIndexOf("\n", end - 1) + 1;
      if (start === 0 && this.#isCut && lines.length > 0) break;
      lines.unshift(lastOfLine(this.#text.slice(start, end)));
      end = start - 1;
    }
    return lines;
  }

  #decode(base64: string): string {
    this.#decoder ??= new TextDecoder();
    return this.#decoder.decode(Buffer.from(base64, "base64"), { stream: true });
  }
}

function lastOfLine(line: string): string {
  const shown = line.endsWith("\r") ? line.slice(0, -1) : line;
  const last = shown.slice(shown.lastIndexOf("\r") + 1);
  return last.length > maxLine ? last.slice(0, maxLine) : last;
}
