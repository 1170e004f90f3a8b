import { ArchwayError } from "../error/error.ts";
import { engineOfEndpoint } from "../engine/discover.ts";
import type { Engine, EngineInfo, EngineName } from "../engine/engine.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { Node } from "./placement.ts";
import type { BuildRequest } from "./request.ts";

/** How nodes are reached; what `src/engine` offers. */
export interface EngineSource {
  open(name: EngineName, endpoint: string): Engine;
  /** The local engine that fits best, with the reason; throws `NO_ENGINE` with what to install. */
  choose(
    requested: "auto" | EngineName,
    signal: AbortSignal,
  ): Promise<{ readonly engine: Engine; readonly info: EngineInfo; readonly reason: string }>;
}

/** The nodes of a build, and why these. */
export interface OpenNodes {
  readonly nodes: readonly Node[];
  readonly reason: string;
  readonly warnings: readonly string[];
}

/**
 * Opens the nodes that the user named, all at once, and the local engine for platforms without one. A named node that does not answer is never
 * dropped silently: with another one for the platform it is a warning, else an error.
 *
 * Throws `ENGINE_UNREACHABLE`, `NO_ENGINE` (kind `unreachable`).
 */
export async function openNodes(request: BuildRequest, engines: EngineSource, signal: AbortSignal): Promise<OpenNodes> {
  const assignments = Map.groupBy(request.nodes, ({ endpoint }) => endpoint);
  const uncovered = request.platforms.filter(
    (platform) => !request.nodes.some((choice) => samePlatform(choice.platform, platform)),
  );
  const [named, local] = await Promise.all([
    Promise.all(
      [...assignments].map(async ([endpoint, choices]) => {
        const engine = engines.open(request.engine === "auto" ? engineOfEndpoint(endpoint) : request.engine, endpoint);
        const assigned = choices.map(({ platform }) => platform);
        try {
          return { assigned, endpoint, node: nodeOf(engine, await engine.probe(signal), assigned) };
        } catch (error) {
          if (signal.aborted || !(error instanceof ArchwayError)) throw error;
          return { assigned, endpoint, error };
        }
      }),
    ),
    uncovered.length > 0 ? engines.choose(request.engine, signal) : undefined,
  ]);

  const nodes = named.flatMap(({ node }) => node ?? []);
  const warnings: string[] = [];
  for (const { assigned, endpoint, error } of named) {
    if (!error) continue;
    const orphaned = assigned.filter(
      (platform) => !nodes.some((node) => node.assigned.some((other) => samePlatform(other, platform))),
    );
    const excused = orphaned.every((platform) => request.allowMissing.some((other) => samePlatform(other, platform)));
    if (!excused) throw error;
    warnings.push(
      `The node ${endpoint} for ${assigned.map(formatPlatform).join(", ")} does not answer: ${error.message}`,
    );
  }
  if (local) nodes.push(nodeOf(local.engine, local.info, []));
  for (const node of nodes) {
    const beyond = node.assigned.filter((platform) => !node.info.platforms.some((own) => samePlatform(own, platform)));
    if (beyond.length > 0) {
      const runs = node.info.platforms.map(formatPlatform).join(", ");
      warnings.push(
        `The node ${node.engine.endpoint} is named for ${beyond.map(formatPlatform).join(", ")}, which it does not run: it runs ${runs}.`,
      );
    }
    warnings.push(
      ...node.info.faults
        .filter(({ avoided }) => !avoided)
        .map((fault) => `${node.info.name} ${node.info.version}: ${fault.text}`),
    );
  }
  return { nodes, warnings, reason: local?.reason ?? "the nodes that were named" };
}

function nodeOf(engine: Engine, info: EngineInfo, assigned: readonly Platform[]): Node {
  const native = info.platforms[0];
  if (!native) {
    throw new ArchwayError({
      code: "ENGINE_UNREACHABLE",
      kind: "unreachable",
      message: `${info.name} at ${info.endpoint} does not tell which platforms it runs.`,
      hint: "Look at its log, or restart it.",
    });
  }
  return { engine, info, native, assigned };
}
