import type { Command, Word } from "unbash";
import { textOf, type Value, written } from "../value.ts";
import type { Call, Context, Machine } from "./machine.ts";
import type { ReachedCommand } from "./trace.ts";

/** Takes down a command that is reached. */
export function reach(machine: Machine, call: Call, context: Context): void {
  const { variables } = context.process;
  const time = variables.now;
  const name = call.words[0];
  const input = call.input ?? context.input;
  const command: ReachedCommand = {
    words: call.words,
    program: name === undefined ? "" : programOf(name),
    place: call.place,
    assignments: call.assignments,
    outputs: call.outputs.length > 0 ? call.outputs : (context.outputs ?? []),
    ...(input === undefined ? {} : { input }),
    ...(context.pipedFrom === undefined ? {} : { pipedFrom: context.pipedFrom }),
    certain: context.certain,
    directory: context.process.directory,
    guarded: context.guarded,
    through: context.through,
    variable: (variable) => variables.get(variable, time),
  };
  machine.commands.push(command);
}

/** Takes down an `export` or `declare` with its assignments. */
export function reachDeclaration(
  machine: Machine,
  node: Command,
  args: readonly Word[],
  assignments: ReachedCommand["assignments"],
  context: Context,
): void {
  const words = [...(node.name === undefined ? [] : [node.name]), ...args].map(({ value, pos, end }) =>
    written(value, context.source.locate(pos, end)),
  );
  reach(machine, { words, assignments, outputs: [], place: context.source.locate(node.pos, node.end) }, context);
}

/** The name of a program without its folder; empty when it is not known. */
export function programOf(name: Value): string {
  const text = textOf(name);
  return text.includes("\uFFFC") ? "" : text.slice(text.lastIndexOf("/") + 1);
}
