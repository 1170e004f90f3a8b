import type { Place } from "../../place.ts";
import type { YamlEntry } from "./node.ts";

/** An entry from its key to the end of its value; the value's last line when it ends at the beginning of the next. */
export function lineOf({ key, value }: YamlEntry): Place {
  return withoutNextLine({ ...key.place, endLine: value.place.endLine, endColumn: value.place.endColumn });
}

/** The place of a collection ends at the first column of the line behind it: its last line is the one before. */
export function withoutNextLine(place: Place): Place {
  if (place.endColumn !== 1 || place.endLine <= place.line) return place;
  return { ...place, endLine: place.endLine - 1 };
}
