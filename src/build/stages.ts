import type { Evaluation } from "../dockerfile/evaluation.ts";
import { canRun, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { Node, StagePlan, Strategy } from "./placement.ts";

/** How each stage that a platform needs would be made on a node. */
export function stagePlans(evaluation: Evaluation, node: Node, target: Platform): readonly StagePlan[] {
  return evaluation.stages
    .filter((stage) => stage.reachable && !stage.replaced)
    .map((stage) => ({
      name: stage.label,
      platform: stage.platform,
      strategy: strategyOf(stage.platform, node, target),
      runs: stage.instructions.filter(({ keyword }) => keyword === "RUN").length,
      compiles: false,
      line: stage.text.from.range.start.line,
    }));
}

function strategyOf(stage: Platform, node: Node, target: Platform): Strategy {
  if (!canRun(node.native, stage)) return "emulated";
  return samePlatform(stage, target) ? "native" : "cross";
}
