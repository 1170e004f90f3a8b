import type { Assignment, Command, Redirection, Word } from "unbash";
import { dependsOnPlatform, textOf, unknownValue, type Value } from "../value.ts";
import { arrayKeys, clearArray, elementName, setElement } from "./arrays.ts";
import { runBuiltin } from "./builtins.ts";
import { runDeclaration } from "./declare.ts";
import { runFunction, runNamedScript } from "./calls.ts";
import { filterOutput } from "./filters.ts";
import type { Call, Context, Machine, Outcome, Status } from "./machine.ts";
import { success } from "./machine.ts";
import { architectureOf } from "./machine-output.ts";
import { programOf, reach } from "./reach.ts";
import { bounded, chosenByPlatform } from "./text.ts";
import type { ReachedCommand } from "./trace.ts";
import { targetOf } from "./target-output.ts";
import { expandHereDocument } from "./words.ts";
import { unwrap } from "./wrappers.ts";

const declarations = new Set(["export", "declare", "typeset", "local", "readonly"]);

/** A command has no more words than these; those behind are left out. */
const maxWords = 16_384;

/** Runs a simple command: expands its words and does what it says. */
export function runCommand(machine: Machine, node: Command, context: Context): Outcome {
  const place = context.source.locate(node.pos, node.end);
  if (!machine.spend(place))
    return { status: { zero: undefined }, control: { kind: "exit", zero: undefined, place, certain: false } };
  const first = node.name?.value ?? "";
  const mark = machine.substituted.count;
  const isDeclaration = declarations.has(first);
  const written = [...(node.name === undefined ? [] : [node.name]), ...(isDeclaration ? [] : wordsOf(node))];
  const words = expandWords(machine, written, context);
  const assigned = node.prefix.filter((each) => each.type === "Assignment");
  const { outputs, input } = redirections(machine, node.redirects, context);
  if (isDeclaration)
    return runDeclaration(machine, node, context, (assignment, exported) =>
      assign(machine, assignment, context, exported),
    );
  if (words.length === 0) {
    const assignments = assigned.flatMap((assignment) => assign(machine, assignment, context));
    reach(machine, { words, assignments, outputs, place }, context);
    const last = machine.substituted.count === mark ? success : machine.substituted.status;
    return { status: last };
  }
  const assignments = assigned.flatMap((assignment) => valueOf(machine, assignment, context));
  return runWords(machine, { words, assignments, outputs, place, ...(input === undefined ? {} : { input }) }, context);
}

function expandWords(machine: Machine, written: readonly Word[], context: Context): Value[] {
  const words: Value[] = [];
  for (const word of written) {
    if (words.length >= maxWords) break;
    words.push(...machine.expandWord(word, context));
  }
  return words;
}

/** Runs a command whose words are expanded. */
export function runWords(machine: Machine, call: Call, context: Context): Outcome {
  const inner = unwrap(call);
  if (inner !== undefined) {
    const outcome = runWords(machine, inner.call, { ...context, certain: context.certain && inner.certain });
    if (!inner.replacesShell || outcome.control !== undefined) return outcome;
    const { place } = call;
    return { ...outcome, control: { kind: "exit", zero: outcome.status.zero, place, certain: context.certain } };
  }
  const [name, ...args] = call.words;
  if (name === undefined) return { status: success };
  const program = programOf(name);
  const own = context.process.functions.get(program);
  if (own !== undefined) return runFunction(machine, own, call, context);
  reach(machine, call, context);
  const input = call.input ?? context.input;
  const withInput = input === undefined ? context : { ...context, input };
  return (
    runBuiltin(machine, program, call, withInput) ??
    runNamedScript(machine, program, call, withInput) ??
    printed(machine, program, args, call, withInput)
  );
}

function printed(machine: Machine, program: string, args: readonly Value[], call: Call, context: Context): Outcome {
  const told =
    architectureOf(program, args, call, machine.options.machine) ?? targetOf(program, args, call, context.process);
  if (told !== undefined) return { status: { zero: true }, output: told };
  const filtered = filterOutput(program, args, context.input, call.place);
  if (filtered !== undefined) return filtered;
  const depends = [...call.words, ...(context.input === undefined ? [] : [context.input])].some(dependsOnPlatform);
  const status: Status = {
    zero: undefined,
    ...(asksOnly.has(program) ? {} : { presumed: true }),
    ...(depends && asksOnly.has(program) ? { dependsOnPlatform: true } : {}),
  };
  return {
    status,
    output: unknownValue(depends ? { dependsOnPlatform: true, place: call.place } : { place: call.place }),
  };
}

/** Programs whose answer nobody can guess. */
const asksOnly = new Set([
  "grep",
  "egrep",
  "fgrep",
  "which",
  "type",
  "command",
  "hash",
  "diff",
  "cmp",
  "pgrep",
  "ping",
  "nc",
  "id",
  "getent",
  "rpm",
  "jq",
  "ldconfig",
  "file",
  "systemctl",
  "service",
  "pidof",
  "mountpoint",
  "read",
  "timeout",
]);

function wordsOf(node: Command): Extract<Command["args"][number], { type: "Word" }>[] {
  return node.args.map((arg) =>
    arg.type === "Word"
      ? arg
      : {
          ...(arg.value.type === "Word" ? arg.value : {}),
          type: "Word",
          text: arg.text,
          value: arg.text,
          pos: arg.pos,
          end: arg.end,
          ...partsOfAssignment(arg),
        },
  );
}

/** An argument that looks like an assignment (`make ARCH=$ARCH`) is a word like others. */
function partsOfAssignment(arg: Assignment): {
  parts?: NonNullable<Extract<Assignment["value"], { type: "Word" }>["parts"]>;
} {
  if (arg.value.type !== "Word") return {};
  const prefix = arg.text.slice(0, arg.value.pos - arg.pos);
  const before = { type: "Literal" as const, pos: arg.pos, end: arg.value.pos, value: prefix, text: prefix };
  const { parts, value, text, pos, end } = arg.value;
  return { parts: [before, ...(parts ?? [{ type: "Literal" as const, pos, end, value, text }])] };
}

/** What an assignment gives, without making it. */
function valueOf(machine: Machine, assignment: Assignment, context: Context): ReachedCommand["assignments"] {
  const { name, value, append, index } = assignment;
  const place = context.source.locate(assignment.pos, assignment.end);
  if (value.type !== "Word") return [];
  const text = machine.expandText(value, context);
  const key = index === undefined ? name : elementName(name, textOf(machine.expandText(index, context)));
  const before = append === true ? context.process.variables.get(key)?.value.pieces : undefined;
  const joined = bounded({ pieces: [...(before ?? []), ...text.pieces] });
  return [{ name: key, value: context.guarded ? chosenByPlatform(joined) : joined, place }];
}

/** Makes an assignment. */
function assign(
  machine: Machine,
  assignment: Assignment,
  context: Context,
  exported?: boolean,
): ReachedCommand["assignments"] {
  const { process } = context;
  const { name, value, append, index } = assignment;
  if (value.type === "Word") {
    const made = valueOf(machine, assignment, context);
    for (const { value: text, place } of made) {
      if (index === undefined) {
        const before = process.variables.get(name);
        process.variables.set(name, {
          value: text,
          place,
          exported: exported ?? (before?.exported === true || process.options.has("a")),
        });
      } else setElement(name, textOf(machine.expandText(index, context)), text, place, process.variables);
      machine.spend(place, text.pieces.length);
    }
    return made;
  }
  if (append !== true) clearArray(name, process.variables);
  let next = arrayKeys(name, process.variables)?.length ?? 0;
  for (const element of value.elements) {
    const place = context.source.locate(element.pos, element.end);
    const keyed = /^\[([^\]]*)\]=/.exec(element.text);
    if (keyed === null) {
      for (const text of machine.expandWord(element, context)) {
        setElement(name, String(next), context.guarded ? chosenByPlatform(text) : text, place, process.variables);
        next += 1;
      }
      continue;
    }
    const key = (keyed[1] ?? "").replaceAll(/["']/g, "");
    const text = machine.expandText(withoutStart(element, keyed[0].length), context);
    setElement(name, key, context.guarded ? chosenByPlatform(text) : text, place, process.variables);
  }
  return [];
}

/** The value of an element that is written with its key. */
function withoutStart(word: Extract<Assignment["value"], { type: "Word" }>, length: number): typeof word {
  const pos = word.pos + length;
  const cut = <T extends { pos: number; end: number; text: string }>(part: T): T => ({
    ...part,
    pos,
    text: part.text.slice(length),
    value: part.text.slice(length),
  });
  if (word.parts === undefined) return cut(word);
  const [first, ...rest] = word.parts;
  if (first?.type !== "Literal") return word;
  return { ...word, pos, parts: first.text.length <= length ? rest : [cut(first), ...rest] };
}

/** Where a command's output goes, and what it reads. */
export function redirections(
  machine: Machine,
  redirects: readonly Redirection[],
  context: Context,
): { outputs: Value[]; input: Value | undefined } {
  const outputs: Value[] = [];
  let input: Value | undefined;
  for (const redirect of redirects) {
    if (redirect.type === "HereDoc") input = expandHereDocument(machine, redirect, context);
    else if (redirect.target === undefined) continue;
    else if (redirect.type === "HereString") input = machine.expandText(redirect.target, context);
    else {
      const target = machine.expandText(redirect.target, context);
      if (redirect.operator === "<") input = unknownValue();
      else if (redirect.operator !== ">&" && redirect.operator !== "<&") outputs.push(target);
    }
  }
  return { outputs, input };
}
