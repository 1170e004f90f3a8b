import type { Place } from "../place.ts";
import { sliceValue, textOf, written, type Value } from "../value.ts";
import type { Expansion } from "./expand.ts";
import type { Expression } from "./source-text.ts";

/** From the first to the last of the lines. */
export function placeOf(lines: readonly Expression[]): Place | undefined {
  const [first] = lines;
  const last = lines.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const start = first.source.place(first.start, first.end);
  const end = last.source.place(last.start, last.end);
  if (start === undefined || end === undefined || start.path !== end.path) return start;
  return { ...start, endLine: end.endLine, endColumn: end.endColumn };
}

/** The commands of recipe lines as the shell gets them: expanded, without `@`, `-` and `+` at their beginning. */
export function commandsOf(lines: readonly Expression[], expansion: Expansion): Value[] {
  const expanded = lines.map((line) => expansion.expand(line, true));
  const feed = written("\n");
  if (lines.length > 1)
    return [
      withoutMarks({
        pieces: expanded.flatMap(({ pieces }, index) => (index === 0 ? pieces : [...feed.pieces, ...pieces])),
      }),
    ];
  // A variable with several lines is several commands.
  return expanded
    .flatMap(splitLines)
    .map(withoutMarks)
    .filter((command) => textOf(command).trim() !== "");
}

function splitLines(value: Value): Value[] {
  const text = textOf(value);
  if (!text.includes("\n")) return [value];
  const lines: Value[] = [];
  let from = 0;
  for (let feed = text.indexOf("\n"); feed >= 0; feed = text.indexOf("\n", feed + 1)) {
    if (text[feed - 1] === "\\") continue;
    lines.push(sliceValue(value, from, feed));
    from = feed + 1;
  }
  return [...lines, sliceValue(value, from, text.length)];
}

function withoutMarks(command: Value): Value {
  const text = textOf(command);
  const marks = /^[\s@+-]*/.exec(text)?.[0].length ?? 0;
  return marks === 0 ? command : sliceValue(command, marks, text.length);
}
