import type { Place } from "../../place.ts";
import type { Script } from "../../shell/trace.ts";
import type { YamlScalar } from "../yaml/node.ts";

/** A list of commands as one script, a line (or several) each, as CI services run them. */
export function scriptOf(commands: readonly YamlScalar[]): Script {
  const starts: number[] = [];
  let text = "";
  for (const command of commands) {
    starts.push(text.length);
    text += command.text.endsWith("\n") ? command.text : `${command.text}\n`;
  }
  const at = (offset: number): number =>
    Math.max(
      0,
      starts.findLastIndex((start) => start <= offset),
    );
  return {
    text,
    locate: (start, end) => {
      const [first, last] = [at(start), at(Math.max(start, end - 1))];
      const [from, to] = [commands[first], commands[last]];
      if (from === undefined || to === undefined) throw new RangeError("a place in a script without commands");
      const [fromStart, toStart] = [starts[first] ?? 0, starts[last] ?? 0];
      if (from === to) return from.locate(start - fromStart, end - fromStart);
      return span(from.locate(start - fromStart, start - fromStart), to.locate(0, end - toStart));
    },
  };
}

/** From the beginning of one place to the end of another in the same file. */
export function span(first: Place, last: Place): Place {
  return { ...first, endLine: last.endLine, endColumn: last.endColumn };
}
