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
  const sets: { variable: string; spellings: WrongName["spellings"] }[] = [];
  for (const name of names) {
    const same = sets.find(({ spellings }) =>
      [...spellings].every(([platform, text]) => name.spellings.get(platform) === text),
    );
    if (same !== undefined) {
      variables.set(name, same.variable);
      continue;
    }
    const variable = freeName(
      script,
      sets.map((set) => set.variable),
    );
    sets.push({ variable, spellings: name.spellings });
    variables.set(name, variable);
  }
  const lines = platforms.map((platform) => ({
    pattern: platform.architecture,
    assignments: sets.map(({ variable, spellings }) => `${variable}=${spellings.get(formatPlatform(platform)) ?? ""}`),
  }));
  return { variables, lines };
}

function freeName(script: string, taken: readonly string[]): string {
  const candidates = ["arch", "machine", "arch_name", ...Array.from({ length: 20 }, (_, index) => `arch_${index + 2}`)];
  return (
    candidates.find((name) => !taken.includes(name) && !new RegExp(`\\b${name}\\b`).test(script)) ?? "archway_arch"
  );
}
