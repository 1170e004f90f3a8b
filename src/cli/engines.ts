import { maskedEngine } from "../build/mask.ts";
import type { EngineSource } from "../build/nodes.ts";
import { chooseEngine, openEngine } from "../engine/discover.ts";
import type { CliContext } from "./context.ts";

/** The engines that a command may use, as the environment says how to reach them. None of them shows a secret of its request. */
export function engineSource(env: CliContext["env"]): EngineSource {
  return {
    open: (name, endpoint) => maskedEngine(openEngine(name, endpoint, { ...env }), env),
    choose: async (requested, signal) => {
      const chosen = await chooseEngine(requested, { ...env }, signal);
      return { ...chosen, engine: maskedEngine(chosen.engine, env) };
    },
  };
}
