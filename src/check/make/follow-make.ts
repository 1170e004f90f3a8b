import { isKnown, textOf, type Value } from "../value.ts";
import type { MakeCall } from "./evaluate-makefile.ts";
import { isClear, makeArguments } from "./make-arguments.ts";
import { joinRelative } from "../repository/paths.ts";
import type { RecipeRun } from "./run-targets.ts";

/** A make that a recipe calls. */
interface InnerCall {
  readonly path: string;
  readonly directory: string;
  readonly overrides: ReadonlyMap<string, Value>;
  readonly environment: ReadonlyMap<string, Value>;
  readonly targets: readonly string[];
}

/** The names that make looks for, in its order. */
export const makefileNames: readonly string[] = ["GNUmakefile", "makefile", "Makefile"];

/** The makes that a recipe calls, as far as it is known which ones. */
export function* followMake({ execution, environment }: RecipeRun, call: MakeCall): Generator<InnerCall> {
  for (const command of execution.trace.commands) {
    if (command.program !== "make" && command.program !== "gmake") continue;
    const args = makeArguments(command.words.slice(1));
    if (!isClear(args)) continue;
    let directory: string | undefined = command.directory ?? call.directory;
    for (const next of args.directories)
      directory = directory === undefined ? undefined : joinRelative(directory, textOf(next));
    if (directory === undefined) continue;
    const path = makefileIn(call, directory, args.file === undefined ? undefined : textOf(args.file));
    const targets = args.targets.filter(isKnown).map(textOf);
    if (path === undefined) continue;
    // Variables of the command line go on to every make that is called.
    const overrides = new Map([...call.overrides, ...args.overrides]);
    const inner = new Map([...environment].filter(([name]) => !overrides.has(name)));
    for (const { name, value } of command.assignments) if (!overrides.has(name)) inner.set(name, value);
    yield { path, directory, overrides, environment: inner, targets };
  }
}

function makefileIn({ repository }: MakeCall, directory: string, file: string | undefined): string | undefined {
  const names = file === undefined ? makefileNames : [file];
  for (const name of names) {
    const path = joinRelative(directory, name);
    if (path !== undefined && repository.file(path) !== undefined) return path;
  }
  return undefined;
}
