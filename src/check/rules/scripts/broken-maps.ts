import { namesIn } from "../../../platform/architecture-words.ts";
import { foreignIn } from "../../names/foreign.ts";
import type { Execution } from "../../model.ts";
import type { Problem } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { isUncovered, isWithin } from "./switch-consequence.ts";
import { shown, weightOf } from "./weight.ts";

/** Branches for the architecture at hand that set a variable to the name of another one, which is used afterwards. */
export function* brokenMaps(execution: Execution): Generator<Problem, void, void> {
  const { trace, target, machine } = execution;
  for (const found of trace.switches) {
    if (typeof found.taken !== "number" || isUncovered(found) || found.kind !== "case") continue;
    const branch = found.branches[found.taken];
    if (branch === undefined) continue;
    for (const command of trace.commands.slice(found.before)) {
      if (command.words.length > 0 || !isWithin(command.place, branch.place)) continue;
      for (const { name, value, place } of command.assignments) {
        const text = textOf(value);
        const [named] = namesIn(text);
        const isBare =
          named !== undefined &&
          named.text.length >= text.length - "linux-".length &&
          /^(?:linux[-_/]?)?[\w]+$/i.test(text);
        if (!isBare || foreignIn(value, target).length === 0 || foreignIn(value, machine).length === 0) continue;
        const { because } = weightOf(execution, command.certain);
        yield {
          rule: "arch-token-mismatch",
          // Some programs run on another architecture's CPU, and are taken on purpose.
          severity: execution.kind === "run" ? "warning" : "note",
          message: `The branch for ${shown(textOf(found.subject))} sets ${name} to ${shown(text)}, the name of another architecture.${because}`,
          platforms: [target],
          place,
          spots: [{ place: value.pieces[0]?.place ?? place, text }],
          advice: `Write the name for ${textOf(found.subject)}.`,
          key: ["arch-token-mismatch", place.path, place.line, name].join("\0"),
        };
      }
    }
  }
}
