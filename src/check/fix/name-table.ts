import { formatPlatform, type Platform } from "../../platform/platform.ts";
import type { Execution } from "../model.ts";
import { dependsOnPlatform, textOf } from "../value.ts";
import type { WrongName } from "./wrong-names.ts";

/** A variable of the shell that holds, on every platform, just what the name must be there; set before the name's line. */
export function variableFor(
  name: WrongName,
  executions: readonly Execution[],
  platforms: readonly Platform[],
): string | undefined {
  const [first] = executions;
  for (const [variable, { value, place }] of first?.trace.variables ?? []) {
    if (
      !dependsOnPlatform(value) ||
      (place !== undefined && place.path === name.place.path && place.line >= name.place.line)
    )
      continue;
    const fits = platforms.every((platform) => {
      const own = executions.filter(
        ({ target, machine }) =>
          formatPlatform(target) === formatPlatform(platform) && formatPlatform(machine) === formatPlatform(platform),
      );
      return (
        own.length > 0 &&
        own.every(({ trace }) => {
          const held = trace.variables.get(variable)?.value;
          return held !== undefined && textOf(held) === name.spellings.get(formatPlatform(platform));
        })
      );
    });
    if (fits) return variable;
  }
  return undefined;
}

/** The variables of a table and what each architecture gives them. Names with the same spellings share a variable. */
export function tableFor(
  names: readonly WrongName[],
  platforms: readonly Platform[],
  script: string,
): {
  readonly variables: ReadonlyMap<WrongName, string>;
  readonly lines: readonly { readonly pattern: string; readonly assignments: readonly string[] }[];
} {
  const variables = new Map<WrongName, string>();
  const sets: { variable: string; spellings: WrongName["spellings"]; own?: string }[] = [];
  for (const name of names) {
    const same = sets.find(({ spellings }) =>
      [...spellings].every(([platform, text]) => name.spellings.get(platform) === text),
    );
    if (same !== undefined) {
      variables.set(name, same.variable);
      continue;
    }
    const taken = sets.map((set) => set.variable);
    const isOverride = name.overrides === true && name.variable !== undefined;
    const variable = isOverride && name.variable !== undefined ? name.variable : freeName(script, taken, name.variable);
    sets.push({ variable, spellings: name.spellings, ...(isOverride ? { own: name.text } : {}) });
    variables.set(name, variable);
  }
  const lines = platforms.map((platform) => ({
    pattern: platform.architecture,
    assignments: sets.flatMap(({ variable, spellings, own }) => {
      const text = spellings.get(formatPlatform(platform)) ?? "";
      // A variable that holds the right text already is left alone.
      return text === own ? [] : [`${variable}=${text}`];
    }),
  }));
  return { variables, lines };
}

function freeName(script: string, taken: readonly string[], wanted?: string): string {
  const stem = wanted ?? "arch";
  const first = wanted === undefined ? ["arch", "machine", "arch_name"] : [wanted];
  const candidates = [...first, ...Array.from({ length: 20 }, (_, index) => `${stem}_${index + 2}`)];
  return (
    candidates.find((name) => !taken.includes(name) && !new RegExp(`\\b${name}\\b`).test(script)) ?? "archway_arch"
  );
}
