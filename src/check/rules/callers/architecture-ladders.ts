import type { MakeBranch, MakefileVariant } from "../../make/makefile.ts";
import { dependsOnPlatform, textOf, type Value } from "../../value.ts";
import { namedArchitectures } from "./call-facts.ts";

/** A condition of a ladder that compares the architecture with the name of one. */
export interface Rung {
  readonly branch: MakeBranch;
  /** The name as it is written: `aarch64`. */
  readonly name: string;
  /** OCI's name. */
  readonly architecture: string;
}

/** Conditions that choose by the architecture, one after another or behind each other's `else`. */
export interface Ladder {
  /** The variable that is compared, or the text of what is. */
  readonly subject: string;
  readonly value: Value;
  readonly rungs: readonly Rung[];
  /** The branch for all others. */
  readonly rest?: MakeBranch;
}

/** The ladders of a Makefile on one machine. */
export function laddersOf({ conditionals }: MakefileVariant): Ladder[] {
  const ladders: Ladder[] = [];
  const singles = new Map<string, Ladder[]>();
  for (const { branches } of conditionals) {
    const found = branches.flatMap((branch) => rungOf(branch) ?? []);
    const [first] = found;
    if (first === undefined) continue;
    const same = found.filter(({ subject }) => subject === first.subject);
    const rest = branches.find(({ keyword }) => keyword === "else");
    const ladder: Ladder = {
      subject: first.subject,
      value: first.value,
      rungs: same.map(({ rung }) => rung),
      ...(rest === undefined ? {} : { rest }),
    };
    if (branches.length > 1) ladders.push(ladder);
    else {
      const key = `${first.rung.branch.place.path}\0${first.subject}`;
      singles.set(key, [...(singles.get(key) ?? []), ladder]);
    }
  }
  return [...ladders, ...[...singles.values()].flatMap(joinSingles)].filter(({ rungs }) => rungs.length > 0);
}

/** Conditions that stand by themselves are a ladder when they set the same variables. */
function joinSingles(singles: readonly Ladder[]): Ladder[] {
  const [first, ...others] = singles;
  if (first === undefined) return [];
  const names = new Set(first.rungs.flatMap(({ branch }) => branch.assigns));
  const rungs = [...first.rungs];
  const left: Ladder[] = [];
  for (const other of others) {
    const assigned = other.rungs.flatMap(({ branch }) => branch.assigns);
    if (!assigned.some((name) => names.has(name))) {
      left.push(other);
      continue;
    }
    for (const name of assigned) names.add(name);
    rungs.push(...other.rungs);
  }
  return [
    { ...first, rungs: rungs.toSorted((a, b) => a.branch.place.line - b.branch.place.line) },
    ...joinSingles(left),
  ];
}

function rungOf(
  branch: MakeBranch,
): { readonly subject: string; readonly value: Value; readonly rung: Rung } | undefined {
  const [left, right] = branch.operands;
  if (left === undefined || right === undefined || branch.keyword !== "ifeq") return undefined;
  for (const [value, constant] of [
    [left, right],
    [right, left],
  ] as const) {
    if (
      !dependsOnPlatform(value) ||
      constant.pieces.some(({ source }) => source !== "written") ||
      dependsOnPlatform(constant)
    )
      continue;
    const name = textOf(constant);
    const [architecture, more] = [...namedArchitectures(name)];
    if (architecture === undefined || more !== undefined) continue;
    const subject =
      value.pieces.find(({ dependsOnPlatform: depends }) => depends === true)?.through?.[0] ?? textOf(value);
    return { subject, value, rung: { branch, name, architecture } };
  }
  return undefined;
}
