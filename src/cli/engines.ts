import type { EngineSource } from "../build/nodes.ts";
import { chooseEngine, openEngine } from "../engine/discover.ts";
import type { CliContext } from "./context.ts";

/** The engines that a command may use, as the environment says how to reach them. */
export function engineSource(env: CliContext["env"]): EngineSource {
  return {
    open: (name, endpoint) => openEngine(name, endpoint, { ...env }),
    choose: (requested, signal) => chooseEngine(requested, { ...env }, signal),
  };
}
