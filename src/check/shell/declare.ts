import type { Assignment, Command } from "unbash";
import { textOf } from "../value.ts";
import type { Context, Machine, Outcome } from "./machine.ts";
import { success } from "./machine.ts";
import { reachDeclaration } from "./reach.ts";
import type { ReachedCommand } from "./trace.ts";

type Assign = (assignment: Assignment, exported?: boolean) => ReachedCommand["assignments"];

/** Runs `export`, `declare`, `local`, `readonly`. */
export function runDeclaration(machine: Machine, node: Command, context: Context, assign: Assign): Outcome {
  const { process } = context;
  const name = node.name?.value ?? "";
  const words = node.args.filter((arg) => arg.type === "Word");
  const options = words.map(({ value }) => value).filter((value) => /^[-+]/.test(value));
  const letters = options.filter((option) => option.startsWith("-")).join("");
  const isLocal = name === "local" || ((name === "declare" || name === "typeset") && !letters.includes("g"));
  const exported = name === "export" ? !letters.includes("n") : letters.includes("x") ? true : undefined;
  const names: string[] = [];
  const assignments: ReachedCommand["assignments"][number][] = [];
  for (const arg of node.args) {
    if (arg.type === "Assignment") {
      if (isLocal) keepLocal(context, arg.name);
      names.push(arg.name);
      assignments.push(...assign(arg, exported));
      continue;
    }
    for (const word of machine.expandWord(arg, context)) {
      const text = textOf(word);
      if (!/^[A-Za-z_]\w*$/.test(text)) continue;
      if (isLocal) keepLocal(context, text);
      names.push(text);
      const before = process.variables.get(text);
      if (exported !== undefined && before !== undefined) process.variables.set(text, { ...before, exported });
    }
  }
  reachDeclaration(machine, node, words, assignments, context);
  return { status: success };
}

/** Remembers what a variable was before the function made it its own. */
function keepLocal({ process }: Context, name: string): void {
  if (process.locals !== undefined && !process.locals.has(name)) process.locals.set(name, process.variables.get(name));
}
