import type { ForeignName } from "../../names/foreign.ts";
import type { Place } from "../../place.ts";
import { textOf } from "../../value.ts";
import type { Download } from "./download.ts";

/** Where the variables that a name came through got the values that hold it: the lines between the name and its use. */
export function placesOfVariables(names: readonly ForeignName[], { command, stage }: Download): Place[] {
  const places = names.flatMap(({ name, through }) =>
    through.flatMap((variable) => {
      const inShell = command?.variable(variable);
      if (inShell?.place !== undefined && textOf(inShell.value).includes(name.text)) return [inShell.place];
      const own = (stage?.variables ?? []).filter(
        (each) => each.name === variable && textOf(each.value).includes(name.text),
      );
      const last = own.at(-1);
      return last === undefined ? [] : [last.place];
    }),
  );
  return places.filter(
    (place, index) => places.findIndex((other) => other.path === place.path && other.line === place.line) === index,
  );
}
