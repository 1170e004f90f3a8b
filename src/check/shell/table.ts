import type { Place } from "../place.ts";
import { textOf, type Value } from "../value.ts";
import { arrayKeys } from "./arrays.ts";
import type { Context, Machine } from "./machine.ts";

/** How a table is read: variables whose names hold the architecture (`${!name}`), or an array with it as the key. */
export type TableKey =
  | { readonly kind: "names"; readonly key: Value }
  | { readonly kind: "array"; readonly name: string; readonly key: Value };

/** Takes down that a script reads a table with a key that differs between platforms; without siblings it is no table. */
export function recordTable(
  machine: Machine,
  table: TableKey,
  isMissing: boolean,
  place: Place,
  context: Context,
): void {
  const branches = table.kind === "array" ? arrayBranches(table.name, context) : nameBranches(table.key, context);
  if (branches.length === 0) return;
  const key = textOf(table.key);
  const taken = branches.findIndex(({ patterns }) => patterns.includes(key));
  machine.switches.push({
    kind: "table",
    place,
    subject: table.key,
    branches,
    taken: isMissing || taken < 0 ? "none" : taken,
    outcome: "goes on",
    certain: context.certain,
    assigned: [],
    before: machine.commands.length,
  });
}

function arrayBranches(name: string, { process }: Context): { patterns: string[]; place: Place }[] {
  return (arrayKeys(name, process.variables) ?? []).flatMap((key) => {
    const place = process.variables.get(`${name}[${key}]`)?.place;
    return place === undefined ? [] : [{ patterns: [key], place }];
  });
}

/** Variables that have the same name but for the part that differs between platforms. */
function nameBranches(key: Value, { process }: Context): { patterns: string[]; place: Place }[] {
  const first = key.pieces.findIndex((piece) => piece.dependsOnPlatform === true);
  const last = key.pieces.findLastIndex((piece) => piece.dependsOnPlatform === true);
  const before = textOf({ pieces: key.pieces.slice(0, first) });
  const after = textOf({ pieces: key.pieces.slice(last + 1) });
  if (before === "" && after === "") return [];
  return [...process.variables.names()].flatMap((name) => {
    if (!name.startsWith(before) || !name.endsWith(after) || name.length <= before.length + after.length) return [];
    const place = process.variables.get(name)?.place;
    return place === undefined ? [] : [{ patterns: [name], place }];
  });
}
