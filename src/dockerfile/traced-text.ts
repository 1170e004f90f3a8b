/**
 * A part of an expanded word: text that is written in the word itself (`start` and `end` are indexes into it), or a part of a variable's value
 * (they are indexes into that value).
 */
export interface TextPart {
  readonly kind: "written" | "variable";
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The variable whose value it is. */
  readonly name?: string;
  /** Variables that decided that this text stands here, not another: of `${A:+x}` and `${A/x/y}` it is A. */
  readonly chosenBy: readonly string[];
}

/** A text and the parts that it is made of; together they are the whole text. */
export interface TracedText {
  readonly text: string;
  readonly parts: readonly TextPart[];
}

/** The text without any part. */
export const emptyText: TracedText = { text: "", parts: [] };

/** Text that stands in the word from `start` on; `end` is given when it was written longer than it reads (`$$`, an escape). */
export function writtenText(text: string, start: number, end: number = start + text.length): TracedText {
  return text === "" ? emptyText : { text, parts: [{ kind: "written", text, start, end, chosenBy: [] }] };
}

/** The value of a variable from `start` to `end`. */
export function variableText(name: string, value: string, start = 0, end = value.length): TracedText {
  if (start >= end) return emptyText;
  const text = value.slice(start, end);
  return { text, parts: [{ kind: "variable", text, start, end, name, chosenBy: [] }] };
}

/** The same text, chosen by a variable. */
export function chosen(text: TracedText, name: string): TracedText {
  return { text: text.text, parts: text.parts.map((part) => ({ ...part, chosenBy: [...part.chosenBy, name] })) };
}

/** Puts texts one after another; neighbours that are one stretch of the word become one part. */
export class TextBuilder {
  private result = "";
  private readonly parts: TextPart[] = [];

  get length(): number {
    return this.result.length;
  }

  add({ text, parts }: TracedText): void {
    this.result += text;
    for (const part of parts) {
      const last = this.parts.at(-1);
      if (last !== undefined && continues(last, part)) {
        this.parts[this.parts.length - 1] = { ...last, text: last.text + part.text, end: part.end };
      } else this.parts.push(part);
    }
  }

  build(): TracedText {
    return { text: this.result, parts: this.parts };
  }
}

function continues(last: TextPart, next: TextPart): boolean {
  return (
    last.kind === "written" &&
    next.kind === "written" &&
    last.end === next.start &&
    // What reads shorter than it is written (an escape) would shift the places of what follows it.
    last.end - last.start === last.text.length &&
    next.end - next.start === next.text.length &&
    last.chosenBy.length === next.chosenBy.length &&
    last.chosenBy.every((name, index) => name === next.chosenBy[index])
  );
}
