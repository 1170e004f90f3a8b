import { parse, type AndOr, type CompoundList, type ParsedScript, type PipelineNode } from "unbash";
import type { Place } from "../place.ts";
import { redirections, runCommand } from "./command.ts";
import { runCase, runFor, runIf, runWhile } from "./compound.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { evaluateTest } from "./conditions.ts";
import { runAndOr, runPipeline, runStatements, runSubshell, substitute } from "./lists.ts";
import { type Context, type Machine, type Outcome, type Process, success } from "./machine.ts";
import type { Script, ShellOptions, ShellTrace } from "./trace.ts";
import { Variables } from "./variables.ts";
import { expandPattern, expandText, expandWord } from "./words.ts";

/** Steps that one script may take: commands, words and pieces of text. */
const maxSteps = 20_000;
/** Nodes inside of each other, through all calls; more would not fit the stack of the program. */
const maxDepth = 800;
const maxTextLength = 1_000_000;

/** Runs a script for one platform without executing anything: what can be known is computed, and both ways are taken where it cannot. Never throws. */
export function runShell(script: Script, options: ShellOptions): ShellTrace {
  const machine = createMachine(script, options);
  const { variables } = start(machine, options);
  const process: Process = {
    variables,
    functions: new Map(),
    options: new Set(options.options ?? []),
    parameters: options.parameters,
    directory: options.directory,
    name: options.name,
    file: options.name,
    locals: undefined,
  };
  const context: Context = {
    process,
    source: script,
    certain: true,
    guarded: false,
    through: [],
    depth: 0,
    calls: 0,
    checked: false,
    captured: false,
  };
  let outcome: Outcome = { status: success };
  try {
    outcome = runStatements(machine, machine.parse(script.text).commands, context);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    machine.problems.push({ place: script.locate(0, 0), message: "the script is nested too deeply to follow" });
  }
  const { control, status } = outcome;
  const failure = control?.kind === "exit" && control.zero === false && control.certain ? control.place : undefined;
  return {
    commands: machine.commands,
    switches: machine.switches,
    ...(failure === undefined || status.zero === true ? {} : { failure }),
    problems: machine.problems,
    variables: variables.all(),
  };
}

function start(machine: Machine, options: ShellOptions): { readonly variables: Variables } {
  const variables = new Variables(machine.clock);
  for (const [name, value] of options.environment) variables.set(name, { value, exported: true });
  return { variables };
}

function createMachine(script: Script, options: ShellOptions): Machine {
  let steps = maxSteps;
  const problems: { place: Place; message: string }[] = [];
  const parsed = options.parsed ?? new Map<string, ParsedScript>();
  const machine: Machine = {
    options,
    clock: { now: 0 },
    substituted: { count: 0, status: success },
    commands: [],
    switches: [],
    problems,
    origins: new WeakMap(),
    literals: new WeakMap(),
    scripts: new Map(),
    comparisons: [],
    spend: (place, amount = 1) => {
      if (steps <= 0) return false;
      steps -= amount;
      if (steps <= 0) problems.push({ place, message: "the script takes too many steps to follow it to its end" });
      return steps > 0;
    },
    parse: (text) => parseText(text, parsed, script, problems),
    runStatements: (statements, context) => runStatements(machine, statements, context),
    runNode: (node, context) => runNode(machine, node, context),
    substitute: (inner, context) => substitute(machine, inner.commands, context),
    expandWord: (word, context) => expandWord(machine, word, context),
    expandText: (word, context) => expandText(machine, word, context),
    expandPattern: (word, context) => expandPattern(machine, word, context),
  };
  return machine;
}

function parseText(
  text: string,
  parsed: Map<string, ParsedScript>,
  script: Script,
  problems: { place: Place; message: string }[],
): ParsedScript {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const isTooLong = text.length > maxTextLength;
  const result = parse(isTooLong ? "" : text);
  parsed.set(text, result);
  if (text !== script.text) return result;
  if (isTooLong) problems.push({ place: script.locate(0, 0), message: "the script is too long to read" });
  for (const { pos, message } of result.errors?.slice(0, 1) ?? [])
    problems.push({ place: script.locate(pos, pos), message: `the shell cannot read this: ${message}` });
  return result;
}

function runNode(machine: Machine, node: PipelineNode | AndOr | CompoundList, outer: Context): Outcome {
  if (outer.depth >= maxDepth) {
    const place = outer.source.locate(node.pos, node.end);
    const message = "the script is nested too deeply to follow";
    if (!machine.problems.some((problem) => problem.message === message)) machine.problems.push({ place, message });
    return { status: { zero: undefined }, control: { kind: "exit", zero: undefined, place, certain: false } };
  }
  const context = { ...outer, depth: outer.depth + 1 };
  switch (node.type) {
    case "Command":
      return runCommand(machine, node, context);
    case "CompoundList":
      return runStatements(machine, node.commands, context);
    case "AndOr":
      return runAndOr(machine, node, context);
    case "Pipeline":
      return runPipeline(machine, node, context);
    case "Subshell":
      return runSubshell(machine, node.body, context);
    case "BraceGroup":
      return runNode(machine, node.body, context);
    case "If":
      return runIf(machine, node, context);
    case "Case":
      return runCase(machine, node, context);
    case "For":
    case "Select":
      return runFor(machine, { ...node, type: "For" }, context);
    case "ArithmeticFor":
      return runNode(machine, node.body, context);
    case "While":
      return runWhile(machine, node, context);
    case "Function":
      context.process.functions.set(node.name.value, { node, source: context.source });
      return { status: success };
    case "Redirected": {
      const { outputs, input } = redirections(machine, node.redirects, context);
      const own = { ...(outputs.length === 0 ? {} : { outputs }), ...(input === undefined ? {} : { input }) };
      return runNode(machine, node.command, { ...context, ...own });
    }
    case "Coproc":
      return runNode(machine, node.body, context);
    case "TestCommand":
      return { status: evaluateTest(machine, node.expression, context) };
    case "ArithmeticCommand": {
      if (node.expression === undefined) return { status: { zero: undefined } };
      const { number, dependsOnPlatform } = evaluateArithmetic(machine, node.expression, context);
      return {
        status: {
          zero: number === undefined ? undefined : number !== 0,
          ...(dependsOnPlatform ? { dependsOnPlatform } : {}),
        },
      };
    }
  }
}
