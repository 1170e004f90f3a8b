import type { Place } from "../place.ts";
import { isKnown, sliceValue, textOf, type Value } from "../value.ts";
import type { Call, Context, Machine, Outcome, Process, ShellFunction } from "./machine.ts";
import { withoutControl } from "./lists.ts";
import type { Script } from "./trace.ts";

/** Calls inside of each other: enough for real scripts, and an end for those that call themselves. */
const maxCalls = 24;

const shells = new Set(["sh", "bash", "dash", "ash", "ksh", "zsh"]);

/** Runs a function of the script. */
export function runFunction(machine: Machine, { node, source }: ShellFunction, call: Call, context: Context): Outcome {
  const { process } = context;
  if (context.calls >= maxCalls) return { status: { zero: undefined } };
  const { parameters, locals } = process;
  process.parameters = call.words.slice(1);
  process.locals = new Map();
  const prefix = applyPrefix(call, process);
  const inner: Context = {
    ...context,
    source,
    calls: context.calls + 1,
    depth: context.depth + 1,
    through: [...context.through, call.place],
  };
  const body = node.body.type === "Redirected" ? node.body.command : node.body;
  const outcome = machine.runNode(body, {
    ...inner,
    ...(call.input === undefined ? {} : { input: call.input }),
    ...(call.outputs.length === 0 ? {} : { outputs: call.outputs }),
  });
  for (const [name, before] of [...process.locals, ...prefix]) process.variables.set(name, before);
  process.parameters = parameters;
  process.locals = locals;
  const { control, ...rest } = outcome;
  return control?.kind === "exit" ? outcome : rest;
}

/** Runs a script of the repository or a text given to a shell; undefined when the command is none, or the script is not found. */
export function runNamedScript(machine: Machine, program: string, call: Call, context: Context): Outcome | undefined {
  const [name, ...args] = call.words;
  if (name === undefined || context.calls >= maxCalls) return undefined;
  if (shells.has(program)) return runShellProgram(machine, args, call, context);
  const path = textOf(name);
  if (program === "." || program === "source") {
    const [file, ...parameters] = args;
    const script = file === undefined || !isKnown(file) ? undefined : find(machine, textOf(file), context);
    return script === undefined ? undefined : runShared(machine, script, parameters, call, context);
  }
  if (!path.includes("/") || !isKnown(name)) return undefined;
  const script = find(machine, path, context);
  if (script === undefined || !isShellScript(script.text)) return undefined;
  return runChild(machine, { script, name: path }, args, optionsOfFirstLine(script.text), call, context);
}

/** True for a text that a shell runs: its first line names a shell or nothing. */
function isShellScript(text: string): boolean {
  if (text.includes("\0")) return false;
  const first = /^#!([^\n]*)/.exec(text)?.[1];
  return first === undefined || /\b(?:ba|da|a|k|z)?sh\b/.test(first);
}

function optionsOfFirstLine(text: string): string[] {
  return (/^#!\S+(?:\s+\S*sh)?\s+-([a-z]+)/.exec(text)?.[1] ?? "").split("");
}

function find({ options, scripts }: Machine, path: string, { process }: Context): Script | undefined {
  const key = `${process.directory}\0${path}`;
  if (scripts.has(key)) return scripts.get(key);
  const script = options.findScript(path, process.directory);
  scripts.set(key, script);
  return script;
}

/** `sh -c TEXT`, `bash SCRIPT`, `bash < here-document`. */
function runShellProgram(machine: Machine, args: readonly Value[], call: Call, context: Context): Outcome | undefined {
  const letters: string[] = [];
  let isText = false;
  let at = 0;
  for (; at < args.length; at += 1) {
    const text = textOf(args[at] ?? { pieces: [] });
    if (text === "-o" || text === "+o") {
      at += 1;
      if (textOf(args[at] ?? { pieces: [] }) === "errexit") letters.push("e");
    } else if (text.startsWith("--") && text !== "--") continue;
    else if (text.startsWith("-") && text !== "-" && text !== "--") {
      letters.push(...text.slice(1).split(""));
      isText ||= text.includes("c");
    } else break;
  }
  const [first, ...rest] = args.slice(at);
  if (letters.includes("n")) return undefined;
  if (first === undefined) {
    if (context.input === undefined || !isKnown(context.input) || call.input === undefined) return undefined;
    return runChild(machine, { script: scriptOf(machine, context.input, call) }, [], letters, call, context);
  }
  if (isText)
    return runChild(machine, { script: scriptOf(machine, first, call) }, rest.slice(1), letters, call, context);
  const script = isKnown(first) ? find(machine, textOf(first), context) : undefined;
  if (script === undefined || !isShellScript(script.text)) return undefined;
  return runChild(machine, { script, name: textOf(first) }, rest, letters, call, context);
}

/** A text that is run as a script; each part of it stands where it was written. */
export function scriptOf(machine: Machine, value: Value, call: Call): Script {
  const text = textOf(value);
  const starts: number[] = [];
  let length = 0;
  for (const piece of value.pieces) {
    starts.push(length);
    length += piece.source === "unknown" ? 1 : piece.text.length;
  }
  const placeAt = (offset: number): Place | undefined => {
    const index = Math.max(
      0,
      starts.findLastIndex((start) => start <= offset),
    );
    const place = value.pieces[index]?.place;
    const origin = place === undefined ? undefined : machine.origins.get(place);
    const isWhole = origin !== undefined && origin.end - origin.pos === value.pieces[index]?.text.length;
    if (!isWhole) return place;
    const from = Math.min(origin.end, origin.pos + offset - (starts[index] ?? 0));
    return origin.source.locate(from, Math.min(origin.end, from + 1));
  };
  const locate = (start: number, end: number): Place => {
    const first = placeAt(start) ?? call.place;
    const last = placeAt(Math.max(start, end - 1)) ?? first;
    if (first.path !== last.path || isBefore(last, first)) return first;
    return { ...first, endLine: last.endLine, endColumn: last.endColumn };
  };
  return { text, locate, slice: (start, end) => sliceValue(value, start, end) };
}

function isBefore(a: Place, b: Place): boolean {
  return a.endLine < b.line || (a.endLine === b.line && a.endColumn < b.column);
}

/** Runs a script as a process of its own: it has what is exported, and its changes are lost. */
function runChild(
  machine: Machine,
  { script, name }: { readonly script: Script; readonly name?: string | undefined },
  parameters: readonly Value[],
  options: readonly string[],
  call: Call,
  context: Context,
): Outcome {
  const { process } = context;
  const variables = process.variables.fork(true);
  for (const { name, value, place } of call.assignments) variables.set(name, { value, place, exported: true });
  const child: Process = {
    variables,
    functions: new Map(),
    options: new Set(options),
    parameters,
    directory: process.directory,
    name,
    file: name,
    locals: undefined,
  };
  return withoutControl(run(machine, script, { ...context, process: child, checked: false }, call));
}

/** Runs a sourced script: all it sets stays. */
function runShared(
  machine: Machine,
  script: Script,
  parameters: readonly Value[],
  call: Call,
  context: Context,
): Outcome {
  const { process } = context;
  const { parameters: before, file } = process;
  process.file = textOf(call.words[1] ?? { pieces: [] });
  if (parameters.length > 0) process.parameters = parameters;
  const outcome = run(machine, script, context, call);
  process.parameters = before;
  process.file = file;
  const { control, ...rest } = outcome;
  return control?.kind === "return" ? rest : outcome;
}

/** Runs `eval TEXT`. */
export function runText(machine: Machine, script: Script, call: Call, context: Context): Outcome {
  return run(machine, script, context, call);
}

function run(machine: Machine, script: Script, context: Context, call: Call): Outcome {
  return machine.runStatements(machine.parse(script.text).commands, {
    ...context,
    source: script,
    calls: context.calls + 1,
    depth: context.depth + 1,
    through: [...context.through, call.place],
  });
}

function applyPrefix(call: Call, { variables }: Process): Map<string, ReturnType<typeof variables.get>> {
  const before = new Map<string, ReturnType<typeof variables.get>>();
  for (const { name, value, place } of call.assignments) {
    before.set(name, variables.get(name));
    variables.set(name, { value, place, exported: true });
  }
  return before;
}
