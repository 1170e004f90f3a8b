import type { BuildPlan } from "../build/plan.ts";
import { formatPlatform } from "../platform/platform.ts";

/** The plan as `archway build --plan --format json` prints it (schemas/plan.schema.json). */
export function planJson(plan: BuildPlan): object {
  return {
    version: 1,
    platforms: plan.placements.map(({ platform, strategy, reason, node, stages }) => ({
      platform: formatPlatform(platform),
      strategy,
      reason,
      node: node.info.endpoint,
      engine: `${node.info.name} ${node.info.version}`,
      stages: stages.map((stage) => ({
        name: stage.name,
        line: stage.line,
        platform: formatPlatform(stage.platform),
        strategy: stage.runs === 0 ? null : stage.strategy,
        steps: stage.runs,
        compiles: stage.compiles,
        ...(stage.hint === undefined ? {} : { hint: stage.hint }),
      })),
    })),
    missing: plan.missing.map(({ platform, reason }) => ({ platform: formatPlatform(platform), reason })),
    bases: plan.bases.map((base) => ({
      reference: base.name,
      digest: base.descriptor.digest,
      location: base.store.name,
      platforms: base.children.flatMap(({ descriptor }) =>
        descriptor.platform ? [formatPlatform(descriptor.platform)] : [],
      ),
    })),
    warnings: plan.warnings,
  };
}
