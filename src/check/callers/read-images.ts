import type { Execution, ImageUse } from "../model.ts";
import type { ReachedCommand } from "../shell/trace.ts";
import { textOf, unknownMark, type Value } from "../value.ts";
import { readOptions, valuesOf } from "./command-options.ts";
import { grammarOf, type EngineCommand } from "./engine-command.ts";

/** The images that a command runs or fetches. */
export function readImages(engine: EngineCommand, { place }: ReachedCommand, execution: Execution): ImageUse[] {
  const options = readOptions(engine.words, grammarOf(engine));
  const use = (value: Value | undefined): ImageUse[] => {
    if (value === undefined || !looksLikeImage(textOf(value))) return [];
    const platformGiven = valuesOf(options, "--platform", "--arch").length > 0;
    return [{ value, place, kind: "command", platform: execution.target, platformGiven }];
  };
  const { engine: name, verb } = engine;
  if (name === "docker" || name === "podman" || name === "nerdctl") {
    if (/^(?:(?:container )?(?:run|create)|(?:image )?pull)$/.test(verb)) return use(options.operands[0]);
    return [];
  }
  if (name === "kubectl" && /^(?:run|create)$/.test(verb)) return valuesOf(options, "--image").flatMap(use);
  if (name === "crictl" && verb === "pull") return use(options.operands[0]);
  if (name === "ctr" && /^(?:i|images?) pull$/.test(verb)) return use(options.operands[0]);
  return [];
}

/** A reference of which at least the last part of its name is known. */
function looksLikeImage(text: string): boolean {
  if (!/^[\w.\-/:@￼]+$/.test(text)) return false;
  return text.replaceAll(unknownMark, "").replaceAll(/[/:@]/g, "").length > 1;
}
