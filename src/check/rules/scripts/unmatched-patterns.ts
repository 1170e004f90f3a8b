import type { Execution } from "../../model.ts";
import type { Problem } from "../../rule.ts";
import { nearPattern } from "./near-pattern.ts";
import { consequenceOf, isUncovered } from "./switch-consequence.ts";
import { shown, weightOf } from "./weight.ts";

/** Branches that are meant for the architecture at hand and miss it, because its source says another name. */
export function* unmatchedPatterns(execution: Execution): Generator<Problem, void, void> {
  for (const found of execution.trace.switches) {
    if (found.kind === "table" || !isUncovered(found)) continue;
    const near = nearPattern(found);
    if (near === undefined) continue;
    const consequence = consequenceOf(found, execution);
    const isImage = execution.kind === "run";
    // On macOS `uname -m` says arm64: a branch for it alone is no slip where the rest goes on well.
    if (consequence === undefined && !near.impossible && !isImage) continue;
    const { severity, because } = weightOf(execution, found.certain);
    yield {
      rule: "arch-token-mismatch",
      severity: consequence === undefined && severity === "error" ? "warning" : severity,
      message: `The branch for ${shown(near.pattern)} is never taken on this platform: the compared text is ${shown(near.printed)} here.${because}`,
      platforms: [execution.target],
      place: near.place,
      spots: [{ place: near.place, text: near.pattern }],
      related: [
        { place: found.place, message: "The choice." },
        ...(consequence === undefined ? [] : [{ place: consequence.place, message: "What follows." }]),
      ],
      advice: `Compare with ${near.printed} too.`,
      key: ["arch-token-mismatch", near.place.path, near.place.line, near.pattern].join("\0"),
    };
  }
}
