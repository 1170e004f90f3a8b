import type { Place } from "../place.ts";
import { textOf, type Value, written } from "../value.ts";
import type { Variables } from "./variables.ts";

/** The name that an element of an array is kept under. */
export function elementName(name: string, key: string): string {
  return `${name}[${key}]`;
}

/** The keys of an array in their order; undefined when the variable is none. */
export function arrayKeys(name: string, variables: Variables): readonly string[] | undefined {
  const keys = variables.get(elementName(name, ""));
  if (keys === undefined) return undefined;
  const text = textOf(keys.value);
  return text === "" ? [] : text.split("\0");
}

/** Begins an array without elements. */
export function clearArray(name: string, variables: Variables): void {
  for (const key of arrayKeys(name, variables) ?? []) variables.set(elementName(name, key), undefined);
  variables.set(elementName(name, ""), { value: written(""), exported: false });
}

/** Sets an element of an array. */
export function setElement(name: string, key: string, value: Value, place: Place, variables: Variables): void {
  const keys = arrayKeys(name, variables) ?? [];
  if (!keys.includes(key) && keys.length < maxElements)
    variables.set(elementName(name, ""), { value: written([...keys, key].join("\0")), exported: false });
  variables.set(elementName(name, key), { value, exported: false, place });
}

const maxElements = 512;
