import { namesIn } from "../../../platform/architecture-words.ts";
import type { Instruction } from "../../../dockerfile/instruction.ts";
import type { DockerfileModel, DockerfileVariant, Model, StageModel } from "../../model.ts";
import type { Place } from "../../place.ts";

/** A stage that counts, in one way to build its file. */
export interface BuiltStage {
  readonly file: DockerfileModel;
  readonly variant: DockerfileVariant;
  readonly model: StageModel;
}

/** All stages that count, of all files and of all ways to build them. */
export function* builtStages({ dockerfiles }: Model): Iterable<BuiltStage> {
  for (const file of dockerfiles)
    for (const variant of file.variants) for (const model of variant.stages) yield { file, variant, model };
}

/** The stage as people know it: its name, or its place among the others. */
export function nameOf({ stage }: StageModel): string {
  const { name, index } = stage.text;
  return name === undefined ? `stage ${index}` : `stage ${name}`;
}

/**
 * True when somebody who builds this file gives this build argument; also when a build of which the Dockerfile is not known gives it: then nobody can
 * say that it is left to its default.
 */
export function isGivenByCallers({ calls }: Model, { path }: DockerfileModel, name: string): boolean {
  return calls.some(({ dockerfile, buildArgs }) => {
    return (dockerfile === undefined || dockerfile === path) && buildArgs.has(name);
  });
}

/** The instruction of a Dockerfile that a place is in; those before the first FROM count too. */
export function instructionAt({ path, dockerfile }: DockerfileModel, place: Place): Instruction | undefined {
  if (place.path !== path) return undefined;
  const holds = ({ range }: Instruction): boolean => range.start.line <= place.line && place.line <= range.end.line;
  const global = dockerfile.globalArgs.find(holds);
  if (global !== undefined) return global;
  const stage = dockerfile.stages.findLast(({ from }) => from.range.start.line <= place.line);
  return stage === undefined ? undefined : [stage.from, ...stage.instructions].find(holds);
}

/**
 * True for a stage that is named after this architecture, when another one of the file is named after the platform's own: `build-linux-amd64` and
 * `build-linux-arm64` are for what they say, whatever image takes from both.
 */
export function isStageOfPair(
  { variant, model }: Pick<BuiltStage, "variant" | "model">,
  architecture: string,
): boolean {
  const named = (name: string | undefined): string[] => namesIn(name ?? "").map((each) => each.architecture);
  if (!named(model.stage.text.name).includes(architecture)) return false;
  return variant.file.dockerfile.stages.some(({ name }) => named(name).includes(variant.platform.architecture));
}
