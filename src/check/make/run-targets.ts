import { architecturesIn } from "../../dockerfile/architecture-name.ts";
import { samePlatform, type Platform } from "../../platform/platform.ts";
import type { Execution } from "../model.ts";
import type { Place } from "../place.ts";
import { runShell } from "../shell/run-shell.ts";
import { emptyValue, isKnown, sliceValue, textOf, unknownValue, written, type Value } from "../value.ts";
import { architectureNamed, holdsArchitecture } from "./asked-variables.ts";
import { Scope, type Binding } from "./bindings.ts";
import { findScriptIn, scriptOf, type MakeEvaluation } from "./evaluate-makefile.ts";
import type { Expansion } from "./expand.ts";
import type { MakeRule } from "./make-rule.ts";
import { hasUnknown, joinWords, stemOf, trimValue } from "./make-words.ts";
import type { MakefileModel } from "./makefile.ts";
import { folderOf } from "./repository-path.ts";
import type { Expression } from "./source-text.ts";

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
    const lines = oneShell ? [wholeOf(rule.recipe)] : rule.recipe.map((line) => [line]);
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

/** The platform that the name of a target names; the other one when it names none or several. */
function platformNamed(name: string, other: Platform): Platform {
  const [named, more] = new Set(architecturesIn(name).map(({ architecture }) => architecture));
  return named === undefined || more !== undefined ? other : platformOf(named, other);
}

/** The platform that variables of a call name (`ARCH=arm64`); the other one when they name none. */
export function wantedBy(variables: ReadonlyMap<string, Value>, other: Platform): Platform {
  for (const [name, value] of variables) {
    if (!holdsArchitecture(name) || !isKnown(value)) continue;
    const architecture = architectureNamed(textOf(trimValue(value)));
    if (architecture !== undefined) return platformOf(architecture, other);
  }
  return other;
}

function platformGiven(expansion: Expansion, other: Platform): Platform {
  // What a caller has put into the environment on purpose, through a make that called this one.
  const given = new Map<string, Value>();
  for (const name of ["ARCH", "GOARCH", "TARGETARCH"]) {
    const binding = expansion.scope.get(name);
    if (binding?.origin === "environment" && binding.parts.length > 0) given.set(name, expansion.variable(name));
  }
  return wantedBy(given, other);
}

/** The platform of an architecture (OCI's name), with the variant of the wanted one if it is the same architecture. */
function platformOf(architecture: string, wanted: Platform): Platform {
  if (wanted.architecture === architecture) return wanted;
  const variant = architecture === "arm" ? { variant: "v7" } : {};
  const platform = { os: wanted.os, architecture, ...variant };
  return samePlatform(platform, wanted) ? wanted : platform;
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

/** All lines of a recipe that one shell runs, from its first to its last. */
function wholeOf(recipe: readonly Expression[]): Expression[] {
  return [...recipe];
}

function placeOf(lines: readonly Expression[]): Place | undefined {
  const [first] = lines;
  const last = lines.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const start = first.source.place(first.start, first.end);
  const end = last.source.place(last.start, last.end);
  if (start === undefined || end === undefined || start.path !== end.path) return start;
  return { ...start, endLine: end.endLine, endColumn: end.endColumn };
}

/** The commands of recipe lines as the shell gets them: expanded, without `@`, `-` and `+` at their beginning. */
function commandsOf(lines: readonly Expression[], expansion: Expansion): Value[] {
  const expanded = lines.map((line) => expansion.expand(line, true));
  const feed = written("\n");
  if (lines.length > 1)
    return [
      withoutMarks({
        pieces: expanded.flatMap(({ pieces }, index) => (index === 0 ? pieces : [...feed.pieces, ...pieces])),
      }),
    ];
  // A variable with several lines is several commands.
  return expanded
    .flatMap(splitLines)
    .map(withoutMarks)
    .filter((command) => textOf(command).trim() !== "");
}

function splitLines(value: Value): Value[] {
  const text = textOf(value);
  if (!text.includes("\n")) return [value];
  const lines: Value[] = [];
  let from = 0;
  for (let feed = text.indexOf("\n"); feed >= 0; feed = text.indexOf("\n", feed + 1)) {
    if (text[feed - 1] === "\\") continue;
    lines.push(sliceValue(value, from, feed));
    from = feed + 1;
  }
  return [...lines, sliceValue(value, from, text.length)];
}

function withoutMarks(command: Value): Value {
  const text = textOf(command);
  const marks = /^[\s@+-]*/.exec(text)?.[0].length ?? 0;
  return marks === 0 ? command : sliceValue(command, marks, text.length);
}
