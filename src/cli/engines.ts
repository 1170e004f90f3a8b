import type { EngineSource } from "../build/nodes.ts";
import { openBuildkit } from "../engine/buildkit.ts";
import type { CliContext } from "./context.ts";

/** The engines that a command may use, as the environment says how to reach them. */
export function engineSource(env: CliContext["env"]): EngineSource {
  return {
    open: (_name, endpoint) => openBuildkit(endpoint, { ...env }),
    async choose(_requested, signal) {
      const engine = openBuildkit(env["BUILDKIT_HOST"] ?? "", { ...env });
      return { engine, info: await engine.probe(signal), reason: "BUILDKIT_HOST" };
    },
  };
}
