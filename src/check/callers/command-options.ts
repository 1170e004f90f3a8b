import { sliceValue, textOf, unknownMark, type Value } from "../value.ts";

/** An option of a command. */
export interface Option {
  /** With its dashes: `--tag`. */
  readonly name: string;
  /** Undefined for one without an argument. */
  readonly value: Value | undefined;
}

/** Options and other words of a command. */
export interface CommandOptions {
  readonly options: readonly Option[];
  /** What is no option, in order, from the first one on with `stopAtFirst`. */
  readonly operands: readonly Value[];
  /** Words that are not known at all: they may be options. */
  readonly unknown: readonly Value[];
}

/** Which options of a command have an argument, and which letters do. */
export interface OptionGrammar {
  readonly hasArgument: (name: string) => boolean;
  /** True when what follows the first operand belongs to it: `docker run IMAGE COMMAND…`. */
  readonly stopAtFirst?: boolean;
}

/** Splits the words of a command into its options and operands, by the rules of the pflag library, which docker, podman and kubectl use. */
export function readOptions(
  words: readonly Value[],
  { hasArgument, stopAtFirst = false }: OptionGrammar,
): CommandOptions {
  const options: Option[] = [];
  const operands: Value[] = [];
  const unknown: Value[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) break;
    const text = textOf(word);
    if (text === unknownMark) unknown.push(word);
    else if (text === "--") {
      operands.push(...words.slice(at + 1));
      break;
    } else if (text === "-" || !text.startsWith("-")) {
      if (stopAtFirst) {
        operands.push(...words.slice(at));
        break;
      }
      operands.push(word);
    } else if (text.startsWith("--")) {
      const equals = text.indexOf("=");
      if (equals > 0) options.push({ name: text.slice(0, equals), value: sliceValue(word, equals + 1, text.length) });
      else options.push({ name: text, value: hasArgument(text) ? words[++at] : undefined });
    } else {
      for (let letter = 1; letter < text.length; letter++) {
        const name = `-${text[letter] ?? ""}`;
        if (!hasArgument(name)) {
          options.push({ name, value: undefined });
          continue;
        }
        const rest = text[letter + 1] === "=" ? letter + 2 : letter + 1;
        options.push({ name, value: rest < text.length ? sliceValue(word, rest, text.length) : words[++at] });
        break;
      }
    }
  }
  return { options, operands, unknown };
}

/** The values of options with one of the names. */
export function valuesOf({ options }: CommandOptions, ...names: readonly string[]): Value[] {
  return options.flatMap(({ name, value }) => (names.includes(name) && value !== undefined ? [value] : []));
}

/** True when an option is there and is not switched off (`--push=false`). */
export function hasOption({ options }: CommandOptions, ...names: readonly string[]): boolean {
  return options.some(({ name, value }) => names.includes(name) && (value === undefined || textOf(value) !== "false"));
}
