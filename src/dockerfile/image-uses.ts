import type { ImageUse, Origin, Stage } from "./evaluation.ts";

const imageContext = "docker-image://";

/** The image from a registry that files come from, if they do: written in the file, or put there by a named context. */
export function imageOf(origin: Origin): { readonly reference: string; readonly context?: string } | undefined {
  if (origin.kind === "image") return { reference: origin.reference };
  if (origin.kind !== "context" || !origin.value.startsWith(imageContext)) return undefined;
  const reference = origin.value.slice(imageContext.length);
  return reference === "scratch" ? undefined : { reference, context: origin.name };
}

/** Images that the reachable stages need, in the order of the file; the platform is the one that the engine will ask for. */
export function imagesOf(stages: readonly Stage[], targetPlatform: ImageUse["platform"]): ImageUse[] {
  return stages.filter(({ reachable }) => reachable).flatMap((stage) => imagesOfStage(stage, targetPlatform));
}

function imagesOfStage(stage: Stage, targetPlatform: ImageUse["platform"]): ImageUse[] {
  const uses: ImageUse[] = [];
  const add = (origin: Origin, use: ImageUse["use"], line: number): void => {
    const image = imageOf(origin);
    // `--from=IMAGE` asks for the target platform whatever the stage runs on (dockerfile2llb, unregistered stages).
    const platform = use === "base" ? stage.platform : targetPlatform;
    if (image !== undefined) uses.push({ ...image, platform, stage: stage.index, line, use });
  };
  add(stage.base, "base", stage.text.from.base.range.start.line);
  for (const instruction of stage.instructions) {
    if (instruction.keyword === "COPY") add(instruction.origin, "copy", instruction.line);
    if (instruction.keyword === "RUN")
      for (const { origin } of instruction.mounts) add(origin, "mount", instruction.line);
  }
  return uses;
}
