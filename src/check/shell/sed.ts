import { joinValues, sliceValue, textOf, type Value } from "../value.ts";
import { compile } from "./pattern.ts";
import { isSafeRegExp, translateRegExp } from "./regexp.ts";
import { computed } from "./text.ts";

interface SedCommand {
  /** Runs for lines that match, or for the one of this number, alone. */
  readonly address: RegExp | number | undefined;
  /** What becomes of the line: `s` and `y` change it, `p` prints it, `d` drops it. */
  readonly apply: (line: Value) => Value;
  readonly kind: "change" | "print" | "delete";
}

/** What `sed` makes of a text; undefined for scripts that are not read. */
export function runSed(args: readonly Value[], input: Value): Value | undefined {
  const scripts: Value[] = [];
  let isExtended = false;
  let isQuiet = false;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at];
    if (arg === undefined) continue;
    const word = textOf(arg);
    if (/^-[nEr]+$|^--regexp-extended$|^--quiet$/.test(word)) {
      isExtended ||= /[Er]/.test(word.slice(0, 3)) || word === "--regexp-extended";
      isQuiet ||= /^-\w*n|^--q/.test(word);
    } else if (/^-[nEr]*e$|^--expression$/.test(word)) {
      isExtended ||= /^-\w*[Er]/.test(word);
      isQuiet ||= /^-\w*n/.test(word);
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
  return applyTo(input, commands, isQuiet);
}

function applyTo(input: Value, commands: readonly SedCommand[], isQuiet: boolean): Value {
  const text = textOf(input);
  const parts: Value[] = [];
  let start = 0;
  for (let number = 1; start < text.length; number += 1) {
    const feed = text.indexOf("\n", start);
    const stop = feed < 0 ? text.length : feed;
    const end = sliceValue(input, stop, stop + 1);
    let line = sliceValue(input, start, stop);
    let isShown = !isQuiet;
    for (const { address, apply, kind } of commands) {
      if (typeof address === "number" ? address !== number : address?.test(textOf(line)) === false) continue;
      const before = line;
      line = apply(line);
      if (kind === "print" && (line !== before || apply === same)) parts.push(line, end);
      if (kind === "delete") isShown = false;
    }
    if (isShown) parts.push(line, end);
    start = stop + 1;
  }
  return joinValues(...parts);
}

const same = (line: Value): Value => line;

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
    let address: RegExp | number | undefined;
    const number = /^\d+/.exec(text.slice(at, at + 6))?.[0];
    if (number !== undefined) {
      at += number.length;
      address = Number(number);
    } else if (text[at] === "/") {
      at += 1;
      const source = until("/");
      if (source === undefined || !isSafeRegExp(source, input)) return undefined;
      address = compile(translateRegExp(source, isExtended), "");
      if (address === undefined) return undefined;
    }
    const kind = text[at];
    const delimiter = text[at + 1];
    if ((kind === "p" || kind === "d") && /^[;\s]?$/.test(delimiter ?? "")) {
      commands.push({ address, apply: same, kind: kind === "p" ? "print" : "delete" });
      at += 1;
      continue;
    }
    if ((kind !== "s" && kind !== "y") || delimiter === undefined) return undefined;
    at += 2;
    const from = until(delimiter);
    const begin = at;
    const to = until(delimiter);
    if (from === undefined || to === undefined) return undefined;
    const replacement = sliceValue(script, begin, begin + to.length);
    const flags = /^[gIip\d]*/.exec(text.slice(at))?.[0] ?? "";
    at += flags.length;
    if (/\d/.test(flags)) return undefined;
    if (kind === "y") {
      commands.push({ address, apply: (line) => translate(line, from, to, replacement), kind: "change" });
      continue;
    }
    if (!isSafeRegExp(from, input)) return undefined;
    const expression = compile(translateRegExp(from, isExtended), `g${/i/i.test(flags) ? "i" : ""}`);
    if (expression === undefined) return undefined;
    const apply = (line: Value): Value => substitute(line, expression, to, replacement, flags.includes("g"));
    commands.push({ address, apply, kind: flags.includes("p") ? "print" : "change" });
  }
  return commands;
}

function substitute(line: Value, expression: RegExp, to: string, replacement: Value, isGlobal: boolean): Value {
  const text = textOf(line);
  const parts: Value[] = [];
  let start = 0;
  if (text.search(expression) < 0) return line;
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
  const [source, target] = [from.split(""), to.split("")];
  const result = text
    .split("")
    .map((char) => target[source.indexOf(char)] ?? char)
    .join("");
  return result === text ? line : computed(line, result, replacement.pieces[0]?.place);
}
