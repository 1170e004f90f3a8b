import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { PlannedPlatform } from "./plan.ts";
import type { BuildRequest } from "./request.ts";

/** What a person should know of a plan before it is carried out: one sentence each. */
export function warningsOf(request: BuildRequest, placements: readonly PlannedPlatform[]): string[] {
  const warnings: string[] = [];
  for (const allowed of request.allowMissing) {
    if (request.platforms.some((platform) => samePlatform(platform, allowed))) continue;
    warnings.push(`--allow-missing ${formatPlatform(allowed)} has no effect: it is not among the platforms to build.`);
  }
  const unused = placements[0]?.evaluation.unusedArgs ?? [];
  for (const name of unused) warnings.push(`Build argument ${name} is declared by no ARG of the Dockerfile.`);
  const unknown = new Map(
    placements.flatMap(({ evaluation }) =>
      evaluation.unknownVariables
        .filter(({ certain }) => certain)
        .map((variable) => [variable.name, variable] as const),
    ),
  );
  for (const { name, line } of unknown.values())
    warnings.push(`Line ${line} uses $${name}, which nothing sets: it is empty.`);
  const suspicious = placements.flatMap(({ stages }) => stages.flatMap((stage) => stage.suspicious ?? []));
  warnings.push(...new Set(suspicious));
  const attesting = request.provenance !== undefined && request.provenance !== "false";
  for (const { node, platform } of placements) {
    if (attesting && !node.info.attests) {
      warnings.push(`${node.info.name} makes no attestations: ${formatPlatform(platform)} will have no provenance.`);
    }
  }
  warnings.push(...new Set(placements.flatMap(unpinnedTriggers)));
  return warnings;
}

/** Buildah is given base images by their place in the Dockerfile, where the triggers of a base image are not. */
function unpinnedTriggers({ node, evaluation }: PlannedPlatform): string[] {
  if (node.info.name !== "buildah") return [];
  const triggers = evaluation.stages
    .filter(({ reachable, replaced }) => reachable && !replaced)
    .flatMap(({ instructions }) => instructions.filter(({ onbuild }) => onbuild));
  return triggers.flatMap((trigger) => {
    const origins =
      trigger.keyword === "COPY"
        ? [trigger.origin]
        : trigger.keyword === "RUN"
          ? trigger.mounts.map(({ origin }) => origin)
          : [];
    return origins.flatMap((origin) =>
      origin.kind === "image"
        ? `Line ${trigger.line}: a trigger of the base image names ${origin.reference}, which Buildah looks up by itself.`
        : [],
    );
  });
}
