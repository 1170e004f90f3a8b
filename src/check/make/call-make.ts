import type { Platform } from "../../platform/platform.ts";
import type { Execution } from "../model.ts";
import type { Repository } from "../repository/repository.ts";
import type { ReachedCommand } from "../shell/trace.ts";
import { isKnown, textOf, type Value } from "../value.ts";
import { MakeEvaluation, type MakeCall } from "./evaluate-makefile.ts";
import { assignedNames, setNames } from "./find-makefiles.ts";
import { makefileNames } from "./follow-make.ts";
import { isClear, makeArguments } from "./make-arguments.ts";
import type { MakefileModel } from "./makefile.ts";
import { Recursion } from "./recursion.ts";
import { joinRelative } from "../repository/paths.ts";

/** What somebody's call of make leads to. */
export interface MakeRun {
  readonly path: string;
  readonly evaluation: MakeEvaluation;
  readonly executions: readonly Execution[];
}

/** Most recipes of one call. */
const maxRecipes = 400;

/** Runs make as scripts, CI steps and RUN call it. What was run once is not run again. */
export class MakeCaller {
  readonly #repository: Repository;
  readonly #runs = new Map<string, MakeRun>();
  readonly #assigned = new Map<string, ReadonlySet<string>>();
  #settable: ReadonlySet<string> | undefined;

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /**
   * The run of a command `make …`; undefined when its Makefile is not in the repository.
   *
   * @param folders The folders that it may run in, the likeliest first.
   * @param asked Whether defaults that a caller is meant to replace have the machine's own name (see {@link MakeCall.asked}).
   */
  run(
    command: ReachedCommand,
    {
      folders,
      machine,
      asked,
    }: { readonly folders: readonly string[]; readonly machine: Platform; readonly asked: boolean },
  ): MakeRun | undefined {
    const args = makeArguments(command.words.slice(1));
    if (!isClear(args)) return undefined;
    for (const folder of folders) {
      let directory: string | undefined = folder;
      for (const next of args.directories)
        directory = directory === undefined ? undefined : joinRelative(directory, textOf(next));
      if (directory === undefined) continue;
      const path = this.#makefile(directory, args.file === undefined ? undefined : textOf(args.file));
      if (path === undefined) continue;
      const environment = this.#environment(path, command, args.overrides);
      const targets = args.targets.filter(isKnown).map(textOf);
      return this.#run({ path, directory, machine, asked, overrides: args.overrides, environment }, targets);
    }
    return undefined;
  }

  #makefile(directory: string, file: string | undefined): string | undefined {
    for (const name of file === undefined ? makefileNames : [file]) {
      const path = joinRelative(directory, name);
      if (path !== undefined && this.#repository.file(path) !== undefined) return path;
    }
    return undefined;
  }

  /** The variables of the environment that the Makefile can see: those that it has a name for. */
  #environment(path: string, command: ReachedCommand, overrides: ReadonlyMap<string, Value>): Map<string, Value> {
    const found = new Map<string, Value>();
    for (const name of this.#names(path)) {
      if (overrides.has(name)) continue;
      const variable = command.variable(name);
      if (variable?.exported === true) found.set(name, variable.value);
    }
    for (const { name, value } of command.assignments) if (!overrides.has(name)) found.set(name, value);
    return found;
  }

  #names(path: string): ReadonlySet<string> {
    const known = this.#assigned.get(path) ?? assignedNames(this.#repository, path);
    this.#assigned.set(path, known);
    return known;
  }

  #run(
    call: Pick<MakeCall, "path" | "directory" | "machine" | "asked" | "overrides" | "environment">,
    targets: readonly string[],
  ): MakeRun {
    const { path, directory, machine, asked, overrides, environment } = call;
    const listed = [...overrides, ...environment].map(([name, value]) => `${name}=${textOf(value)}`).join(" ");
    const key = [path, directory, machine.architecture, machine.variant, asked, listed, targets.join(" ")].join("\0");
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    const names = this.#names(path);
    this.#settable ??= setNames(this.#repository);
    const evaluation = new MakeEvaluation({
      ...call,
      repository: this.#repository,
      settable: this.#settable,
      isAssigned: (name) => names.has(name),
      // The Makefile itself has told already what is wrong with it.
      problem: () => undefined,
    });
    const executions = new Map<string, Execution>();
    const makefile: MakefileModel = { path, variants: [], others: [] };
    let left = maxRecipes;
    new Recursion(makefile, executions, () => left-- > 0).some(evaluation, targets);
    const run: MakeRun = { path, evaluation, executions: [...executions.values()] };
    this.#runs.set(key, run);
    return run;
  }
}
