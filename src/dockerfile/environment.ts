import type { Environment } from "./expansion.ts";
import type { Word } from "./source.ts";

/** How a variable came to its value. */
export type Definition =
  /** By the value that ARG or ENV gives it in the file, expanded in the environment of that moment. */
  | { readonly kind: "written"; readonly word: Word; readonly environment: TracedEnvironment }
  | { readonly kind: "build-arg" | "automatic"; readonly name: string }
  /** By the ENV of the base image. */
  | { readonly kind: "image" };

/** Variables that also tell how they came to their values. */
export interface TracedEnvironment extends Environment {
  readonly definition: (name: string) => Definition | undefined;
  /** Names of all variables that are set. */
  readonly names: () => ReadonlySet<string>;
}

interface Entry {
  readonly moment: number;
  readonly value: string;
  readonly definition: Definition;
}

/**
 * The variables of a stage over time. An instruction sees the values that were set before it, so it keeps a {@link TracedEnvironment} of
 * its moment; no map is copied. A stage that begins from another stage inherits the values at that stage's end.
 */
export class VariableHistory {
  private readonly inherited: TracedEnvironment;
  private readonly values = new Map<string, Entry[]>();
  private moment = 0;

  constructor(inherited: TracedEnvironment) {
    this.inherited = inherited;
  }

  /** Sets a variable for everything that follows. */
  set(name: string, value: string, definition: Definition): void {
    this.moment++;
    const entry = { moment: this.moment, value, definition };
    const entries = this.values.get(name);
    if (entries === undefined) this.values.set(name, [entry]);
    else entries.push(entry);
  }

  /** The values as they are now; later changes do not show in it. */
  now(): TracedEnvironment {
    const { moment } = this;
    return {
      get: (name) => this.entryAt(name, moment)?.value ?? this.inherited.get(name),
      definition: (name) => this.entryAt(name, moment)?.definition ?? this.inherited.definition(name),
      names: () => {
        const own = [...this.values].flatMap(([name, [first]]) =>
          (first?.moment ?? Infinity) <= moment ? [name] : [],
        );
        return new Set([...this.inherited.names(), ...own]);
      },
    };
  }

  private entryAt(name: string, moment: number): Entry | undefined {
    return this.values.get(name)?.findLast((entry) => entry.moment <= moment);
  }
}

/** Variables that all came to their values in the same way. */
export function givenVariables(
  values: ReadonlyMap<string, string>,
  definition: (name: string) => Definition,
): TracedEnvironment {
  return {
    get: (name) => values.get(name),
    definition: (name) => (values.has(name) ? definition(name) : undefined),
    names: () => new Set(values.keys()),
  };
}
