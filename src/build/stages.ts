import type { Evaluation } from "../dockerfile/evaluation.ts";
import type { Dockerfile } from "../dockerfile/parse.ts";
import { stageStrategies } from "../dockerfile/strategy.ts";
import { canRun, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { Node, StagePlan } from "./placement.ts";

/**
 * Whether a node's processor runs a platform's programs itself: the node lists the platform and its own kind is compatible. What is compatible and not
 * listed (32-bit ARM on an arm64 server) it cannot run at all.
 */
export function runsNatively({ native, info }: Pick<Node, "native" | "info">, platform: Platform): boolean {
  return canRun(native, platform) && info.platforms.some((known) => samePlatform(known, platform));
}

/** How each stage that a platform needs would be made on a node. */
export function stagePlans(dockerfile: Dockerfile, evaluation: Evaluation, node: Node): readonly StagePlan[] {
  return stageStrategies(dockerfile, evaluation, (platform) => runsNatively(node, platform)).map(
    ({ stage, strategy, runs, compiles, hint, suspicious }) => ({
      name: stage.label,
      platform: stage.platform,
      strategy,
      runs,
      compiles: compiles.length > 0,
      line: stage.text.from.range.start.line,
      ...(hint === undefined ? {} : { hint }),
      ...(suspicious === undefined ? {} : { suspicious }),
    }),
  );
}
