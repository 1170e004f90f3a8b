import type { Platform } from "../../platform/platform.ts";
import { architectureValue, textOf, unknownValue, type Value, written } from "../value.ts";
import { architectureOutput } from "./architecture-source.ts";
import type { Call } from "./machine.ts";

/** What a program prints that tells the architecture of a machine, as a value; undefined for other programs. */
export function architectureOf(
  program: string,
  args: readonly Value[],
  { place }: Call,
  machine: Platform,
): Value | undefined {
  const told = architectureOutput(program, args.map(textOf), machine);
  if (told === undefined) return undefined;
  if (told.text === undefined) return unknownValue({ place, dependsOnPlatform: true });
  const text = `${told.text}\n`;
  return told.isSame === true ? written(text, place) : architectureValue(text, place);
}
