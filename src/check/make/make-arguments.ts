import { isKnown, sliceValue, textOf, type Value } from "../value.ts";

/** What make is called with. */
export interface MakeArguments {
  /** Variables that are set for this call: they beat the Makefile's own. */
  readonly overrides: ReadonlyMap<string, Value>;
  readonly targets: readonly Value[];
  /** `-C`, one after another. */
  readonly directories: readonly Value[];
  readonly file?: Value;
}

/** Options of make with an argument of their own. */
const withArgument = new Set(["-o", "-W", "-I", "--include-dir", "--old-file", "--what-if", "--eval", "-j", "-l"]);

/** Reads the words behind `make`. */
export function makeArguments(words: readonly Value[]): MakeArguments {
  const overrides = new Map<string, Value>();
  const targets: Value[] = [];
  const directories: Value[] = [];
  let file: Value | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) break;
    const text = textOf(word);
    const long = /^--(directory|file|makefile)=/.exec(text) ?? /^-([Cf])(?=.)/.exec(text);
    const isSplit = /^(?:-C|--directory|-f|--file|--makefile)$/.test(text);
    if (long !== null || isSplit) {
      const value = long === null ? words[++at] : sliceValue(word, long[0].length, text.length);
      const isDirectory = /^--?(?:C|directory)/.test(text);
      if (value !== undefined && isDirectory) directories.push(value);
      else if (value !== undefined) file = value;
      continue;
    }
    if (withArgument.has(text)) {
      // The number behind -j and -l may be missing.
      if ((text !== "-j" && text !== "-l") || /^\d+$/.test(textOf(words[at + 1] ?? { pieces: [] }))) at++;
      continue;
    }
    if (text.startsWith("-")) continue;
    const set = /^([A-Za-z_][\w.-]*)\s*(?::{0,3}|\+|\?)=/.exec(text);
    if (set?.[1] !== undefined) overrides.set(set[1], sliceValue(word, set[0].length, text.length));
    else targets.push(word);
  }
  return { overrides, targets, directories, ...(file === undefined ? {} : { file }) };
}

/** True when all of the arguments that choose what is made are known. */
export function isClear({ directories, file }: MakeArguments): boolean {
  return directories.every(isKnown) && (file === undefined || isKnown(file));
}
