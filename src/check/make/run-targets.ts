import type { Platform } from "../../platform/platform.ts";
import type { Execution } from "../model.ts";
import type { Place } from "../place.ts";
import { runShell } from "../shell/run-shell.ts";
import { emptyValue, sliceValue, textOf, unknownValue, written, type Value } from "../value.ts";
import { Scope, type Binding } from "./bindings.ts";
import { findScriptIn, scriptOf, type MakeEvaluation } from "./evaluate-makefile.ts";
import type { Expansion } from "./expand.ts";
import type { MakeRule } from "./make-rule.ts";
import { hasUnknown, joinWords, stemOf } from "./make-words.ts";
import type { MakefileModel } from "./makefile.ts";
import { commandsOf, placeOf } from "./recipe-commands.ts";
import { folderOf } from "../repository/paths.ts";
import { platformGiven, platformNamed, wantedBy } from "./target-platform.ts";

/** What the run of a target leads to. */
export interface RecipeRun {
  readonly execution: Execution;
  readonly target: string;
  /** What a make that the recipe calls sees. */
  readonly environment: ReadonlyMap<string, Value>;
}

/** Longest chain of prerequisites. */
const maxChain = 60;

/** Runs the recipes of targets: what each command of them is on one machine. */
export class TargetRunner {
  readonly #evaluation: MakeEvaluation;
  readonly #makefile: MakefileModel;
  readonly #wanted: Platform;
  readonly #done = new Set<string>();
  readonly #take: (run: RecipeRun) => boolean;

  /** `take` gets each recipe that runs; it answers false when no more are wanted. */
  constructor(
    evaluation: MakeEvaluation,
    makefile: MakefileModel,
    wanted: Platform,
    take: (run: RecipeRun) => boolean,
  ) {
    this.#evaluation = evaluation;
    this.#makefile = makefile;
    this.#wanted = wanted;
    this.#take = take;
  }

  /** Every target that has a recipe, as somebody may ask for it. */
  runAll(): void {
    const { rules } = this.#evaluation.reader;
    const named = new Set(rules.flatMap(({ targets, prerequisites }) => [...targets, ...prerequisites]).map(textOf));
    for (const rule of rules) {
      for (const target of rule.targets) {
        const name = textOf(target);
        if (name.startsWith(".") && /^\.[A-Z_]+$/.test(name)) continue;
        if (!name.includes("%")) {
          this.run(name, target);
          continue;
        }
        const asked = [...named].filter(
          (each) => !each.includes("%") && !hasUnknown(each) && stemOf(name, each) !== undefined,
        );
        for (const each of asked) this.run(each);
        if (asked.length === 0)
          this.#recipe(rule, name, target, unknownValue(), new Scope(this.#evaluation.scope), this.#wanted);
      }
    }
  }

  /** One target with what it needs. */
  run(name: string, target: Value = written(name), above?: Scope, chain = 0, wanted = this.#wanted): void {
    const scope = this.#scopeFor(name, above);
    // What a target for one architecture needs is for that one too.
    const platform = platformNamed(name, wanted);
    const key = `${name}\0${(scope ?? above)?.fingerprint() ?? ""}`;
    if (this.#done.has(key) || chain > maxChain) return;
    this.#done.add(key);
    const base = scope ?? above ?? this.#evaluation.scope;
    const { rules } = this.#evaluation.reader;
    const explicit = rules.filter(({ targets }) => targets.some((each) => textOf(each) === name));
    let rule = explicit.findLast(({ recipe }) => recipe.length > 0);
    let stem: Value = rule?.pattern === undefined ? emptyValue : stemIn(rule.pattern, target);
    if (rule === undefined && !hasUnknown(name)) {
      const found = this.#patternRule(name, target);
      rule = found?.rule;
      stem = found?.stem ?? emptyValue;
    }
    // Without variables of its own, what it needs runs for itself.
    const needed = new Set(
      [...explicit, ...(rule === undefined ? [] : [rule])].flatMap(({ prerequisites }) => prerequisites),
    );
    if (scope !== undefined || above !== undefined || chain > 0)
      for (const each of needed)
        this.run(withStem(textOf(each), textOf(stem)), each, scope ?? above, chain + 1, platform);
    if (rule !== undefined) this.#recipe(rule, name, target, stem, base, platform);
  }

  #patternRule(name: string, target: Value): { readonly rule: MakeRule; readonly stem: Value } | undefined {
    for (const rule of this.#evaluation.reader.rules) {
      if (rule.recipe.length === 0) continue;
      for (const pattern of rule.targets) {
        const text = textOf(pattern);
        const stem = text.includes("%") ? stemOf(text, name) : undefined;
        if (stem === undefined || stem === "") continue;
        return { rule, stem: stemIn(text, target) };
      }
    }
    return undefined;
  }

  /** The layer of variables that are set for a target; undefined when there are none. */
  #scopeFor(name: string, above: Scope | undefined): Scope | undefined {
    const own = this.#evaluation.reader.targetVariables.filter(
      ({ target }) => target === name || (target.includes("%") && stemOf(target, name) !== undefined),
    );
    if (own.length === 0) return undefined;
    const below = above ?? this.#evaluation.scope;
    const scope = new Scope(below);
    for (const { binding, operator } of own) {
      const before = scope.get(binding.name);
      if (before?.origin === "command line" && binding.origin !== "override") continue;
      if (operator === "?=" && before !== undefined && before.parts.length > 0) continue;
      const exported = binding.exported === true || before?.exported === true ? { exported: true } : {};
      const parts = operator === "+=" ? [...(before?.parts ?? []), ...binding.parts] : binding.parts;
      scope.set(binding.name, { ...binding, parts, ...exported });
    }
    return scope;
  }

  #recipe(rule: MakeRule, name: string, target: Value, stem: Value, base: Scope, wanted: Platform): void {
    const scope = new Scope(base);
    const set = (variable: string, value: Value) => scope.set(variable, automatic(variable, value));
    const prerequisites = rule.prerequisites.map((each) =>
      textOf(each).includes("%") ? substituteStem(each, stem) : each,
    );
    set("@", target);
    set("*", stem);
    set("<", prerequisites[0] ?? emptyValue);
    for (const all of ["^", "+", "?"]) set(all, joinWords(prerequisites));
    const path = textOf(target);
    set("@D", hasUnknown(path) ? unknownValue() : written(folderOf(path) || "."));
    set("@F", hasUnknown(path) ? target : sliceValue(target, path.lastIndexOf("/") + 1, path.length));
    const expansion = this.#evaluation.reader.expansion().in(scope);
    const { oneShell } = this.#evaluation.reader;
    const environment = this.#evaluation.environment(expansion);
    const lines = oneShell ? [rule.recipe] : rule.recipe.map((line) => [line]);
    for (const line of lines) {
      const place = placeOf(line);
      if (place === undefined) continue;
      for (const command of commandsOf(line, expansion)) {
        if (!this.#command(command, { name, place, environment, expansion, wanted })) return;
      }
    }
  }

  #command(
    command: Value,
    {
      name,
      place,
      environment,
      expansion,
      wanted,
    }: {
      readonly name: string;
      readonly place: Place;
      readonly environment: ReadonlyMap<string, Value>;
      readonly expansion: Expansion;
      readonly wanted: Platform;
    },
  ): boolean {
    const { call } = this.#evaluation;
    const shell = textOf(expansion.variable("SHELL"));
    // Recipes of another language than a shell's, and those that only say something.
    if (!/sh\b/.test(shell) || /^(?:echo|printf)\b[^;&|`$>]*$/.test(textOf(command))) return true;
    const trace = runShell(scriptOf(command, place), {
      machine: call.machine,
      environment,
      directory: call.directory,
      findScript: findScriptIn(call.repository, call.directory),
    });
    return this.#take({
      target: name,
      environment,
      execution: {
        kind: "recipe",
        scope: "host",
        target: this.#platformOf(name, expansion, wanted),
        machine: call.machine,
        trace,
        place,
        name,
        makefile: this.#makefile,
      },
    });
  }

  /** The platform that a target is for: the one that its name or its own variables name, else the wanted one. */
  #platformOf(name: string, expansion: Expansion, wanted: Platform): Platform {
    const named = platformNamed(name, wanted);
    if (named !== this.#wanted) return named;
    return wantedBy(this.#evaluation.call.overrides, platformGiven(expansion, this.#wanted));
  }
}

/** The part of a target that stands for the `%` of a pattern. */
function stemIn(pattern: string, target: Value): Value {
  const stem = stemOf(pattern, textOf(target)) ?? "";
  const start = pattern.indexOf("%");
  return sliceValue(target, start, start + stem.length);
}

function automatic(name: string, value: Value): Binding {
  return { name, flavor: ":=", recursive: false, parts: [value], origin: "automatic" };
}

function withStem(pattern: string, stem: string): string {
  return pattern.includes("%") ? pattern.replace("%", () => stem) : pattern;
}

function substituteStem(pattern: Value, stem: Value): Value {
  const text = textOf(pattern);
  const at = text.indexOf("%");
  return {
    pieces: [...sliceValue(pattern, 0, at).pieces, ...stem.pieces, ...sliceValue(pattern, at + 1, text.length).pieces],
  };
}
