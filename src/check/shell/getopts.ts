import type { While } from "unbash";
import { emptyValue, isKnown, sliceValue, textOf, type Value, written } from "../value.ts";
import type { Context, Machine } from "./machine.ts";

/** An option that `getopts` finds: what the variable gets, and `OPTARG`. */
export interface FoundOption {
  readonly letter: Value;
  readonly argument: Value;
}

/** A `while getopts SPEC NAME` over parameters that are known. */
export interface OptionLoop {
  readonly name: string;
  readonly options: readonly FoundOption[];
}

/**
 * What the loop goes over (POSIX, getopts): the options in front of the first operand, single or joined (`-xf FILE`), with the argument behind them
 * where the specification has a colon. Undefined for other loops, and when the parameters are not known.
 */
export function optionLoop(
  machine: Machine,
  { clause: { commands } }: While,
  context: Context,
): OptionLoop | undefined {
  const [first] = commands;
  if (commands.length !== 1 || first?.command.type !== "Command" || first.command.name?.value !== "getopts")
    return undefined;
  const [spec, name, ...args] = first.command.suffix.filter((part) => part.type === "Word");
  const given =
    args.length === 0 ? context.process.parameters : args.flatMap((word) => machine.expandWord(word, context));
  if (spec === undefined || name === undefined || given === undefined) return undefined;
  const specification = machine.expandText(spec, context);
  if (!isKnown(specification)) return undefined;
  const options = readOptions(textOf(specification), given);
  return options === undefined ? undefined : { name: name.value, options };
}

function readOptions(specification: string, words: readonly Value[]): FoundOption[] | undefined {
  const found: FoundOption[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? emptyValue;
    const text = textOf(word);
    // A word that is not known may be an option, or the end of them.
    if (text.startsWith("\uFFFC")) return undefined;
    if (!/^-[^-]/.test(text)) break;
    for (let at = 1; at < text.length; at += 1) {
      const letter = text.charAt(at);
      if (letter === "\uFFFC") return undefined;
      const place = specification.indexOf(letter, specification.startsWith(":") ? 1 : 0);
      const takes = place >= 0 && specification.charAt(place + 1) === ":";
      if (!takes) {
        found.push({ letter: written(place < 0 ? "?" : letter), argument: emptyValue });
        continue;
      }
      const isJoined = at + 1 < text.length;
      const argument = isJoined ? sliceValue(word, at + 1, text.length) : (words[index + 1] ?? emptyValue);
      if (!isJoined) index += 1;
      found.push({ letter: written(letter), argument });
      break;
    }
  }
  return found;
}
