import type { Case, CompoundList, For, If, While, Word } from "unbash";
import type { Place } from "../place.ts";
import { dependsOnPlatform, isKnown, textOf, unknownValue, type Value } from "../value.ts";
import { assignedNames } from "./assigned-names.ts";
import { Ways } from "./branches.ts";
import { optionLoop, type OptionLoop } from "./getopts.ts";
import type { Context, Machine, Outcome } from "./machine.ts";
import { success } from "./machine.ts";
import { matchesPattern } from "./pattern.ts";
import { recordSwitch } from "./switch.ts";
import { chosenByPlatform, splitValue } from "./text.ts";
import type { ArchitectureSwitch } from "./trace.ts";

const maxIterations = 64;

/** Runs an `if` ladder: the branch that is taken, or all that may be. */
export function runIf(machine: Machine, node: If, context: Context): Outcome {
  const steps = [
    { clause: node.clause, body: node.then, pos: node.pos, end: node.then.end },
    ...node.elif.map(({ clause, then: body, pos, end }) => ({ clause, body, pos, end })),
  ];
  const before = machine.commands.length;
  const ways = new Ways(machine, context);
  const branches: { patterns: string[]; place: Place }[] = [];
  let subject: Value | undefined;
  let taken: ArchitectureSwitch["taken"] = "none";
  let guarded = context.guarded;
  let final: Outcome | undefined;
  for (const [index, step] of steps.entries()) {
    const mark = machine.comparisons.length;
    const certain = context.certain && ways.isEmpty;
    const clause = machine.runNode(step.clause, { ...context, certain, guarded, checked: true });
    const compared = machine.comparisons.slice(mark);
    subject ??= compared[0]?.subject;
    const patterns = compared.map(({ pattern, negated }) => (negated ? `!${pattern}` : pattern));
    branches.push({ patterns, place: context.source.locate(step.pos, step.end) });
    if (clause.control !== undefined) {
      final = clause;
      break;
    }
    const { zero, presumed, dependsOnPlatform: depends = false } = clause.status;
    if (zero === false && presumed !== true) {
      guarded ||= depends;
      continue;
    }
    if (zero === true && presumed !== true) {
      guarded ||= depends;
      taken = index;
      final = finish(machine, ways, step.body, { ...context, guarded });
      break;
    }
    ways.add((way) => machine.runNode(step.body, { ...way, guarded: guarded || depends }));
    guarded ||= depends;
  }
  if (final === undefined) {
    if (node.else !== undefined) taken = "default";
    final = finish(machine, ways, node.else, { ...context, guarded });
  }
  if (subject !== undefined)
    recordSwitch(
      machine,
      {
        kind: "if",
        place: context.source.locate(node.pos, node.end),
        subject,
        branches,
        taken,
        ...(node.else === undefined ? {} : { otherwise: context.source.locate(node.else.pos, node.else.end) }),
        certain: context.certain && ways.isEmpty,
        assigned: assignedNames(...steps.map(({ body }) => body), ...(node.else === undefined ? [] : [node.else])),
        before,
      },
      final,
    );
  return guarded ? withChosenOutput(final) : final;
}

/** What a branch prints was chosen by the platform, as what it assigns: `case "$ARCH" in … echo SUM ;; esac | sha256sum -c`. */
function withChosenOutput(outcome: Outcome): Outcome {
  return outcome.output === undefined ? outcome : { ...outcome, output: chosenByPlatform(outcome.output) };
}

/** Runs a `case`: the branch that is taken, or all that may be. */
export function runCase(machine: Machine, node: Case, context: Context): Outcome {
  const subject = machine.expandText(node.word, context);
  const depends = dependsOnPlatform(subject);
  const guarded = context.guarded || depends;
  const ways = new Ways(machine, context);
  let taken: ArchitectureSwitch["taken"] = "none";
  let final: Outcome | undefined;
  const branches: { patterns: string[]; place: Place }[] = [];
  const before = machine.commands.length;
  let otherwise: Place | undefined;
  for (const [index, item] of node.items.entries()) {
    const isDefault = item.pattern.some(isStar);
    const place = context.source.locate(item.pos, item.end);
    if (isDefault) otherwise = place;
    else branches.push({ patterns: item.pattern.map(({ value }) => value), place });
    if (final !== undefined) continue;
    const verdict = matchesAny(machine, subject, item.pattern, context);
    if (verdict === false) continue;
    const bodies = [item.body];
    for (let next = index; node.items[next]?.terminator === ";&"; next += 1) {
      const following = node.items[next + 1]?.body;
      if (following !== undefined) bodies.push(following);
    }
    const run = (inner: Context): Outcome => runBodies(machine, bodies, inner);
    if (verdict === undefined || item.terminator === ";;&") ways.add((way) => run({ ...way, guarded }));
    else {
      taken = isDefault ? "default" : branches.length - 1;
      final = ways.isEmpty ? run({ ...context, guarded }) : finishWith(ways, run, { ...context, guarded });
    }
  }
  final ??= finish(machine, ways, undefined, context);
  if (depends)
    recordSwitch(
      machine,
      {
        kind: "case",
        place: context.source.locate(node.pos, node.end),
        subject,
        branches,
        taken,
        ...(otherwise === undefined ? {} : { otherwise }),
        certain: context.certain && ways.isEmpty,
        assigned: assignedNames(...node.items.map(({ body }) => body)),
        before,
      },
      final,
    );
  return guarded ? withChosenOutput(final) : final;
}

/** Runs a `for` over words that are known, each in turn; over unknown ones its body is run once. */
export function runFor(machine: Machine, node: For, context: Context): Outcome {
  const name = node.name.value;
  const values =
    node.wordlist === undefined
      ? (context.process.parameters ?? [unknownValue()])
      : node.wordlist.flatMap((word) => machine.expandWord(word, context));
  let outcome: Outcome = { status: success };
  const outputs: Value[] = [];
  for (const value of values.slice(0, maxIterations)) {
    const place = context.source.locate(node.pos, node.end);
    if (!machine.spend(place)) break;
    context.process.variables.set(name, { value, exported: context.process.options.has("a"), place });
    const isSure = isKnown(value);
    outcome = machine.runNode(node.body, { ...context, certain: context.certain && isSure });
    if (outcome.output !== undefined) outputs.push(outcome.output);
    const { control } = outcome;
    if (control === undefined) continue;
    const after = afterLoop(outcome);
    if (control.kind === "continue" && control.levels <= 1) outcome = after;
    else return { ...after, output: joinAll(outputs) };
  }
  return { ...afterLoop(outcome), output: joinAll(outputs) };
}

/** Runs the body of a `while` once, unless it is known never to run; over lines that are known (`while read`) for each of them. */
export function runWhile(machine: Machine, node: While, context: Context): Outcome {
  const { input } = context;
  const loop = optionLoop(machine, node, context);
  if (loop !== undefined) return runOptions(machine, node, loop, context);
  if (input === undefined || !isKnown(input) || !reads(node)) return runWhileOnce(machine, node, context);
  const outputs: Value[] = [];
  for (const each of splitValue(input, /\n/).slice(0, maxIterations)) {
    if (!machine.spend(context.source.locate(node.pos, node.end))) break;
    const outcome = runWhileOnce(machine, node, { ...context, input: each });
    if (outcome.output !== undefined) outputs.push(outcome.output);
    if (outcome.control !== undefined) return { ...outcome, output: joinAll(outputs) };
  }
  return { status: success, output: joinAll(outputs) };
}

/** Runs the body for each option that `getopts` finds. */
function runOptions(machine: Machine, node: While, { name, options }: OptionLoop, context: Context): Outcome {
  const place = context.source.locate(node.pos, node.end);
  const { variables, options: set } = context.process;
  const outputs: Value[] = [];
  for (const { letter, argument } of options.slice(0, maxIterations)) {
    if (!machine.spend(place)) break;
    variables.set(name, { value: letter, exported: set.has("a"), place });
    variables.set("OPTARG", { value: argument, exported: set.has("a"), place });
    const outcome = machine.runNode(node.body, context);
    if (outcome.output !== undefined) outputs.push(outcome.output);
    if (outcome.control === undefined || (outcome.control.kind === "continue" && outcome.control.levels <= 1)) continue;
    return { ...afterLoop(outcome), output: joinAll(outputs) };
  }
  return { status: success, output: joinAll(outputs) };
}

/** True for `while read …`. */
function reads({ clause: { commands } }: While): boolean {
  const [first] = commands;
  return commands.length === 1 && first?.command.type === "Command" && first.command.name?.value === "read";
}

function runWhileOnce(machine: Machine, node: While, context: Context): Outcome {
  const clause = machine.runNode(node.clause, { ...context, checked: true });
  if (clause.control !== undefined) return clause;
  const { zero, dependsOnPlatform: depends = false } = clause.status;
  if (zero === (node.kind === "until")) return { status: success };
  const isSure = zero !== undefined;
  const outcome = afterLoop(
    machine.runNode(node.body, {
      ...context,
      certain: context.certain && isSure,
      guarded: context.guarded || (isSure && depends),
    }),
  );
  return isSure
    ? outcome
    : {
        status: { zero: undefined, presumed: true },
        ...(outcome.output === undefined ? {} : { output: outcome.output }),
      };
}

/** Takes `break` and `continue` off at the loop that they are for. */
function afterLoop({ control, ...outcome }: Outcome): Outcome {
  if (control === undefined) return outcome;
  if (control.kind === "exit" || control.kind === "return") return { ...outcome, control };
  return control.levels > 1 ? { ...outcome, control: { ...control, levels: control.levels - 1 } } : outcome;
}

function joinAll(outputs: readonly Value[]): Value {
  return { pieces: outputs.flatMap(({ pieces }) => pieces) };
}

function runBodies(machine: Machine, bodies: readonly CompoundList[], context: Context): Outcome {
  let outcome: Outcome = { status: success };
  for (const body of bodies) {
    outcome = machine.runNode(body, context);
    if (outcome.control !== undefined) break;
  }
  return outcome;
}

function finish(machine: Machine, ways: Ways, body: CompoundList | undefined, context: Context): Outcome {
  const run = (inner: Context): Outcome => (body === undefined ? { status: success } : machine.runNode(body, inner));
  return ways.isEmpty ? run(context) : finishWith(ways, run, context);
}

function finishWith(ways: Ways, run: (context: Context) => Outcome, { guarded }: Context): Outcome {
  ways.add((way) => run({ ...way, guarded }));
  return ways.end();
}

function isStar(word: Word): boolean {
  return /^\*+$/.test(word.text);
}

function matchesAny(
  machine: Machine,
  subject: Value,
  patterns: readonly Word[],
  context: Context,
): boolean | undefined {
  const isSure = isKnown(subject);
  let verdict: boolean | undefined = false;
  for (const pattern of patterns) {
    if (isStar(pattern)) return true;
    const parts = machine.expandPattern(pattern, context);
    const matched =
      isSure && parts.every(({ text }) => !text.includes("\uFFFC"))
        ? matchesPattern(textOf(subject), parts)
        : undefined;
    if (matched === true) return true;
    if (matched === undefined) verdict = undefined;
  }
  return verdict;
}
