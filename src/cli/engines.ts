import type { EngineSource } from "../build/nodes.ts";
import { openBuildah } from "../engine/buildah.ts";
import { openBuildkit } from "../engine/buildkit.ts";
import type { CliContext } from "./context.ts";

/** The engines that a command may use, as the environment says how to reach them. */
export function engineSource(env: CliContext["env"]): EngineSource {
  return {
    open: (name, endpoint) =>
      name === "buildah" ? openBuildah(endpoint, { ...env }) : openBuildkit(endpoint, { ...env }),
    async choose(_requested, signal) {
      const host = env["BUILDKIT_HOST"];
      const engine = host === undefined ? openBuildah("local", { ...env }) : openBuildkit(host, { ...env });
      return { engine, info: await engine.probe(signal), reason: "BUILDKIT_HOST" };
    },
  };
}
