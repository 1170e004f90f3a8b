import type { Platform } from "../../platform/platform.ts";
import type { Place } from "../place.ts";
import type { Repository } from "../repository/repository.ts";
import { runShell } from "../shell/run-shell.ts";
import type { Script } from "../shell/trace.ts";
import {
  architectureValue,
  emptyValue,
  isKnown,
  joinValues,
  textOf,
  unknownValue,
  written,
  type Value,
} from "../value.ts";
import { holdsArchitecture, inSpellingOf } from "./asked-variables.ts";
import { Scope, type Binding, type Origin } from "./bindings.ts";
import type { Expansion } from "./expand.ts";
import { globPattern } from "./make-glob.ts";
import { joinWords, trimValue, wordsOf } from "./make-words.ts";
import type { MakeVariable } from "./makefile.ts";
import { MakefileReader, type MakefileHost } from "./read-makefile.ts";
import { joinRelative } from "../repository/paths.ts";
import { fileText, valueText, type SourceText } from "./source-text.ts";

/** How make is called. */
export interface MakeCall {
  readonly repository: Repository;
  /** The Makefile in the repository. */
  readonly path: string;
  /** The folder that make runs in. */
  readonly directory: string;
  readonly machine: Platform;
  /** Variables of the command line. */
  readonly overrides: ReadonlyMap<string, Value>;
  readonly environment: ReadonlyMap<string, Value>;
  /** Whether defaults that a caller is meant to replace (`ARCH ?= amd64`) have the platform's own name. */
  readonly asked: boolean;
  /** Names of variables that something in the repository sets when it calls make: their defaults can be replaced, however they are assigned. */
  readonly settable: ReadonlySet<string>;
  /** Whether a name is assigned anywhere: one that is not comes from the caller, and is unknown. */
  readonly isAssigned: (name: string) => boolean;
  readonly problem: (message: string, place?: Place) => void;
}

/** Most steps that one Makefile may take on one machine. */
const maxSteps = 200_000;

/** The name that a script of `$(shell …)` gives to its output. */
const outputName = "archway_output";

/** A Makefile as it is when make has read it, on one machine. */
export class MakeEvaluation {
  readonly call: MakeCall;
  readonly scope = new Scope();
  readonly reader: MakefileReader;
  readonly asked = new Map<string, { readonly text: string; readonly place: Place }>();
  #steps = 0;
  #told = false;
  #exported: string[] | undefined;
  readonly #outputs = new Map<string, Value>();

  constructor(call: MakeCall) {
    this.call = call;
    this.reader = new MakefileReader(this.scope, this.#host());
    this.#start();
    const text = call.repository.text(call.path);
    if (text === undefined) call.problem("The Makefile is too large or no text.");
    else this.reader.readFile(call.path, fileText(call.path, text));
  }

  /** The variables at the end of the file. Those that make sets itself are not among them. */
  variables(): Map<string, MakeVariable> {
    const expansion = this.reader.expansion();
    const found = new Map<string, MakeVariable>();
    for (const [name, binding] of this.scope.entries()) {
      const { flavor, place, origin } = binding;
      if (place === undefined || (origin !== "file" && origin !== "override")) continue;
      const exported = binding.exported === true || this.reader.exportsAll;
      found.set(name, { name, value: expansion.variable(name), flavor, place, exported });
    }
    return found;
  }

  /** What a command of a recipe sees: exported variables, those of the command line, and what make was started with. */
  environment(expansion: Expansion): Map<string, Value> {
    const found = new Map(this.call.environment);
    this.#exported ??= [...this.scope.entries()].flatMap(([name, binding]) => (this.#isVisible(binding) ? [name] : []));
    const own = [...expansion.scope.entriesAbove(this.scope)].flatMap(([name, binding]) =>
      this.#isVisible(binding) ? [name] : [],
    );
    for (const name of new Set([...this.#exported, ...own])) {
      if (/^[A-Za-z_]\w*$/.test(name)) found.set(name, expansion.variable(name));
    }
    return found;
  }

  #isVisible({ name, exported, origin }: Binding): boolean {
    const { environment, overrides } = this.call;
    const isExported = exported === true || (this.reader.exportsAll && origin === "file");
    return isExported || overrides.has(name) || environment.has(name);
  }

  #start(): void {
    const { overrides, environment, directory, path } = this.call;
    const set = (name: string, value: Value, origin: Origin) => {
      this.scope.set(name, { name, flavor: "=", recursive: false, parts: [value], origin });
    };
    for (const name of ["MAKE", "MAKE_COMMAND"]) set(name, written("make"), "default");
    for (const name of [
      "MAKEFLAGS",
      "MFLAGS",
      "MAKELEVEL",
      "MAKEOVERRIDES",
      "MAKECMDGOALS",
      ".SHELLSTATUS",
      ".INCLUDE_DIRS",
    ])
      set(name, emptyValue, "default");
    set("SHELL", written("/bin/sh"), "default");
    set("CURDIR", written(directory === "" ? "." : directory), "default");
    set("PWD", written(directory === "" ? "." : directory), "environment");
    set("HOME", { pieces: [{ text: "", source: "unknown", through: ["HOME"] }] }, "environment");
    for (const [name, text] of [
      ["CC", "cc"],
      ["CXX", "g++"],
      ["AR", "ar"],
      ["RM", "rm -f"],
      ["LD", "ld"],
      ["AS", "as"],
    ] as const)
      set(name, written(text), "default");
    set("MAKEFILE_LIST", written(path), "default");
    for (const [name, value] of environment) set(name, value, "environment");
    for (const [name, value] of overrides) set(name, value, "command line");
  }

  #host(): MakefileHost {
    const { call } = this;
    return {
      shell: (script) => this.#shell(script),
      wildcard: (pattern) => this.#wildcard(pattern),
      evaluate: (text) => {
        if (isKnown(text)) this.reader.read(valueText(text));
      },
      isAssigned: call.isAssigned,
      problem: call.problem,
      step: (count = 1) => this.#step(count),
      include: (path) => this.#include(path),
      replace: (name, value, operator) => this.#replace(name, value, operator),
    };
  }

  #step(count: number): boolean {
    this.#steps += count;
    if (this.#steps < maxSteps) return true;
    if (!this.#told) this.call.problem("The Makefile takes too many steps to read; the rest of it is not known.");
    this.#told = true;
    return false;
  }

  #include(path: string): SourceText | undefined {
    const { repository, directory } = this.call;
    const full = joinRelative(directory, path);
    const text = full === undefined ? undefined : repository.text(full);
    return full === undefined || text === undefined ? undefined : fileText(full, text);
  }

  #replace(name: string, value: Value, operator: string): Value | undefined {
    const { asked, machine, settable } = this.call;
    if (!asked || (operator !== "?=" && !settable.has(name)) || !holdsArchitecture(name)) return undefined;
    const clean = trimValue(value);
    const [piece] = clean.pieces;
    if (clean.pieces.length !== 1 || piece?.source !== "written" || piece.place === undefined) return undefined;
    const text = inSpellingOf(piece.text, machine);
    if (text === undefined) return undefined;
    this.asked.set(name, { text: piece.text, place: piece.place });
    return architectureValue(text, piece.place);
  }

  #shell(script: Value): Value {
    const text = textOf(script);
    const known = this.#outputs.get(text);
    if (known !== undefined) return known;
    const whole = joinValues(written(`${outputName}=$(`), script, written("\n)"));
    const { variables } = runShell(scriptOf(whole), {
      machine: this.call.machine,
      environment: this.call.environment,
      directory: this.call.directory,
      findScript: findScriptIn(this.call.repository, this.call.directory),
    });
    const output = joinWords(wordsOf(variables.get(outputName)?.value ?? unknownValue()));
    this.#outputs.set(text, output);
    return output;
  }

  #wildcard(pattern: Value): Value {
    if (!isKnown(pattern)) return unknownValue();
    const { repository, directory } = this.call;
    const found: Value[] = [];
    for (const word of wordsOf(pattern)) {
      const text = textOf(word);
      const full = joinRelative(directory, text);
      if (full === undefined) return unknownValue();
      if (!/[*?[]/.test(text)) {
        // What is not there now may be made before.
        if (repository.file(full) === undefined && !repository.isFolder(full)) return unknownValue();
        found.push(word);
        continue;
      }
      const matches = globPattern(full);
      const prefix = directory === "" ? "" : `${directory}/`;
      for (const { path } of repository.files) {
        if (matches.test(path)) found.push(written(path.startsWith(prefix) ? path.slice(prefix.length) : path));
      }
    }
    return joinWords(found);
  }
}

/**
 * A script made from a value: its characters stand where the pieces are written. With the lines that it is called from, a command stands in
 * these, also where it comes out of a variable.
 */
export function scriptOf(value: Value, home?: Place): Script {
  const source = valueText(value);
  const nowhere: Place = home ?? { path: "", line: 1, column: 1, endLine: 1, endColumn: 1 };
  return {
    text: source.text,
    slice: (start, end) => source.slice(start, end),
    locate: (start, end) => {
      const places = source.slice(start, Math.max(end, start + 1)).pieces.flatMap(({ place }) => place ?? []);
      const own = home === undefined ? places : places.filter((place) => isInside(place, home));
      const [first] = own;
      const last = own.findLast((place) => place.path === first?.path) ?? first;
      if (first === undefined || last === undefined) return nowhere;
      const isAfter = last.endLine > first.line || (last.endLine === first.line && last.endColumn >= first.column);
      return isAfter ? { ...first, endLine: last.endLine, endColumn: last.endColumn } : first;
    },
  };
}

function isInside(place: Place, { path, line, endLine }: Place): boolean {
  return place.path === path && place.line >= line && place.endLine <= endLine;
}

/** Finds scripts of the repository by the path they are called with. */
export function findScriptIn(
  repository: Repository,
  folder: string,
): (path: string, directory: string) => Script | undefined {
  return (path, directory) => {
    for (const base of [directory, folder]) {
      const full = joinRelative(base, path);
      const text = full === undefined ? undefined : repository.text(full);
      if (full !== undefined && text !== undefined) {
        const source = fileText(full, text);
        return {
          text,
          locate: (start, end) =>
            source.place(start, end) ?? { path: full, line: 1, column: 1, endLine: 1, endColumn: 1 },
        };
      }
    }
    return undefined;
  };
}
