import type { Config } from "../config/config.ts";
import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import type { RunOptions } from "./run-options.ts";

/** Every input has a value: its default, else an empty text. */
export function defaultInputs({ on }: Config): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(on.manual?.inputs ?? {}).map(([name, input]) => [name, input.default ?? ""]),
  );
}

/** Throws `INPUT_INVALID` (kind `input`) for inputs that the pipeline does not have, values that it does not allow, and those that are missing. */
export function requireInputs({ on }: Config, { inputs, event }: RunOptions): void {
  const known = on.manual?.inputs ?? {};
  const invalid = (message: string, hint?: string) =>
    new ArchwayError({ code: "INPUT_INVALID", kind: "input", message, ...(hint === undefined ? {} : { hint }) });
  for (const [name, value] of Object.entries(inputs)) {
    const input = Object.hasOwn(known, name) ? known[name] : undefined;
    if (input === undefined) {
      const guess = nearestName(name, Object.keys(known));
      throw invalid(
        `The pipeline has no input "${name}".`,
        guess ? `Did you mean "${guess}"?` : `Inputs: ${Object.keys(known).join(", ") || "none"}.`,
      );
    }
    if (input.choice !== undefined && !input.choice.includes(value))
      throw invalid(`The input ${name} is "${value}".`, `It may be ${input.choice.join(" or ")}.`);
  }
  const missing = Object.keys(known).filter(
    (name) => known[name]?.required === true && known[name]?.default === undefined && inputs[name] === undefined,
  );
  if (event?.name === "manual" && missing.length > 0)
    throw invalid(`The run needs inputs: ${missing.join(", ")}.`, "Give them with --input NAME=VALUE.");
}
