import { targetArgNames } from "./automatic-args.ts";
import type { Stage } from "./evaluation.ts";

/**
 * How the target platform reaches a stage: `used` when an instruction or a script names a declared TARGET variable (or FROM does), `declared` when an
 * ARG makes it visible to the programs that RUN starts (make, xx, scripts), else `ignored`.
 */
export type TargetUse = "used" | "declared" | "ignored";

const names: readonly string[] = targetArgNames;

/** Says how the target platform reaches a stage whose RUNs execute `scripts`. */
export function targetUse(stage: Stage, scripts: readonly string[]): TargetUse {
  const { base, platform } = stage.text.from;
  if (mentions(base.text) || mentions(platform?.text ?? "")) return "used";
  const declared = stage.declaredArgs.filter((name) => names.includes(name));
  if (declared.length === 0) return "ignored";
  const words = stage.instructions.flatMap(({ used }) => used);
  return words.some((name) => names.includes(name)) || scripts.some(mentions) ? "used" : "declared";
}

/** True when a text refers to a TARGET variable. */
function mentions(text: string): boolean {
  return variablesIn(text).some((name) => names.includes(name));
}

/** Names of the variables that a shell text refers to, each once. */
export function variablesIn(text: string): string[] {
  const found = [...text.matchAll(/(?<!\\)\$(?:\{[!#]?([A-Za-z_]\w*)|([A-Za-z_]\w*))/g)];
  return [...new Set(found.map(([, braced, bare]) => braced ?? bare ?? ""))];
}
