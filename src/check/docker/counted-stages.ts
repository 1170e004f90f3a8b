import type { Evaluation, Stage } from "../../dockerfile/evaluation.ts";
import { chainOf } from "../../dockerfile/file-origin.ts";
import { namesIn } from "../../platform/architecture-words.ts";
import type { Platform } from "../../platform/platform.ts";

/** Indexes of the stages that some build of the file needs. */
export function reachedStages(evaluations: readonly Evaluation[]): ReadonlySet<number> {
  return new Set(
    evaluations.flatMap(({ stages }) => stages.filter(({ reachable }) => reachable).map(({ index }) => index)),
  );
}

/**
 * The stages that count in a build: those that it needs, and those that no build of the file needs, which somebody may build with `--target`. A
 * stage that only the build of another platform needs (`build_amd64`) does not count.
 */
export function countedStages(evaluation: Evaluation, reached: ReadonlySet<number>): readonly Stage[] {
  return evaluation.stages.filter((stage) => {
    if (stage.reachable) return true;
    return !reached.has(stage.index) && !isForOther(stage, evaluation.targetPlatform);
  });
}

/** True for a stage that is named by another architecture. */
function isForOther({ text }: Stage, platform: Platform): boolean {
  const names = namesIn(text.name ?? "");
  return names.length > 0 && !names.some(({ architecture }) => architecture === platform.architecture);
}

/**
 * Indexes of the stages that are the image in the end: the one that is built and those it begins from; of stages that this build does not need, those
 * that are the image when they are built for themselves.
 */
export function finalStages({ stages, target }: Evaluation): ReadonlySet<number> {
  const used = new Set(stages.flatMap(usedBy));
  const ends = stages.filter((stage) => !stage.reachable && !used.has(stage.index));
  const aside = ends.flatMap((stage) => chainOf(stages, stage)).filter(({ reachable }) => !reachable);
  return new Set([...chainOf(stages, target), ...aside].map(({ index }) => index));
}

/** Indexes of the stages that a stage begins from or takes files from. */
export function usedBy({ base, instructions }: Stage): number[] {
  const origins = instructions.flatMap((instruction) => {
    if (instruction.keyword === "COPY") return [instruction.origin];
    return instruction.keyword === "RUN" ? instruction.mounts.map(({ origin }) => origin) : [];
  });
  return [base, ...origins].flatMap((origin) => (origin.kind === "stage" ? [origin.index] : []));
}
