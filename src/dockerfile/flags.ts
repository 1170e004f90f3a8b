import { nearestName } from "../error/nearest.ts";
import { rangeOf, type LogicalLine } from "./logical-line.ts";
import { invalid, type Word } from "./source.ts";
import type { Slice } from "./words.ts";

/** One `--name[=value]` of an instruction; quotes and escapes are resolved, variables are not expanded. */
export interface Flag {
  readonly name: string;
  /** Absent when nothing follows the name. */
  readonly value?: Word;
  /** The whole flag. */
  readonly word: Word;
}

/** What a flag takes: `switch` is `--link` or `--link=false`, `many` may be repeated. */
export type FlagKind = "switch" | "text" | "many";

/** The flags that an instruction knows. */
export type FlagKinds = Readonly<Record<string, FlagKind>>;

/** The flags of one instruction, checked. */
export interface Flags {
  readonly all: readonly Flag[];
  /** The value of a text flag. */
  readonly text: (name: string) => Word | undefined;
  /** The values of a flag that may be repeated. */
  readonly many: (name: string) => readonly Word[];
  /** The value of a switch, undefined when it is not given. */
  readonly switch: (name: string) => boolean | undefined;
}

/** Makes flags of slices; nothing is checked yet. */
export function flagsOf(line: LogicalLine, slices: readonly Slice[]): Flag[] {
  return slices.map((slice) => {
    const word = { text: slice.text, range: rangeOf(line, slice.start, slice.end) };
    const equals = slice.text.indexOf("=");
    if (equals < 0) return { name: slice.text.slice(2), word };
    // Quotes before the `=` would shift the place; the real `=` of the source is then the first one.
    const written = line.text.indexOf("=", slice.start) + 1;
    const value = { text: slice.text.slice(equals + 1), range: rangeOf(line, written, slice.end) };
    return { name: slice.text.slice(2, equals), value, word };
  });
}

/**
 * Checks flags against what the instruction knows, with BuildKit's messages.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` for unknown, duplicate or valueless flags and switches that are neither true nor false.
 */
export function checkFlags(file: string, flags: readonly Flag[], kinds: FlagKinds): Flags {
  const seen = new Set<string>();
  for (const { name, value, word } of flags) {
    const place = word.range.start;
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      const meant = nearestName(name, Object.keys(kinds));
      throw invalid(file, `unknown flag: --${name}${meant === undefined ? "" : ` (did you mean ${meant}?)`}`, place);
    }
    if (seen.has(name) && kind !== "many") throw invalid(file, `duplicate flag specified: --${name}`, place);
    seen.add(name);
    const missing = kind === "switch" ? value?.text === "" : value === undefined;
    if (missing) throw invalid(file, `missing a value on flag: --${name}`, place);
    if (kind === "switch" && value !== undefined && !/^(true|false)$/i.test(value.text)) {
      throw invalid(file, `expecting boolean value for flag --${name}, not: ${value.text}`, place);
    }
  }
  const find = (name: string): Flag | undefined => flags.find((flag) => flag.name === name);
  return {
    all: flags,
    text: (name) => find(name)?.value,
    many: (name) => flags.flatMap((flag) => (flag.name === name && flag.value !== undefined ? [flag.value] : [])),
    switch: (name) => {
      const flag = find(name);
      return flag === undefined ? undefined : flag.value?.text.toLowerCase() !== "false";
    },
  };
}
