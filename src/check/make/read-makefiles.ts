import { architecturesIn } from "../../dockerfile/architecture-name.ts";
import { formatPlatform, normalizePlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { Execution, ImageUse } from "../model.ts";
import type { Reading } from "../reading.ts";
import { maxTextSize } from "../repository/repository.ts";
import { textOf, type Value } from "../value.ts";
import { assignedNames, findMakefiles, setNames } from "./find-makefiles.ts";
import { MakeEvaluation, type MakeCall } from "./evaluate-makefile.ts";
import type { MakefileModel, MakefileVariant } from "./makefile.ts";
import { followMake } from "./follow-make.ts";
import { folderOf } from "./repository-path.ts";
import { TargetRunner, wantedBy, type RecipeRun } from "./run-targets.ts";

/** Most recipes that run for one platform in the whole repository. */
const maxRecipes = 6000;

/** Longest chain of makes that call each other. */
const maxCalls = 5;

/** The Makefiles of the repository, and their recipes as they run on every platform. */
export function readMakefiles(reading: Reading): {
  readonly makefiles: readonly MakefileModel[];
  readonly executions: readonly Execution[];
  readonly images: readonly ImageUse[];
} {
  const { repository, platforms } = reading;
  const paths = findMakefiles(repository);
  for (const path of paths) {
    if ((repository.file(path)?.size ?? 0) > maxTextSize)
      reading.unreadable({ place: { path }, message: "The Makefile is larger than 4 MiB; it is not read." });
  }
  const settable = setNames(repository);
  const told = new Set<string>();
  const callOf = (path: string, machine: Platform, assigned: ReadonlySet<string>): MakeCall => ({
    repository,
    path,
    directory: folderOf(path),
    machine,
    overrides: new Map(),
    environment: new Map(),
    asked: true,
    settable,
    isAssigned: (name) => assigned.has(name),
    problem: (message, place) => {
      const key = `${place?.path ?? path}:${place?.line ?? 0}:${message}`;
      if (!told.has(key)) reading.unreadable({ place: place ?? { path }, message });
      told.add(key);
    },
  });
  const makefiles: MakefileModel[] = [];
  const executions = new Map<string, Execution>();
  const counts = new Map<string, number>();
  for (const path of paths) {
    if (reading.signal.aborted) break;
    if ((repository.file(path)?.size ?? 0) > maxTextSize) continue;
    const variants: MakefileVariant[] = [];
    const assigned = assignedNames(repository, path);
    const makefile: MakefileModel = { path, variants };
    makefiles.push(makefile);
    for (const machine of platforms) {
      const evaluation = new MakeEvaluation(callOf(path, machine, assigned));
      variants.push(variantOf(evaluation));
      const count = formatPlatform(machine);
      const run = new Recursion(makefile, executions, () => {
        counts.set(count, (counts.get(count) ?? 0) + 1);
        return (counts.get(count) ?? 0) < maxRecipes && !reading.signal.aborted;
      });
      run.all(evaluation);
    }
    for (const machine of namedBeside(variants, platforms)) {
      variants.push(variantOf(new MakeEvaluation(callOf(path, machine, assigned))));
    }
  }
  return { makefiles, executions: [...executions.values()], images: [] };
}

function variantOf(evaluation: MakeEvaluation): MakefileVariant {
  return {
    machine: evaluation.call.machine,
    variables: evaluation.variables(),
    conditionals: evaluation.reader.conditionals.found,
    asked: evaluation.asked,
  };
}

/** The architectures that conditions of a Makefile name beside the requested ones. */
function namedBeside(variants: readonly MakefileVariant[], platforms: readonly Platform[]): Platform[] {
  const texts = variants.flatMap(({ conditionals }) =>
    conditionals.flatMap(({ branches }) => branches.flatMap(({ operands }) => operands.map(textOf))),
  );
  const names = new Set(texts.flatMap((text) => architecturesIn(text).map(({ architecture }) => architecture)));
  return [...names]
    .map((architecture) => normalizePlatform({ os: "linux", architecture }))
    .filter(
      (platform) =>
        !platforms.some((other) => samePlatform(other, platform) || other.architecture === platform.architecture),
    );
}

/** Runs the targets of a Makefile, and those of the makes that its recipes call. */
class Recursion {
  readonly #makefile: MakefileModel;
  readonly #executions: Map<string, Execution>;
  readonly #goOn: () => boolean;
  readonly #called = new Set<string>();

  constructor(makefile: MakefileModel, executions: Map<string, Execution>, goOn: () => boolean) {
    this.#makefile = makefile;
    this.#executions = executions;
    this.#goOn = goOn;
  }

  /** Every target of the Makefile. */
  all(evaluation: MakeEvaluation): void {
    this.#runner(evaluation, 0).runAll();
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
      const key = [path, directory, listed(overrides), listed(environment), targets.join(" ")].join("\0");
      if (this.#called.has(key)) continue;
      this.#called.add(key);
      if (!this.#goOn()) return;
      const inner = new MakeEvaluation({ ...call, path, directory, overrides, environment });
      const runner = this.#runner(inner, depth + 1);
      for (const target of targets) runner.run(target, undefined, undefined, 1);
    }
  }
}

function listed(variables: ReadonlyMap<string, Value>): string {
  return [...variables].map(([name, value]) => `${name}=${textOf(value)}`).join(" ");
}
