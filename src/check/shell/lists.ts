import type { AndOr, CompoundList, Pipeline, Statement } from "unbash";
import { emptyValue, joinValues, type Value } from "../value.ts";
import { assignedNames } from "./assigned-names.ts";
import { Ways } from "./branches.ts";
import { type Context, type Machine, negated, type Outcome, type Process, type Status, success } from "./machine.ts";
import { recordSwitch } from "./switch.ts";
import { bounded, withoutLineEnd } from "./text.ts";

/** Runs statements one after another, until one ends the list. */
export function runStatements(machine: Machine, statements: readonly Statement[], context: Context): Outcome {
  const outputs: Value[] = [];
  let status: Status = success;
  let tolerated = false;
  const ended = (control?: Outcome["control"]): Outcome => ({
    status,
    ...(control === undefined ? {} : { control }),
    ...(tolerated ? { tolerated } : {}),
    ...(context.captured ? { output: bounded(joinValues(...outputs)) } : {}),
  });
  for (const statement of statements) {
    const place = context.source.locate(statement.pos, statement.end);
    if (!machine.spend(place)) return ended({ kind: "exit", zero: undefined, place, certain: false });
    const outcome = machine.runNode(statement.command, context);
    if (outcome.output !== undefined && context.captured) outputs.push(outcome.output);
    if (statement.background === true) {
      status = success;
      continue;
    }
    ({ status } = outcome);
    tolerated = outcome.tolerated === true;
    if (outcome.control !== undefined) return ended(outcome.control);
    const fails = status.zero === false && status.presumed !== true && !tolerated;
    if (fails && !context.checked && context.process.options.has("e"))
      return ended({ kind: "exit", zero: false, place, certain: context.certain });
  }
  return ended();
}

/** Runs `a && b || c`. */
export function runAndOr(machine: Machine, node: AndOr, context: Context): Outcome {
  const [first, ...others] = node.commands;
  if (first === undefined) return { status: success };
  const outputs: Value[] = [];
  const mark = machine.comparisons.length;
  const before = machine.commands.length;
  let outcome = machine.runNode(first, others.length > 0 ? { ...context, checked: true } : context);
  const compared = context.checked ? [] : machine.comparisons.slice(mark);
  const isTaken = outcome.status.zero;
  let { certain, guarded } = context;
  let tolerated = true;
  let isChosen = false;
  for (const [index, command] of others.entries()) {
    if (outcome.output !== undefined) outputs.push(outcome.output);
    if (outcome.control !== undefined) break;
    const isLast = index === others.length - 1;
    const isAnd = node.operators[index] === "&&";
    const { zero, presumed = false, dependsOnPlatform = false } = outcome.status;
    const isDecided = zero !== undefined;
    if (isDecided && zero !== isAnd) {
      guarded ||= dependsOnPlatform;
      continue;
    }
    // `test && a || b` stands for if and else.
    if (!isAnd && presumed && isChosen) continue;
    tolerated = !isLast;
    const inner: Context = {
      ...context,
      certain,
      guarded: guarded || dependsOnPlatform,
      checked: context.checked || !isLast,
    };
    isChosen ||= isDecided && dependsOnPlatform;
    if (isDecided || (isAnd && presumed)) {
      outcome = machine.runNode(command, inner);
      if (isDecided) ({ guarded } = inner);
      // What normally succeeds and then ends the script has a way around it, or nothing would stand behind it.
      else if (outcome.control !== undefined) outcome = { status: { zero: undefined } };
      continue;
    }
    const ways = new Ways(machine, inner);
    ways.add((way) => machine.runNode(command, way));
    ways.add(() => ({ status: { zero: !isAnd } }));
    const before = outcome.status;
    outcome = { ...ways.end(), tolerated: true };
    // What stands behind || prints in the place of what failed.
    if (presumed) outcome = { ...outcome, status: before, output: emptyValue };
    else certain = false;
  }
  if (outcome.output !== undefined) outputs.push(outcome.output);
  const [comparison] = compared;
  if (comparison !== undefined && isTaken !== undefined) {
    const place = context.source.locate(node.pos, node.end);
    const patterns = compared.map((each) => (each.negated ? `!${each.pattern}` : each.pattern));
    const branches = [{ patterns, place: context.source.locate(first.pos, first.end) }];
    const { subject } = comparison;
    const taken = isTaken ? 0 : "none";
    recordSwitch(
      machine,
      {
        kind: "if",
        place,
        subject,
        branches,
        taken,
        certain: context.certain,
        assigned: assignedInAndOr(node),
        before,
      },
      outcome,
    );
  }
  return {
    ...outcome,
    ...(tolerated && others.length > 0 && outcome.status.zero !== true ? { tolerated } : {}),
    ...(context.captured ? { output: bounded(joinValues(...outputs)) } : {}),
  };
}

function assignedInAndOr({ pos, end, commands }: AndOr): readonly string[] {
  const statements = commands.map((command): Statement => {
    return { type: "Statement", pos, end, command, background: undefined };
  });
  return assignedNames({ type: "CompoundList", pos, end, commands: statements });
}

/** Runs a pipe; each part is a process of its own. */
export function runPipeline(machine: Machine, node: Pipeline, context: Context): Outcome {
  const isNegated = node.prefixes.filter(({ type }) => type === "Negation").length % 2 === 1;
  const [only] = node.commands;
  let outcome: Outcome = { status: success };
  if (node.commands.length === 1 && only !== undefined)
    outcome = machine.runNode(only, isNegated ? { ...context, checked: true } : context);
  else {
    let input: Value | undefined;
    let pipedFrom: number | undefined;
    for (const [index, command] of node.commands.entries()) {
      const isLast = index === node.commands.length - 1;
      const before = machine.commands.length;
      const { input: _input, pipedFrom: _pipedFrom, ...rest } = context;
      outcome = machine.runNode(command, {
        ...(index === 0 ? context : rest),
        process: forkProcess(context.process),
        checked: context.checked || isNegated || !isLast,
        captured: context.captured || !isLast,
        ...(input === undefined ? {} : { input }),
        ...(pipedFrom === undefined ? {} : { pipedFrom }),
      });
      input = outcome.output ?? emptyValue;
      pipedFrom = machine.commands.length > before ? machine.commands.length - 1 : undefined;
    }
    outcome = withoutControl(outcome);
  }
  return isNegated ? { ...outcome, status: negated(outcome.status), tolerated: true } : outcome;
}

/** Runs `( … )`: what it sets is lost. */
export function runSubshell(machine: Machine, body: CompoundList, context: Context): Outcome {
  return withoutControl(machine.runNode(body, { ...context, process: forkProcess(context.process) }));
}

/** What `$( … )` gives. */
export function substitute(machine: Machine, statements: readonly Statement[], context: Context): Value {
  const outcome = machine.runStatements(statements, {
    ...context,
    process: forkProcess(context.process),
    captured: true,
    depth: context.depth + 1,
  });
  machine.substituted.count += 1;
  machine.substituted.status = withoutControl(outcome).status;
  return withoutLineEnd(outcome.output ?? emptyValue);
}

/** An `exit` ends the process it is in alone. */
export function withoutControl({ control, ...outcome }: Outcome): Outcome {
  if (control?.kind !== "exit") return outcome;
  const isSure = control.certain;
  return { ...outcome, status: { ...outcome.status, zero: isSure ? control.zero : undefined } };
}

/** A process like this one, whose changes are its own. */
export function forkProcess(process: Process): Process {
  return {
    ...process,
    variables: process.variables.fork(false),
    functions: new Map(process.functions),
    options: new Set(process.options),
    locals: undefined,
  };
}
