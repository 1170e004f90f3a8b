import {
  dependsOnPlatform,
  emptyValue,
  isKnown,
  joinValues,
  sliceValue,
  textOf,
  unknownMark,
  unknownValue,
  written,
  type Value,
} from "../value.ts";
import { Scope, type Binding } from "./bindings.ts";
import type { Expansion } from "./expand.ts";
import { hasUnknown, joinWords, stemOf, substitutePattern, substituteText, trimValue, wordsOf } from "./make-words.ts";
import type { Expression } from "./source-text.ts";

type Arguments = readonly Expression[];
type MakeFunction = (args: Arguments, expansion: Expansion) => Value;

/** Most words that `$(foreach …)` goes through. */
const maxRounds = 500;

const nothing: Expression = { source: { text: "", slice: () => emptyValue, place: () => undefined }, start: 0, end: 0 };

/** An argument of a function by its number, from 0; all arguments behind the last one belong to it, commas included. */
function argument(args: Arguments, index: number, expansion: Expansion, last = false): Value {
  const first = args[index];
  if (first === undefined) return emptyValue;
  const end = last ? (args.at(-1)?.end ?? first.end) : first.end;
  return expansion.expand({ ...first, end });
}

const asItIs: MakeFunction = (args, expansion) => argument(args, 0, expansion, true);

/** A function of values that works on each word of its last argument. */
function perWord(change: (word: Value, text: string) => Value | undefined): MakeFunction {
  return (args, expansion) =>
    joinWords(wordsOf(argument(args, 0, expansion, true)).flatMap((word) => change(word, textOf(word)) ?? []));
}

/** The same value, marked as chosen by what the condition depends on. */
function chosenBy(value: Value, ...conditions: readonly Value[]): Value {
  if (!conditions.some(dependsOnPlatform)) return value;
  return { pieces: value.pieces.map((piece) => ({ ...piece, dependsOnPlatform: true })) };
}

function unknownFrom(...values: readonly Value[]): Value {
  return unknownValue(values.some(dependsOnPlatform) ? { dependsOnPlatform: true } : {});
}

/** Whether a value is empty, as conditions see it; undefined when it cannot be known. */
function isEmpty(value: Value): boolean | undefined {
  const text = textOf(trimValue(value));
  if (text === "") return true;
  return text.replaceAll(unknownMark, "") === "" ? undefined : false;
}

function filter(keep: boolean): MakeFunction {
  return (args, expansion) => {
    const patterns = wordsOf(argument(args, 0, expansion));
    const list = argument(args, 1, expansion, true);
    const words = wordsOf(list);
    if (!patterns.every(isKnown) || !words.every(isKnown)) return unknownFrom(list, ...patterns);
    const kept = words.filter(
      (word) => patterns.some((pattern) => stemOf(textOf(pattern), textOf(word)) !== undefined) === keep,
    );
    return chosenBy(joinWords(kept), ...patterns);
  };
}

function index(value: Value): number | undefined {
  const text = textOf(trimValue(value));
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

function pick(choose: (words: readonly Value[]) => Value | undefined): MakeFunction {
  return (args, expansion) => {
    const list = argument(args, 0, expansion, true);
    // An unknown word can be many words or none.
    if (!isKnown(list)) return unknownFrom(list);
    return choose(wordsOf(list)) ?? emptyValue;
  };
}

const condition: MakeFunction = (args, expansion) => {
  const test = expansion.in(expansion.scope, true).expand(args[0] ?? nothing);
  const empty = isEmpty(test);
  if (empty === undefined) return unknownFrom(test);
  const value = empty ? argument(args, 2, expansion, true) : argument(args, 1, expansion);
  return chosenBy(value, test);
};

const any: MakeFunction = (args, expansion) => {
  for (const arg of args) {
    const value = trimValue(expansion.in(expansion.scope, true).expand(arg));
    const empty = isEmpty(value);
    if (empty === undefined) return unknownFrom(value);
    if (!empty) return value;
  }
  return emptyValue;
};

const all: MakeFunction = (args, expansion) => {
  let last = emptyValue;
  for (const arg of args) {
    last = trimValue(expansion.in(expansion.scope, true).expand(arg));
    const empty = isEmpty(last);
    if (empty === undefined) return unknownFrom(last);
    if (empty) return emptyValue;
  }
  return last;
};

function bind(name: string, value: Value): Binding {
  return { name, flavor: ":=", recursive: false, parts: [value], origin: "automatic" };
}

const forEach: MakeFunction = (args, expansion) => {
  const name = textOf(trimValue(argument(args, 0, expansion)));
  const list = argument(args, 1, expansion);
  const results: Value[] = [];
  for (const word of wordsOf(list).slice(0, maxRounds)) {
    const scope = new Scope(expansion.scope);
    scope.set(name, bind(name, word));
    results.push(argument(args, 2, expansion.in(scope), true));
  }
  return joinWords(results.filter(({ pieces }) => pieces.length > 0));
};

const call: MakeFunction = (args, expansion) => {
  const values = args.map((arg) => expansion.expand(arg));
  const [first = emptyValue] = values;
  const name = textOf(trimValue(first));
  if (hasUnknown(name)) return unknownValue();
  if (isFunction(name)) return callFunction(name, args.slice(1), expansion);
  const scope = new Scope(expansion.scope);
  for (let number = 0; number < 10; number++)
    scope.set(String(number), bind(String(number), values[number] ?? emptyValue));
  return expansion.in(scope).variable(name);
};

const functions: ReadonlyMap<string, MakeFunction> = new Map<string, MakeFunction>([
  [
    "subst",
    (args, expansion) => {
      const [from, to] = [argument(args, 0, expansion), argument(args, 1, expansion)];
      const value = argument(args, 2, expansion, true);
      return isKnown(from) && isKnown(to) ? substituteText(textOf(from), to, value) : unknownFrom(from, to, value);
    },
  ],
  [
    "patsubst",
    (args, expansion) => {
      const [pattern, to] = [trimValue(argument(args, 0, expansion)), trimValue(argument(args, 1, expansion))];
      const value = argument(args, 2, expansion, true);
      if (!isKnown(pattern) || !isKnown(to)) return unknownFrom(pattern, to, value);
      return joinWords(wordsOf(value).map((word) => substitutePattern(pattern, to, word)));
    },
  ],
  ["strip", perWord((word) => word)],
  [
    "findstring",
    (args, expansion) => {
      const [find, value] = [argument(args, 0, expansion), argument(args, 1, expansion, true)];
      if (!isKnown(find)) return unknownFrom(find, value);
      if (textOf(value).includes(textOf(find))) return chosenBy(find, value);
      return isKnown(value) ? emptyValue : unknownFrom(find, value);
    },
  ],
  ["filter", filter(true)],
  ["filter-out", filter(false)],
  [
    "sort",
    (args, expansion) => {
      const words = new Map(wordsOf(argument(args, 0, expansion, true)).map((word) => [textOf(word), word]));
      return joinWords([...words].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, word]) => word));
    },
  ],
  [
    "words",
    (args, expansion) => {
      const list = argument(args, 0, expansion, true);
      return isKnown(list) ? written(String(wordsOf(list).length)) : unknownFrom(list);
    },
  ],
  [
    "word",
    (args, expansion) => {
      const number = index(argument(args, 0, expansion));
      return number === undefined ? unknownValue() : pick((words) => words[number - 1])(args.slice(1), expansion);
    },
  ],
  [
    "wordlist",
    (args, expansion) => {
      const [from, to] = [index(argument(args, 0, expansion)), index(argument(args, 1, expansion))];
      if (from === undefined || to === undefined) return unknownValue();
      return pick((words) => joinWords(words.slice(from - 1, to)))(args.slice(2), expansion);
    },
  ],
  ["firstword", pick((words) => words[0])],
  ["lastword", pick((words) => words.at(-1))],
  [
    "dir",
    perWord((word, text) => (text.includes("/") ? sliceValue(word, 0, text.lastIndexOf("/") + 1) : written("./"))),
  ],
  ["notdir", perWord((word, text) => sliceValue(word, text.lastIndexOf("/") + 1, text.length))],
  [
    "suffix",
    perWord((word, text) => {
      const dot = text.lastIndexOf(".");
      return dot > text.lastIndexOf("/") ? sliceValue(word, dot, text.length) : undefined;
    }),
  ],
  [
    "basename",
    perWord((word, text) => {
      const dot = text.lastIndexOf(".");
      return dot > text.lastIndexOf("/") ? sliceValue(word, 0, dot) : word;
    }),
  ],
  [
    "addsuffix",
    (args, expansion) => {
      const suffix = argument(args, 0, expansion);
      return joinWords(wordsOf(argument(args, 1, expansion, true)).map((word) => joinValues(word, suffix)));
    },
  ],
  [
    "addprefix",
    (args, expansion) => {
      const prefix = argument(args, 0, expansion);
      return joinWords(wordsOf(argument(args, 1, expansion, true)).map((word) => joinValues(prefix, word)));
    },
  ],
  [
    "join",
    (args, expansion) => {
      const [left, right] = [wordsOf(argument(args, 0, expansion)), wordsOf(argument(args, 1, expansion, true))];
      const count = Math.max(left.length, right.length);
      return joinWords(
        Array.from({ length: count }, (_, at) => joinValues(left[at] ?? emptyValue, right[at] ?? emptyValue)),
      );
    },
  ],
  ["realpath", asItIs],
  ["abspath", asItIs],
  ["wildcard", (args, expansion) => expansion.host.wildcard(argument(args, 0, expansion, true))],
  ["foreach", forEach],
  ["if", condition],
  ["or", any],
  ["and", all],
  ["call", call],
  [
    "eval",
    (args, expansion) => {
      expansion.host.evaluate(argument(args, 0, expansion, true), expansion);
      return emptyValue;
    },
  ],
  [
    "value",
    (args, expansion) => {
      const binding = expansion.scope.get(textOf(trimValue(argument(args, 0, expansion))));
      if (binding === undefined) return emptyValue;
      return joinWords(
        binding.parts.map((part) => ("pieces" in part ? part : part.source.slice(part.start, part.end))),
      );
    },
  ],
  [
    "origin",
    (args, expansion) => {
      const binding = expansion.scope.get(textOf(trimValue(argument(args, 0, expansion))));
      return written(binding?.origin ?? "undefined");
    },
  ],
  [
    "flavor",
    (args, expansion) => {
      const binding = expansion.scope.get(textOf(trimValue(argument(args, 0, expansion))));
      return written(binding === undefined ? "undefined" : binding.recursive ? "recursive" : "simple");
    },
  ],
  ["shell", (args, expansion) => expansion.host.shell(argument(args, 0, expansion, true))],
  ["file", (args, expansion) => (textOf(argument(args, 0, expansion)).startsWith("<") ? unknownValue() : emptyValue)],
  ...["info", "warning", "error"].map((name): [string, MakeFunction] => [name, () => emptyValue]),
  ["guile", () => unknownValue()],
]);

/** True for the name of a function of GNU make. */
export function isFunction(name: string): boolean {
  return functions.has(name);
}

/** Calls a function of GNU make. */
export function callFunction(name: string, args: Arguments, expansion: Expansion): Value {
  return functions.get(name)?.(args, expansion) ?? emptyValue;
}
