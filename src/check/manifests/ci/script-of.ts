import type { Place } from "../../place.ts";
import type { Script } from "../../shell/trace.ts";
import { joinValues, type Value, written } from "../../value.ts";
import { substitutedScript, type Substitution } from "./substitution.ts";
import type { YamlScalar } from "../yaml/node.ts";

const nothing: Substitution = { pattern: /(?!)/g, replace: () => undefined };

/** A list of commands as one script, as CI services run them: a line each, or several. */
export function scriptOf(commands: readonly YamlScalar[], substitution: Substitution = nothing): Script {
  const parts: { readonly script: Script; readonly start: number; readonly end: number }[] = [];
  let text = "";
  for (const command of commands) {
    const script = substitutedScript(command, substitution);
    parts.push({ script, start: text.length, end: text.length + script.text.length });
    text += script.text.endsWith("\n") ? script.text : `${script.text}\n`;
  }
  const at = (offset: number) => parts.findLast(({ start }) => start <= offset) ?? parts[0];
  const sliceOf = (part: (typeof parts)[number], start: number, end: number): Value => {
    const { script } = part;
    const [first, last] = [Math.max(start, part.start) - part.start, Math.min(end, part.end) - part.start];
    if (script.slice !== undefined) return script.slice(first, last);
    return written(script.text.slice(first, last), script.locate(first, last));
  };
  const isWritten = parts.every(({ script }) => script.slice === undefined);
  return {
    text,
    locate: (start, end) => {
      const [first, last] = [at(start), at(Math.max(start, end - 1))];
      if (first === undefined || last === undefined) throw new RangeError("a place in a script without commands");
      if (first === last) return first.script.locate(start - first.start, end - first.start);
      return span(
        first.script.locate(start - first.start, start - first.start),
        last.script.locate(0, end - last.start),
      );
    },
    ...(isWritten
      ? {}
      : {
          slice: (start: number, end: number) =>
            joinValues(
              ...parts
                .filter((part) => part.start < end && part.start + part.script.text.length + 1 > start)
                .flatMap((part) => {
                  const feed = end > part.end && start <= part.end && !part.script.text.endsWith("\n");
                  return [sliceOf(part, start, end), ...(feed ? [written("\n")] : [])];
                }),
            ),
        }),
  };
}

/** From the beginning of one place to the end of another in the same file. */
export function span(first: Place, last: Place): Place {
  return { ...first, endLine: last.endLine, endColumn: last.endColumn };
}
