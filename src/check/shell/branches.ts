import type { Context, Control, Machine, Outcome, Status } from "./machine.ts";
import type { ShellVariable } from "./trace.ts";
import { dependsOnPlatform, emptyValue, isKnown, textOf, unknownValue, type Value } from "../value.ts";

/** A way that was taken because a condition is not known. */
interface Way {
  readonly outcome: Outcome;
  readonly values: ReadonlyMap<string, ShellVariable | undefined>;
}

/**
 * Ways of which one is taken, nobody knows which: each is run from the same state, and afterwards the variables are joined. What ends the script in
 * one way leaves it to the others to go on.
 */
export class Ways {
  readonly #machine: Machine;
  readonly #context: Context;
  readonly #time: number;
  readonly #ways: Way[] = [];

  constructor(machine: Machine, context: Context) {
    this.#machine = machine;
    this.#context = context;
    this.#time = context.process.variables.now;
  }

  get isEmpty(): boolean {
    return this.#ways.length === 0;
  }

  /** Runs one of the ways, and puts the variables back as they were. */
  add(run: (context: Context) => Outcome): Outcome {
    const { variables } = this.#context.process;
    const mark = variables.mark;
    const outcome = run({ ...this.#context, certain: false });
    const names = variables.writtenSince(mark);
    const values = new Map([...names].map((name) => [name, variables.get(name)]));
    for (const name of names) variables.set(name, variables.get(name, this.#time));
    this.#machine.spend(this.#context.source.locate(0, 0), names.size);
    this.#ways.push({ outcome, values });
    return outcome;
  }

  /** Joins all ways. */
  end(): Outcome {
    const { variables } = this.#context.process;
    const going = this.#ways.filter(({ outcome }) => outcome.control === undefined);
    const kept = going.length > 0 ? going : this.#ways;
    for (const name of new Set(kept.flatMap(({ values }) => [...values.keys()]))) {
      const before = variables.get(name);
      const choices = kept.map(({ values }) => (values.has(name) ? values.get(name) : before));
      variables.set(name, choices.reduce(better));
    }
    const status = joinStatus(kept.map(({ outcome }) => outcome.status));
    const control = going.length > 0 ? undefined : joinControl(kept.map(({ outcome }) => outcome.control));
    return { status, ...(control === undefined ? {} : { control }), output: joinOutputs(this.#ways) };
  }
}

/** Of two possible values the one that says more; of two that say as much the later. */
function better(left: ShellVariable | undefined, right: ShellVariable | undefined): ShellVariable | undefined {
  return weight(left) > weight(right) ? left : right;
}

function weight(variable: ShellVariable | undefined): number {
  if (variable === undefined) return 0;
  if (!isKnown(variable.value)) return 2;
  if (textOf(variable.value) === "") return 1;
  return dependsOnPlatform(variable.value) ? 4 : 3;
}

function joinStatus(all: readonly Status[]): Status {
  const [first] = all;
  const isSame = first !== undefined && all.every(({ zero }) => zero === first.zero);
  const depends = all.some((status) => status.dependsOnPlatform === true);
  return {
    zero: isSame ? first.zero : undefined,
    ...(all.every(({ zero, presumed }) => presumed === true || zero === true) ? { presumed: true } : {}),
    ...(depends ? { dependsOnPlatform: true } : {}),
  };
}

/** Of several ends the one that ends least. */
function joinControl(all: readonly (Control | undefined)[]): Control | undefined {
  const rank = { continue: 0, break: 1, return: 2, exit: 3 };
  const [least] = all.filter((control) => control !== undefined).toSorted((a, b) => rank[a.kind] - rank[b.kind]);
  if (least?.kind !== "exit") return least;
  const isSame = all.every((control) => control?.kind === "exit" && control.zero === least.zero);
  return { ...least, zero: isSame ? least.zero : undefined };
}

function joinOutputs(ways: readonly Way[]): Value {
  const outputs = ways.map(({ outcome }) => outcome.output ?? emptyValue);
  const known = outputs.filter((output) => textOf(output) !== "");
  const [first] = known;
  if (first === undefined) return emptyValue;
  if (known.every((output) => textOf(output) === textOf(first))) return first;
  const depends = known.find((output) => isKnown(output) && dependsOnPlatform(output));
  return depends ?? unknownValue(known.some(dependsOnPlatform) ? { dependsOnPlatform: true } : {});
}
