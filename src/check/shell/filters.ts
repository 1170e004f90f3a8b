import type { Place } from "../place.ts";
import {
  dependsOnPlatform,
  emptyValue,
  isKnown,
  joinValues,
  sliceValue,
  textOf,
  unknownMark,
  unknownValue,
  type Value,
  written,
} from "../value.ts";
import type { Outcome } from "./machine.ts";
import { compile } from "./pattern.ts";
import { isSafeRegExp, translateRegExp } from "./regexp.ts";
import { runSed } from "./sed.ts";
import { rewritten, splitValue } from "./text.ts";
import { translateCharacters } from "./tr.ts";

/** What a program prints that only works on text that is known; undefined for other programs and texts. */
export function filterOutput(
  program: string,
  args: readonly Value[],
  input: Value | undefined,
  place: Place,
): Outcome | undefined {
  const words = args.map(textOf);
  switch (program) {
    case "echo":
      return { status: { zero: true }, output: echo(args, words) };
    case "printf":
      return { status: { zero: true }, output: printf(args, place) };
    case "basename":
    case "dirname":
      return pathPart(program, args);
    case "cat":
      return words.length === 0 || words[0] === "-" ? through(input, (value) => value) : undefined;
    case "tr":
      return through(input, (value) => {
        const text = translateCharacters(words, textOf(value));
        return text === undefined ? undefined : rewritten(value, text, args.at(-1)?.pieces[0]?.place);
      });
    case "sed":
      return through(input, (value) => runSed(args, value));
    case "cut":
      return through(input, (value) => cut(words, value));
    case "head":
    case "tail":
      return through(input, (value) => firstLines(program, words, value));
    case "awk":
    case "gawk":
    case "mawk":
      return through(input, (value) => awk(words, value));
    case "grep":
    case "egrep":
    case "fgrep":
      return input === undefined ? undefined : grep(program, words, input);
    case "xargs":
      return words.length === 0 ? through(input, (value) => value) : undefined;
    case "tee":
      return through(input, (value) => value);
    default:
      return undefined;
  }
}

function through(input: Value | undefined, filter: (value: Value) => Value | undefined): Outcome | undefined {
  if (input === undefined) return undefined;
  const output = filter(input);
  if (output === undefined) return undefined;
  const lost = !isKnown(input) && isKnown(output);
  const unknown = unknownValue(dependsOnPlatform(input) ? { dependsOnPlatform: true } : {});
  return { status: { zero: true }, output: lost ? unknown : output };
}

function echo(args: readonly Value[], words: readonly string[]): Value {
  let at = 0;
  while (/^-[neE]+$/.test(words[at] ?? "")) at += 1;
  const hasEnd = !words.slice(0, at).some((word) => word.includes("n"));
  const shown = args.slice(at).flatMap((arg, index) => (index === 0 ? [arg] : [written(" "), arg]));
  return joinValues(...shown, ...(hasEnd ? [written("\n")] : []));
}

function printf(args: readonly Value[], place: Place): Value {
  const [format, ...values] = args;
  if (format === undefined) return emptyValue;
  const text = textOf(format);
  if (!isKnown(format) || /%[^sdbq%i]/.test(text))
    return unknownValue(args.some(dependsOnPlatform) ? { dependsOnPlatform: true, place } : { place });
  const parts: Value[] = [];
  let next = 0;
  do {
    let start = 0;
    for (const match of text.matchAll(/%[sdbqi%]|\\n|\\t|\\\\/g)) {
      parts.push(sliceValue(format, start, match.index));
      start = match.index + match[0].length;
      if (match[0] === "%%") parts.push(written("%"));
      else if (match[0].startsWith("\\")) parts.push(written({ "\\n": "\n", "\\t": "\t" }[match[0]] ?? "\\"));
      else {
        parts.push(values[next] ?? emptyValue);
        next += 1;
      }
    }
    parts.push(sliceValue(format, start, text.length));
  } while (next > 0 && next < values.length);
  return joinValues(...parts);
}

function pathPart(program: "basename" | "dirname", args: readonly Value[]): Outcome | undefined {
  const [path, suffix] = args;
  if (path === undefined || textOf(path).startsWith("-")) return undefined;
  const text = textOf(path).replace(/\/+$/, "");
  const slash = text.lastIndexOf("/");
  let part =
    program === "basename"
      ? sliceValue(path, slash + 1, text.length)
      : slash > 0
        ? sliceValue(path, 0, slash)
        : written(slash === 0 ? "/" : ".");
  const ending = suffix === undefined ? "" : textOf(suffix);
  if (ending !== "" && textOf(part).endsWith(ending)) part = sliceValue(part, 0, textOf(part).length - ending.length);
  return { status: { zero: true }, output: joinValues(part, written("\n")) };
}

function lines(value: Value): Value[] {
  const text = textOf(value);
  const parts: Value[] = [];
  let start = 0;
  for (let feed = text.indexOf("\n"); feed >= 0; feed = text.indexOf("\n", start)) {
    parts.push(sliceValue(value, start, feed + 1));
    start = feed + 1;
  }
  if (start < text.length) parts.push(sliceValue(value, start, text.length));
  return parts;
}

function cut(words: readonly string[], value: Value): Value | undefined {
  const option = (letter: string): string | undefined => {
    const at = words.findIndex((word) => word.startsWith(`-${letter}`));
    return at < 0 ? undefined : words[at] === `-${letter}` ? words[at + 1] : words[at]?.slice(2);
  };
  const fields = option("f");
  const characters = option("c") ?? option("b");
  const range = /^(\d+)?(-)?(\d+)?$/.exec(fields ?? characters ?? "");
  if (range === null) return undefined;
  const from = Number(range[1] ?? "1");
  const to = range[2] === undefined ? from : Number(range[3] ?? "100000");
  const delimiter = option("d") ?? "\t";
  return joinValues(
    ...lines(value).map((line) => {
      const text = textOf(line).replace(/\n$/, "");
      const end = sliceValue(line, text.length, text.length + 1);
      if (fields === undefined) return joinValues(sliceValue(line, from - 1, Math.min(to, text.length)), end);
      const parts = text.split(delimiter);
      if (parts.length === 1) return line;
      const start = parts.slice(0, from - 1).join(delimiter).length + (from > 1 ? delimiter.length : 0);
      const length = parts.slice(from - 1, to).join(delimiter).length;
      return joinValues(sliceValue(line, Math.min(start, text.length), Math.min(start + length, text.length)), end);
    }),
  );
}

function firstLines(program: "head" | "tail", words: readonly string[], value: Value): Value | undefined {
  const joined = words.join(" ");
  const count = /^-n? ?(\d+)$/.exec(joined)?.[1] ?? (joined === "" ? "10" : undefined);
  if (count === undefined || Number(count) === 0) return undefined;
  const all = lines(value);
  return joinValues(...(program === "head" ? all.slice(0, Number(count)) : all.slice(-Number(count))));
}

function awk(words: readonly string[], value: Value): Value | undefined {
  const separator = /^-F(.+)$/.exec(words[0] ?? "")?.[1] ?? (words[0] === "-F" ? words[1] : undefined);
  const program = words.at(-1) ?? "";
  const parsed = /^\s*(?:\/([\w .:-]+)\/)?\s*\{\s*print\s+\$(\d+|NF)\s*;?\s*\}\s*$/.exec(program);
  if (parsed === null || (separator !== undefined && separator.length > 1)) return undefined;
  const chosen = lines(value).filter((line) => parsed[1] === undefined || textOf(line).includes(parsed[1]));
  return joinValues(
    ...chosen.map((line) => {
      const text = textOf(line).replace(/\n$/, "");
      const own = sliceValue(line, 0, text.length);
      const fields =
        separator === undefined
          ? splitValue(own, /[ \t]+/).filter((field) => textOf(field) !== "")
          : fieldsBy(own, separator);
      const field = parsed[2] === "0" ? own : parsed[2] === "NF" ? fields.at(-1) : fields[Number(parsed[2]) - 1];
      return joinValues(field ?? emptyValue, written("\n"));
    }),
  );
}

function fieldsBy(value: Value, separator: string): Value[] {
  let start = 0;
  return textOf(value)
    .split(separator)
    .map((part) => {
      const field = sliceValue(value, start, start + part.length);
      start += part.length + separator.length;
      return field;
    });
}

function grep(program: string, words: readonly string[], input: Value): Outcome | undefined {
  const letters = words.filter((word) => /^-[A-Za-z]+$/.test(word)).join("");
  const pattern = words.find((word) => !word.startsWith("-"));
  const depends = dependsOnPlatform(input) ? { dependsOnPlatform: true } : {};
  const unknown: Outcome = { status: { zero: undefined, ...depends }, output: unknownValue(depends) };
  if (pattern === undefined || words.filter((word) => !word.startsWith("-")).length > 1) return undefined;
  if (
    /[ABCLlfrRcP]/.test(letters) ||
    !isKnown(input) ||
    pattern.includes(unknownMark) ||
    !isSafeRegExp(pattern, textOf(input))
  )
    return unknown;
  const isExtended = program === "egrep" || letters.includes("E");
  const isFixed = program === "fgrep" || letters.includes("F");
  const source = isFixed ? pattern.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&") : translateRegExp(pattern, isExtended);
  const bounds = letters.includes("x") ? `^(?:${source})$` : letters.includes("w") ? `\\b(?:${source})\\b` : source;
  const expression = compile(bounds, letters.includes("i") ? "i" : "");
  if (expression === undefined) return unknown;
  const isInverted = letters.includes("v");
  const found = lines(input).filter((line) => expression.test(textOf(line).replace(/\n$/, "")) !== isInverted);
  const status = { zero: found.length > 0, ...depends };
  if (letters.includes("q")) return { status };
  if (!letters.includes("o")) return { status, output: joinValues(...found) };
  const every = new RegExp(expression, `${expression.flags}g`);
  const parts = found.flatMap((line) =>
    [...textOf(line).matchAll(every)].flatMap(({ index, 0: match }) =>
      match.trim() === "" ? [] : [sliceValue(line, index, index + match.length), written("\n")],
    ),
  );
  return { status, output: joinValues(...parts) };
}
