import type { Environment } from "./expand.ts";

/**
 * The variables of a stage over time. An instruction sees the values that were set before it, so it keeps an {@link Environment} of
 * its moment; no map is copied. A stage that begins from another stage inherits the values at that stage's end.
 */
export class VariableHistory {
  private readonly inherited: Environment;
  private readonly values = new Map<string, { readonly moment: number; readonly value: string }[]>();
  private moment = 0;

  constructor(inherited: Environment) {
    this.inherited = inherited;
  }

  /** Sets a variable for everything that follows. */
  set(name: string, value: string): void {
    this.moment++;
    const entry = { moment: this.moment, value };
    const entries = this.values.get(name);
    if (entries === undefined) this.values.set(name, [entry]);
    else entries.push(entry);
  }

  /** The values as they are now; later changes do not show in it. */
  now(): Environment {
    const { moment } = this;
    return { get: (name) => this.valueAt(name, moment) ?? this.inherited.get(name) };
  }

  private valueAt(name: string, moment: number): string | undefined {
    return this.values.get(name)?.findLast((entry) => entry.moment <= moment)?.value;
  }
}
