import { formatPlatform } from "../../platform/platform.ts";
import type { Execution } from "../model.ts";
import { textOf, type Value } from "../value.ts";
import { MakeEvaluation } from "./evaluate-makefile.ts";
import { followMake } from "./follow-make.ts";
import type { MakefileModel } from "./makefile.ts";
import { TargetRunner, type RecipeRun } from "./run-targets.ts";
import { wantedBy } from "./target-platform.ts";

/** Longest chain of makes that call each other. */
const maxCalls = 5;

/** Runs the targets of a Makefile, and those of the makes that its recipes call. */
export class Recursion {
  readonly #makefile: MakefileModel;
  readonly #executions: Map<string, Execution>;
  readonly #goOn: () => boolean;
  readonly #called = new Set<string>();
  readonly #runners = new Map<string, TargetRunner>();

  constructor(makefile: MakefileModel, executions: Map<string, Execution>, goOn: () => boolean) {
    this.#makefile = makefile;
    this.#executions = executions;
    this.#goOn = goOn;
  }

  /** Every target of the Makefile. */
  all(evaluation: MakeEvaluation): void {
    this.#runner(evaluation, 0).runAll();
  }

  /** Some targets, for a caller who sets variables. */
  some(evaluation: MakeEvaluation, targets: readonly string[]): void {
    const runner = this.#runner(evaluation, 0);
    const wanted = targets.length > 0 ? targets : defaultTargets(evaluation);
    for (const target of wanted) runner.run(target, undefined, undefined, 1);
  }

  #runner(evaluation: MakeEvaluation, depth: number): TargetRunner {
    const { call } = evaluation;
    const wanted = wantedBy(call.overrides, wantedBy(call.environment, call.machine));
    return new TargetRunner(evaluation, this.#makefile, wanted, (run) => {
      this.#add(run);
      this.#follow(evaluation, run, depth);
      return this.#goOn();
    });
  }

  #add({ execution }: RecipeRun): void {
    const { place, target, machine, trace } = execution;
    const words = trace.commands.map(({ words }) => words.map(textOf).join(" ")).join("\n");
    const key = [place.path, place.line, formatPlatform(target), formatPlatform(machine), words].join("\0");
    if (!this.#executions.has(key)) this.#executions.set(key, execution);
  }

  #follow({ call }: MakeEvaluation, run: RecipeRun, depth: number): void {
    if (depth >= maxCalls) return;
    for (const { path, directory, overrides, environment, targets } of followMake(run, call)) {
      const differs = overrides.size > 0 || environment.size > 0 || path !== call.path || directory !== call.directory;
      // Without anything set, the targets of a Makefile run as everybody's do.
      if (!differs || (overrides.size === 0 && environment.size === 0)) continue;
      const key = [path, directory, listed(overrides), listed(environment)].join("\0");
      const whole = `${key}\0${targets.join(" ")}`;
      if (this.#called.has(whole)) continue;
      this.#called.add(whole);
      if (!this.#goOn()) return;
      const known = this.#runners.get(key);
      const runner =
        known ?? this.#runner(new MakeEvaluation({ ...call, path, directory, overrides, environment }), depth + 1);
      this.#runners.set(key, runner);
      for (const target of targets) runner.run(target, undefined, undefined, 1);
    }
  }
}

function listed(variables: ReadonlyMap<string, Value>): string {
  return [...variables].map(([name, value]) => `${name}=${textOf(value)}`).join(" ");
}

/** What make makes when it is not told what: the first target that is none of its own. */
function defaultTargets({ reader, scope }: MakeEvaluation): string[] {
  const goal = scope.get(".DEFAULT_GOAL") === undefined ? "" : textOf(reader.expansion().variable(".DEFAULT_GOAL"));
  if (goal !== "") return [goal];
  for (const { targets } of reader.rules) {
    const first = targets.map(textOf).find((name) => !/^\.[A-Z_]/.test(name) && !name.includes("%"));
    if (first !== undefined) return [first];
  }
  return [];
}
