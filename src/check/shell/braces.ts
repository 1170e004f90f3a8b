import type { BraceExpansionPart, Word } from "unbash";
import type { Context, Machine, Source } from "./machine.ts";

const maxItems = 64;

/** The words of `{a,b}` or `{1..3}`, each with the text that its places are in; the text itself when it is neither. */
export function braceAlternatives(
  machine: Machine,
  part: BraceExpansionPart,
  context: Context,
): { readonly word: Word; readonly source: Source }[] {
  const inner = part.text.slice(1, -1);
  const sequence = /^(-?\d{1,9}|[A-Za-z])\.\.(-?\d{1,9}|[A-Za-z])(?:\.\.(-?\d{1,4}))?$/.exec(inner);
  if (sequence !== null) {
    const words = sequenceWords(sequence[1] ?? "", sequence[2] ?? "", Number(sequence[3] ?? "1"));
    return words.map((text) => ({ word: literalWord(text, part), source: context.source }));
  }
  return splitTop(inner).map(({ text, start }) => {
    const from = part.pos + 1 + start;
    const { commands } = machine.parse(text);
    const [statement] = commands;
    const command = statement?.command;
    if (commands.length !== 1 || command?.type !== "Command" || command.name === undefined || command.suffix.length > 0)
      return { word: literalWord(text, { pos: from, end: from + text.length }), source: context.source };
    const locate: Source["locate"] = (begin, end) => context.source.locate(begin + from, end + from);
    const { slice } = context.source;
    const own = slice === undefined ? {} : { slice: (begin: number, end: number) => slice(begin + from, end + from) };
    return { word: command.name, source: { text, locate, ...own } };
  });
}

function literalWord(text: string, { pos, end }: { readonly pos: number; readonly end: number }): Word {
  return { type: "Word", text, value: text, pos, end };
}

function splitTop(text: string): { readonly text: string; readonly start: number }[] {
  const parts: { text: string; start: number }[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const char = text[at];
    if (char === "{") depth += 1;
    else if (char === "}") depth -= 1;
    else if (char === undefined || (char === "," && depth === 0)) {
      parts.push({ text: text.slice(start, at), start });
      start = at + 1;
    }
  }
  return parts;
}

function sequenceWords(from: string, to: string, step: number): string[] {
  const isNumber = /\d/.test(from) && /\d/.test(to);
  const first = isNumber ? Number(from) : (from.codePointAt(0) ?? 0);
  const last = isNumber ? Number(to) : (to.codePointAt(0) ?? 0);
  const stride = (Math.abs(step) || 1) * (last < first ? -1 : 1);
  const words: string[] = [];
  for (let at = first; stride > 0 ? at <= last : at >= last; at += stride) {
    if (words.length >= maxItems) break;
    words.push(isNumber ? String(at) : String.fromCodePoint(at));
  }
  return words;
}
