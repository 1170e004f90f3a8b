import type { Place } from "../place.ts";
import { emptyValue, joinValues, textOf, unknownValue, type Piece, type Value } from "../value.ts";
import type { Binding, Scope } from "./bindings.ts";
import { callFunction, isFunction } from "./functions.ts";
import { hasUnknown, joinWords, substitutePattern, trimValue, wordsOf } from "./make-words.ts";
import { literal, type Expression } from "./source-text.ts";

/** What an expansion can ask of the one who reads the Makefile. */
export interface ExpansionHost {
  /** Runs a script of `$(shell …)`. */
  shell(script: Value): Value;
  /** The files of a pattern of `$(wildcard …)`. */
  wildcard(pattern: Value): Value;
  /** Reads a text as lines of the Makefile: `$(eval …)`. */
  evaluate(text: Value, expansion: Expansion): void;
  /** True when something in the Makefile assigns the variable, maybe on another way through it. */
  isAssigned(name: string): boolean;
  problem(message: string, place?: Place): void;
  /** Counts steps; false when too many were taken. */
  step(count?: number): boolean;
}

/** Deepest nesting of references. */
const maxDepth = 100;

/** Longest text of a value, in characters, before it counts as unknown. */
const maxLength = 64 * 1024;

/** Most pieces of a value before it counts as unknown. */
const maxPieces = 4000;

/** Longest list of names that a piece came through. */
const maxThrough = 8;

/** Expands expressions of make in a scope. */
export class Expansion {
  readonly scope: Scope;
  readonly host: ExpansionHost;
  /** True where a variable that nobody sets counts as empty instead of unknown: in conditions. */
  readonly unsetIsEmpty: boolean;
  readonly #active: Set<Binding>;
  readonly #depth: number;

  constructor(
    scope: Scope,
    host: ExpansionHost,
    more: { readonly unsetIsEmpty?: boolean; readonly active?: Set<Binding>; readonly depth?: number } = {},
  ) {
    this.scope = scope;
    this.host = host;
    this.unsetIsEmpty = more.unsetIsEmpty ?? false;
    this.#active = more.active ?? new Set();
    this.#depth = more.depth ?? 0;
  }

  /** The same expansion in another scope, or with other rules for variables that nobody sets. */
  in(scope: Scope, unsetIsEmpty = this.unsetIsEmpty): Expansion {
    return new Expansion(scope, this.host, { unsetIsEmpty, active: this.#active, depth: this.#depth + 1 });
  }

  /** The value of a stretch of a text. */
  expand({ source, start, end }: Expression, asRecipe = false): Value {
    if (this.#depth > maxDepth) return unknownValue();
    const { text } = source;
    const parts: Value[] = [];
    const write = (from: number, to: number) => {
      if (from < to) parts.push(asRecipe ? source.slice(from, to) : literal(source, from, to));
    };
    let from = start;
    let length = 0;
    let pieces = 0;
    for (let at = text.indexOf("$", start); at >= 0 && at < end; at = text.indexOf("$", from)) {
      if (!this.host.step()) return unknownValue();
      write(from, at);
      const next = text[at + 1];
      if (at + 1 >= end) {
        from = end;
      } else if (next === "$") {
        write(at + 1, at + 2);
        from = at + 2;
      } else if (next === "(" || next === "{") {
        const close = closingOf(text, at + 1, end);
        if (close === undefined) {
          this.host.problem("A reference to a variable is not closed.", source.place(at, end));
          write(at, end);
          from = end;
        } else {
          const value = this.#reference({ source, start: at + 2, end: close }, next);
          length += textOf(value).length;
          pieces += value.pieces.length;
          if (length > maxLength || pieces > maxPieces || !this.host.step(value.pieces.length)) return unknownValue();
          parts.push(value);
          from = close + 1;
        }
      } else {
        parts.push(this.variable(text.slice(at + 1, at + 2)));
        from = at + 2;
      }
    }
    write(from, end);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : joinValues(...parts);
  }

  /** The value of a variable. */
  variable(name: string): Value {
    const binding = this.scope.get(name);
    if (binding === undefined) {
      if (this.unsetIsEmpty || name === "" || this.host.isAssigned(name)) return emptyValue;
      return { pieces: [{ text: "", source: "unknown", through: [name] }] };
    }
    if (this.#active.has(binding)) {
      this.host.problem(`The variable ${name} refers to itself without end.`, binding.place);
      return unknownValue();
    }
    if (this.#depth > maxDepth || !this.host.step()) return unknownValue();
    this.#active.add(binding);
    const inner = new Expansion(this.scope, this.host, {
      unsetIsEmpty: this.unsetIsEmpty,
      active: this.#active,
      depth: this.#depth + 1,
    });
    const values = binding.parts.map((part) => ("pieces" in part ? part : inner.expand(part)));
    this.#active.delete(binding);
    const filled = values.filter((value) => value.pieces.length > 0);
    const value = filled.length === 1 && filled[0] !== undefined ? filled[0] : joinWords(filled);
    if (/^(?:\d+|[@<*^?+|%])$/.test(name)) return value;
    return { pieces: value.pieces.map((piece) => passed(piece, name, binding.chosen === true)) };
  }

  #reference(expression: Expression, open: "(" | "{"): Value {
    const { source, start, end } = expression;
    const text = source.text.slice(start, end);
    const called = /^([a-z][a-z-]*)(?:(?:[ \t]|\\\r?\n)+|$)/.exec(text);
    const [head, name] = called ?? [];
    if (head !== undefined && name !== undefined && isFunction(name) && (head !== name || name === "wildcard")) {
      const inner = this.in(this.scope);
      return callFunction(name, splitArguments({ source, start: start + head.length, end }, open), inner);
    }
    const colon = colonOf(source.text, start, end);
    const equals = colon === undefined ? -1 : source.text.indexOf("=", colon);
    if (colon !== undefined && equals > 0 && equals < end) {
      const value = this.variable(textOf(this.in(this.scope).expand({ source, start, end: colon })));
      const from = this.in(this.scope).expand({ source, start: colon + 1, end: equals });
      const to = this.in(this.scope).expand({ source, start: equals + 1, end });
      return replaceEnds(value, from, to);
    }
    const variable = trimValue(this.in(this.scope).expand(expression));
    const variableName = textOf(variable);
    if (hasUnknown(variableName)) return unknownValue();
    const value = this.variable(variableName);
    // `$(IMAGE_$(ARCH))`: what is chosen by the architecture depends on it.
    const isChosen = variable.pieces.some(({ dependsOnPlatform }) => dependsOnPlatform === true);
    return isChosen ? { pieces: value.pieces.map((piece) => ({ ...piece, dependsOnPlatform: true })) } : value;
  }
}

function passed(piece: Piece, name: string, chosen: boolean): Piece {
  const through = [name, ...(piece.through ?? [])].slice(0, maxThrough);
  return { ...piece, through, ...(chosen ? { dependsOnPlatform: true } : {}) };
}

/** The closing bracket of a reference; brackets of the same kind nest. */
function closingOf(text: string, open: number, end: number): number | undefined {
  const opening = text.charCodeAt(open);
  const closing = opening === 40 ? 41 : 125;
  let depth = 0;
  for (let at = open; at < end; at++) {
    const char = text.charCodeAt(at);
    if (char === opening) depth++;
    else if (char === closing && --depth === 0) return at;
  }
  return undefined;
}

/** The arguments of a function, by its commas outside of brackets. */
function splitArguments({ source, start, end }: Expression, open: "(" | "{"): Expression[] {
  const close = open === "(" ? ")" : "}";
  const found: Expression[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < end; at++) {
    const char = source.text[at];
    if (char === open) depth++;
    else if (char === close) depth--;
    else if (char === "," && depth === 0) {
      found.push({ source, start: from, end: at });
      from = at + 1;
    }
  }
  return [...found, { source, start: from, end }];
}

/** The colon of `$(NAME:from=to)`, outside of nested references. */
function colonOf(text: string, start: number, end: number): number | undefined {
  let depth = 0;
  for (let at = start; at < end; at++) {
    const char = text[at];
    if (char === "(" || char === "{") depth++;
    else if (char === ")" || char === "}") depth--;
    else if (char === ":" && depth === 0) return at;
    else if (depth === 0 && (char === " " || char === "\t" || char === ",")) return undefined;
  }
  return undefined;
}

function replaceEnds(value: Value, from: Value, to: Value): Value {
  if (hasUnknown(textOf(from)) || hasUnknown(textOf(to))) return unknownValue();
  const isPattern = textOf(from).includes("%");
  const percent: Value = { pieces: [{ text: "%", source: "written" }] };
  const pattern = isPattern ? from : joinValues(percent, from);
  const replacement = isPattern ? to : joinValues(percent, to);
  return joinWords(wordsOf(value).map((word) => substitutePattern(pattern, replacement, word)));
}
