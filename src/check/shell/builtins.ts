import { isKnown, joinValues, textOf, unknownValue, type Value, written } from "../value.ts";
import { runText, scriptOf } from "./calls.ts";
import { evaluateTestWords } from "./conditions.ts";
import type { Call, Context, Machine, Outcome } from "./machine.ts";
import { success } from "./machine.ts";
import { chosenByPlatform, splitValue } from "./text.ts";

/** Runs what the shell does by itself; undefined for a program. */
export function runBuiltin(machine: Machine, program: string, call: Call, context: Context): Outcome | undefined {
  const args = call.words.slice(1);
  const { process } = context;
  const [first] = args;
  switch (program) {
    case ":":
    case "true":
      return { status: success };
    case "false":
      return { status: { zero: false } };
    case "[":
    case "test": {
      const words = program === "[" && textOf(args.at(-1) ?? written("")) === "]" ? args.slice(0, -1) : args;
      return { status: evaluateTestWords(machine, words, context) };
    }
    case "exit":
      return exit(first, call, context);
    case "return":
      return { status: statusOf(first), control: { kind: "return" } };
    case "break":
    case "continue":
      return {
        status: success,
        control: { kind: program, levels: Number(first === undefined ? 1 : textOf(first)) || 1 },
      };
    case "cd":
    case "pushd":
      process.directory =
        first === undefined || !isKnown(first) ? process.directory : moved(process.directory, textOf(first));
      return { status: { zero: true, presumed: true } };
    case "pwd":
      return { status: success, output: written(`${process.directory === "" ? "." : process.directory}\n`) };
    case "popd":
    case "trap":
    case "umask":
    case "ulimit":
    case "wait":
    case "shopt":
    case "hash":
      return { status: { zero: undefined, presumed: true } };
    case "set":
      setOptions(args, context);
      return { status: success };
    case "shift":
      process.parameters = process.parameters?.slice(first === undefined ? 1 : Number(textOf(first)) || 1);
      return { status: success };
    case "unset":
      for (const name of args) if (!textOf(name).startsWith("-")) process.variables.set(textOf(name), undefined);
      return { status: success };
    case "eval": {
      const joined = joinValues(...args.flatMap((arg, index) => (index === 0 ? [arg] : [written(" "), arg])));
      return isKnown(joined) ? runText(machine, scriptOf(machine, joined, call), call, context) : undefined;
    }
    case "read":
      return read(args, call, context);
    default:
      return undefined;
  }
}

function exit(code: Value | undefined, call: Call, { certain }: Context): Outcome {
  const status = code === undefined ? { zero: undefined } : statusOf(code);
  return { status, control: { kind: "exit", zero: status.zero, place: call.place, certain } };
}

function statusOf(code: Value | undefined): Outcome["status"] {
  if (code === undefined) return success;
  const text = textOf(code);
  return { zero: /^\d+$/.test(text) ? Number(text) === 0 : undefined };
}

function moved(from: string, to: string): string {
  const parts: string[] = [];
  for (const part of (to.startsWith("/") ? to : `${from}/${to}`).split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `${to.startsWith("/") || from.startsWith("/") ? "/" : ""}${parts.join("/")}`;
}

function setOptions(args: readonly Value[], { process }: Context): void {
  const words = args.map(textOf);
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--" || !/^[-+]/.test(word)) {
      process.parameters = args.slice(word === "--" ? at + 1 : at);
      return;
    }
    const isOn = word.startsWith("-");
    let letters = word.slice(1).split("");
    if (letters.includes("o")) {
      at += 1;
      letters = letters.filter((letter) => letter !== "o");
      letters.push(...({ errexit: ["e"], nounset: ["u"], allexport: ["a"] }[words[at] ?? ""] ?? []));
    }
    for (const letter of letters) {
      if (isOn) process.options.add(letter);
      else process.options.delete(letter);
    }
  }
}

/** `read A B` of a text that is known. */
function read(args: readonly Value[], call: Call, context: Context): Outcome {
  const { variables } = context.process;
  const words = args.map(textOf);
  const names = words.filter(
    (name, index) => /^[A-Za-z_]\w*$/.test(name) && !/^-[dinNptu]$/.test(words[index - 1] ?? ""),
  );
  const { input } = context;
  const line = input === undefined ? undefined : splitValue(input, /\n/)[0];
  const fields = line === undefined ? [] : splitValue(line, /[ \t]+/);
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
    const rest = fields.slice(index);
    const text = isLast
      ? joinValues(...rest.flatMap((field, at) => (at === 0 ? [field] : [written(" "), field])))
      : (rest[0] ?? written(""));
    const value = line === undefined ? unknownValue() : text;
    variables.set(name, {
      value: context.guarded ? chosenByPlatform(value) : value,
      exported: false,
      place: call.place,
    });
  }
  return { status: { zero: line === undefined ? undefined : true } };
}
