import type { Place } from "../place.ts";
import { textOf, type Value } from "../value.ts";
import type { MakeVariable } from "./makefile.ts";
import type { Expression } from "./source-text.ts";

/** Where a variable of make comes from, as `$(origin …)` says it. */
export type Origin = "default" | "environment" | "file" | "command line" | "override" | "automatic";

/** A variable of make: its text, expanded already or not. */
export interface Binding {
  readonly name: string;
  readonly flavor: MakeVariable["flavor"];
  /** True when its parts are expanded each time it is used. */
  readonly recursive: boolean;
  readonly parts: readonly (Expression | Value)[];
  readonly origin: Origin;
  readonly place?: Place;
  /** True when a condition that depends on the architecture has chosen it. */
  readonly chosen?: boolean;
  readonly exported?: boolean;
}

/** Variables that are looked up in their own layer first, then in the layers below it. */
export class Scope {
  readonly #own = new Map<string, Binding>();
  readonly #below: Scope | undefined;

  constructor(below?: Scope) {
    this.#below = below;
  }

  get(name: string): Binding | undefined {
    return this.#own.get(name) ?? this.#below?.get(name);
  }

  set(name: string, binding: Binding): void {
    this.#own.set(name, binding);
  }

  delete(name: string): void {
    this.#own.delete(name);
  }

  /** All variables, those of upper layers win. */
  entries(): Map<string, Binding> {
    const all = this.#below?.entries() ?? new Map<string, Binding>();
    for (const [name, binding] of this.#own) all.set(name, binding);
    return all;
  }

  /** The variables of its layers down to another one, which is not among them. */
  entriesAbove(other: Scope): Map<string, Binding> {
    if (other === this) return new Map();
    const all = this.#below?.entriesAbove(other) ?? new Map<string, Binding>();
    for (const [name, binding] of this.#own) all.set(name, binding);
    return all;
  }

  /** Its own layer as it is now. */
  snapshot(): Map<string, Binding> {
    return new Map(this.#own);
  }

  /** Replaces its own layer. */
  restore(snapshot: ReadonlyMap<string, Binding>): void {
    this.#own.clear();
    for (const [name, binding] of snapshot) this.#own.set(name, binding);
  }

  /** What tells its own layer from another one. */
  fingerprint(): string {
    return [...this.#own.values()]
      .map(
        ({ name, parts }) =>
          `${name}=${parts.map((part) => ("pieces" in part ? textOf(part) : `${part.start}`)).join(" ")}`,
      )
      .join("\0");
  }
}
