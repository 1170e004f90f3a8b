import type { ShellVariable } from "./trace.ts";

/** A moment of a run: counts every write to a variable of any process. */
export interface Clock {
  now: number;
}

interface Entry {
  readonly time: number;
  readonly variable: ShellVariable | undefined;
}

/**
 * The variables of one process, with their history: a command keeps only its moment, and asks later what a variable was then. A child process
 * sees what its parent had at the fork; nothing is copied.
 */
export class Variables {
  readonly #clock: Clock;
  readonly #parent:
    | { readonly variables: Variables; readonly time: number; readonly exportedOnly: boolean }
    | undefined;
  readonly #histories = new Map<string, Entry[]>();
  readonly #journal: string[] = [];

  constructor(
    clock: Clock,
    parent?: { readonly variables: Variables; readonly time: number; readonly exportedOnly: boolean },
  ) {
    this.#clock = clock;
    this.#parent = parent;
  }

  /** The current moment. */
  get now(): number {
    return this.#clock.now;
  }

  /** The value at a moment; now unless said otherwise. */
  get(name: string, time = this.#clock.now): ShellVariable | undefined {
    const history = this.#histories.get(name);
    const index = history === undefined ? -1 : lastBefore(history, time);
    if (history !== undefined && index >= 0) return history[index]?.variable;
    if (this.#parent === undefined) return undefined;
    const inherited = this.#parent.variables.get(name, Math.min(time, this.#parent.time));
    return this.#parent.exportedOnly && inherited?.exported !== true ? undefined : inherited;
  }

  /** Sets a variable; undefined unsets it. */
  set(name: string, variable: ShellVariable | undefined): void {
    this.#clock.now += 1;
    const entry = { time: this.#clock.now, variable };
    const history = this.#histories.get(name);
    if (history === undefined) this.#histories.set(name, [entry]);
    else history.push(entry);
    this.#journal.push(name);
  }

  /** How many writes there were: a mark for {@link writtenSince}. */
  get mark(): number {
    return this.#journal.length;
  }

  /** Names that were written since a mark. */
  writtenSince(mark: number): ReadonlySet<string> {
    return new Set(this.#journal.slice(mark));
  }

  /** Starts a child: a subshell with everything, or a new program with what is exported. */
  fork(exportedOnly: boolean): Variables {
    return new Variables(this.#clock, { variables: this, time: this.#clock.now, exportedOnly });
  }

  /** Names of all variables that are set now. */
  names(): ReadonlySet<string> {
    const names = new Set([...(this.#parent?.variables.names() ?? []), ...this.#histories.keys()]);
    return new Set([...names].filter((name) => this.get(name) !== undefined));
  }

  /** All variables as they are now. */
  all(): ReadonlyMap<string, ShellVariable> {
    const all = new Map<string, ShellVariable>();
    for (const name of this.names()) {
      const variable = this.get(name);
      if (variable !== undefined) all.set(name, variable);
    }
    return all;
  }
}

function lastBefore(history: readonly Entry[], time: number): number {
  let low = 0;
  let high = history.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((history[middle]?.time ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
