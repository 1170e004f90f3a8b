import { eventNames } from "../config/pipeline/triggers.ts";
import { nearestName } from "../error/nearest.ts";
import { listOf, optionError } from "./parse-option.ts";

/** An event as a person names it. */
export interface NamedEvent {
  readonly name: (typeof eventNames)[number];
  /** Branch of a push, tag, branch that a pull request goes to, or image. */
  readonly ref?: string;
}

/** Reads `NAME[=REF]` of an option; throws `OPTION_INVALID`. */
export function readEvent(option: string, text: string): NamedEvent {
  const at = text.indexOf("=");
  const written = at < 0 ? text : text.slice(0, at);
  const ref = at < 0 ? undefined : text.slice(at + 1);
  const name = eventNames.find((one) => one === written);
  if (name === undefined) {
    const guess = nearestName(written, eventNames);
    throw optionError(option, text, `must begin with ${listOf(eventNames)}.`, guess && `Did you mean "${guess}"?`);
  }
  if (ref === "") throw optionError(option, text, "nothing stands behind the =.");
  if (name === "tag" && ref === undefined) throw optionError(option, text, "a tag is missing.", "Write tag=v1.0.0");
  return { name, ...(ref === undefined ? {} : { ref }) };
}
