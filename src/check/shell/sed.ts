import { joinValues, sliceValue, textOf, type Value } from "../value.ts";
import { compile } from "./pattern.ts";
import { isSafeRegExp, translateRegExp } from "./regexp.ts";
import { computed } from "./text.ts";

interface SedCommand {
  /** Runs for lines that match alone. */
  readonly address: RegExp | undefined;
  readonly apply: (line: Value) => Value;
}

/** What `sed` makes of a text; undefined for scripts that are not read. */
export function runSed(args: readonly Value[], input: Value): Value | undefined {
  const scripts: Value[] = [];
  let isExtended = false;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at];
    if (arg === undefined) continue;
    const word = textOf(arg);
    if (/^-[Er]$|^--regexp-extended$/.test(word)) isExtended = true;
    else if (/^-[Er]?e$|^--expression$/.test(word)) {
      isExtended ||= word.length === 3;
      at += 1;
      const script = args[at];
      if (script !== undefined) scripts.push(script);
    } else if (word.startsWith("--expression=")) scripts.push(sliceValue(arg, 13, word.length));
    else if (word.startsWith("-e")) scripts.push(sliceValue(arg, 2, word.length));
    else if (word.startsWith("-")) return undefined;
    else if (scripts.length === 0) scripts.push(arg);
    else return undefined;
  }
  const text = textOf(input);
  const commands = scripts.flatMap((script) => parseSed(script, isExtended, text) ?? [undefined]);
  if (commands.length === 0 || !commands.every((command) => command !== undefined)) return undefined;
  const parts: Value[] = [];
  let start = 0;
  while (start < text.length) {
    const feed = text.indexOf("\n", start);
    const end = feed < 0 ? text.length : feed;
    let line = sliceValue(input, start, end);
    for (const { address, apply } of commands)
      if (address === undefined || address.test(textOf(line))) line = apply(line);
    parts.push(line, sliceValue(input, end, end + 1));
    start = end + 1;
  }
  return joinValues(...parts);
}

function parseSed(script: Value, isExtended: boolean, input: string): SedCommand[] | undefined {
  const text = textOf(script);
  const commands: SedCommand[] = [];
  let at = 0;
  const until = (delimiter: string): string | undefined => {
    let part = "";
    for (; at < text.length; at += 1) {
      const char = text[at] ?? "";
      if (char === delimiter) {
        at += 1;
        return part;
      }
      if (char === "\\" && text[at + 1] === delimiter) {
        part += "|/,#".includes(delimiter) && delimiter !== "|" ? delimiter : `\\${delimiter}`;
        at += 1;
      } else if (char === "\\") {
        part += char + (text[at + 1] ?? "");
        at += 1;
      } else part += char;
    }
    return undefined;
  };
  while (at < text.length) {
    if (/[\s;]/.test(text[at] ?? "")) {
      at += 1;
      continue;
    }
    let address: RegExp | undefined;
    if (text[at] === "/") {
      at += 1;
      const source = until("/");
      if (source === undefined || !isSafeRegExp(source, input)) return undefined;
      address = compile(translateRegExp(source, isExtended), "");
      if (address === undefined) return undefined;
    }
    const kind = text[at];
    const delimiter = text[at + 1];
    if ((kind !== "s" && kind !== "y") || delimiter === undefined) return undefined;
    at += 2;
    const from = until(delimiter);
    const begin = at;
    const to = until(delimiter);
    if (from === undefined || to === undefined) return undefined;
    const replacement = sliceValue(script, begin, begin + to.length);
    const flags = /^[gIip\d]*/.exec(text.slice(at))?.[0] ?? "";
    at += flags.length;
    if (/[p\d]/.test(flags)) return undefined;
    if (kind === "y") {
      commands.push({ address, apply: (line) => translate(line, from, to, replacement) });
      continue;
    }
    if (!isSafeRegExp(from, input)) return undefined;
    const expression = compile(translateRegExp(from, isExtended), `g${/i/i.test(flags) ? "i" : ""}`);
    if (expression === undefined) return undefined;
    commands.push({ address, apply: (line) => substitute(line, expression, to, replacement, flags.includes("g")) });
  }
  return commands;
}

function substitute(line: Value, expression: RegExp, to: string, replacement: Value, isGlobal: boolean): Value {
  const text = textOf(line);
  const parts: Value[] = [];
  let start = 0;
  for (const match of text.matchAll(expression)) {
    parts.push(sliceValue(line, start, match.index));
    start = match.index + match[0].length;
    const found = sliceValue(line, match.index, start);
    const place = replacement.pieces[0]?.place;
    if (to === "&") parts.push(found);
    else parts.push(computed(found.pieces.length === 0 ? line : found, filled(to, match), place));
    if (!isGlobal) break;
  }
  parts.push(sliceValue(line, start, text.length));
  return joinValues(...parts);
}

function filled(to: string, match: RegExpExecArray): string {
  return to.replaceAll(/\\(.)|&/gs, (all, escaped: string | undefined) => {
    if (all === "&") return match[0];
    if (escaped !== undefined && /\d/.test(escaped)) return match[Number(escaped)] ?? "";
    return { n: "\n", t: "\t" }[escaped ?? ""] ?? escaped ?? "";
  });
}

function translate(line: Value, from: string, to: string, replacement: Value): Value {
  const text = textOf(line);
  const [source, target] = [[...from], [...to]];
  const result = [...text].map((char) => target[source.indexOf(char)] ?? char).join("");
  return result === text ? line : computed(line, result, replacement.pieces[0]?.place);
}
