import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";

/** How results are written to standard output. */
export type Format = "text" | "json";

/** The error of an option that is wrong (kind `input`), with its value unless that is the fault of none or secret. */
export function optionError(option: string, value: string | undefined, why: string, hint?: string): ArchwayError {
  return new ArchwayError({
    code: "OPTION_INVALID",
    kind: "input",
    message: `${option}${value === undefined ? "" : ` ${value === "" ? '""' : value}`}: ${why}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** One of a few words; throws `OPTION_INVALID` with the nearest. */
export function readChoice<Choice extends string>(option: string, value: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((choice) => choice === value);
  if (choice !== undefined) return choice;
  const guess = nearestName(value, choices);
  throw optionError(option, value, `must be ${listOf(choices)}.`, guess && `Did you mean "${guess}"?`);
}

/** The value of `--format`. */
export function readFormat(value: string): Format {
  return readChoice("--format", value, ["text", "json"]);
}

/** `a, b or c`. */
export function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/**
 * `KEY=VALUE` at its first `=`; throws `OPTION_INVALID` when there is no `=` or no key.
 * `form` is how the option is written, for the message.
 */
export function readPair(option: string, text: string, form: string): readonly [key: string, value: string] {
  const at = text.indexOf("=");
  if (at <= 0) throw optionError(option, text, `must be ${form}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `true` or `false` in the spellings that Go's `strconv.ParseBool` (and so docker buildx) takes. */
export function readBoolean(option: string, text: string, key: string, value: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(value)) return false;
  throw optionError(option, text, `${key} must be true or false, not "${value}".`);
}

/** `HOST[:PORT]` of a registry, without a scheme or path. */
export function readHost(option: string, text: string): string {
  if (/^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(text)) return text.toLowerCase();
  throw optionError(option, text, "must be HOST or HOST:PORT, without a scheme or path.");
}
