import { formatPlatform } from "../../platform/platform.ts";
import { textOf } from "../value.ts";
import type { Fix, FixContext } from "./fixer.ts";
import type { WrongName } from "./wrong-names.ts";

/** Puts a variable of the Makefile in the place of a fixed name: one that holds just the right name on every machine. */
export function nameInMakefile(path: string, names: readonly WrongName[], { model, platforms }: FixContext): Fix {
  const file = model.makefiles.find((each) => each.path === path);
  const changes = names.map((name) => {
    const variable = file === undefined ? undefined : variableOf(name);
    return variable === undefined ? undefined : { place: name.place, text: `$(${variable})` };
  });
  const found = changes.filter((change) => change !== undefined);
  if (found.length < names.length) {
    return {
      refused: `${path} has no variable that holds ${[...new Set(names.flatMap(({ spellings }) => [...spellings.values()]))].join(" and ")} on the machines of these platforms.`,
      instead: "Set one from uname -m, and use it here.",
    };
  }
  return { title: "", changes: found };

  function variableOf(name: WrongName): string | undefined {
    const [first] = file?.variants ?? [];
    return [...(first?.variables.keys() ?? [])].find((variable) => {
      return platforms.every((platform) => {
        const variant = file?.variants.find(({ machine }) => formatPlatform(machine) === formatPlatform(platform));
        const value = variant?.variables.get(variable)?.value;
        return value !== undefined && textOf(value) === name.spellings.get(formatPlatform(platform));
      });
    });
  }
}
