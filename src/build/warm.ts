import { ArchwayError, isAbort } from "../error/error.ts";
import type { Stage } from "../dockerfile/evaluation.ts";
import { samePlatform } from "../platform/platform.ts";
import type { GateOptions } from "../verify/gate.ts";
import { verifyImage } from "../verify/gate.ts";
import type { BaseImage } from "./bases.ts";
import type { BuildPlan, PlannedPlatform } from "./plan.ts";

/**
 * Reads the layers of the base images that end up in the results while the engines build, so that the gate later finds their facts and reads only what
 * was made new. It is a head start and nothing else: it judges nothing, and what it cannot read the gate will see. Ends with the signal.
 */
export async function warmFacts(plan: BuildPlan, options: GateOptions): Promise<void> {
  await Promise.all(
    plan.placements.map(async (placement) => {
      const base = baseOf(plan, placement);
      const child = base?.children.find(
        ({ descriptor }) =>
          descriptor.platform && samePlatform(descriptor.platform, placement.evaluation.target.platform),
      );
      if (!base || !child) return;
      try {
        await verifyImage(base.store, child.descriptor, placement.platform, options);
      } catch (error) {
        if (!isAbort(error) && !(error instanceof ArchwayError)) throw error;
      }
    }),
  );
}

/** The image at the bottom of the target stage. */
function baseOf(plan: BuildPlan, { evaluation }: PlannedPlatform): BaseImage | undefined {
  let stage: Stage | undefined = evaluation.target;
  while (stage?.base.kind === "stage") stage = evaluation.stages[stage.base.index];
  if (stage?.base.kind !== "image") return undefined;
  return plan.images.get(stage.base.reference);
}
