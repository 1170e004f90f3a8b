import type { Instruction } from "../../dockerfile/instruction.ts";
import type { Dockerfile, StageText } from "../../dockerfile/parse.ts";
import { physicalLine } from "../../dockerfile/logical-line.ts";
import type { Range } from "../../dockerfile/source.ts";
import type { DockerfileModel, Model } from "../model.ts";
import type { Place } from "../place.ts";
import { insertLines, type Change } from "./change.ts";

/** An instruction of a Dockerfile, and the stage that it is in (none for an ARG before the first FROM). */
export interface InstructionPlace {
  readonly file: DockerfileModel;
  readonly stage?: StageText;
  readonly instruction: Instruction;
}

/** The instruction that a line of a Dockerfile belongs to. */
export function instructionAt(model: Model, path: string, line: number): InstructionPlace | undefined {
  const file = model.dockerfiles.find((each) => each.path === path);
  if (file === undefined) return undefined;
  const holds = ({ range }: Instruction): boolean => range.start.line <= line && line <= range.end.line;
  const global = file.dockerfile.globalArgs.find(holds);
  if (global !== undefined) return { file, instruction: global };
  for (const stage of file.dockerfile.stages) {
    const instruction = [stage.from, ...stage.instructions].find(holds);
    if (instruction !== undefined) return { file, stage, instruction };
  }
  return undefined;
}

/** True when an ARG of this name is in force at an instruction: declared before it in its stage, or in a stage that this one begins from. */
export function isDeclared({ file, stage, instruction }: InstructionPlace, name: string): boolean {
  if (stage === undefined) return false;
  const before = instruction.range.start.offset;
  const here = stage.instructions.some((each) => declares(each, name) && each.range.start.offset < before);
  return (
    here || inheritedStages(file.dockerfile, stage).some((each) => each.instructions.some((own) => declares(own, name)))
  );
}

function declares(instruction: Instruction, name: string): boolean {
  return instruction.keyword === "ARG" && instruction.args.some((arg) => arg.name.text === name);
}

/** The stages that a stage begins from, one after another. */
function inheritedStages(dockerfile: Dockerfile, stage: StageText): StageText[] {
  const parent = dockerfile.stages
    .slice(0, stage.index)
    .findLast(({ name }) => name === stage.from.base.text.toLowerCase());
  return parent === undefined ? [] : [parent, ...inheritedStages(dockerfile, parent)];
}

/** Declares an ARG right before an instruction, above its comments; nothing when it is in force there already. */
export function declareArg(place: InstructionPlace, name: string): readonly Change[] {
  if (isDeclared(place, name)) return [];
  const { file, instruction } = place;
  const { source } = file.dockerfile;
  let { line } = instruction.range.start;
  while (line > 1 && /^\s*#/.test(physicalLine(source, line - 2).text)) line--;
  const indent = /^[\t ]*/.exec(physicalLine(source, instruction.range.start.line - 1).text)?.[0] ?? "";
  const change = insertLines(file.path, line, `${indent}${spelled(place, "ARG")} ${name}`);
  return [{ ...change, once: `ARG ${name} in stage ${place.stage?.index ?? 0} of ${file.path}` }];
}

/** A keyword in the case that the file uses. */
function spelled({ file, instruction }: InstructionPlace, keyword: string): string {
  const written = file.dockerfile.source.text.slice(instruction.range.start.offset);
  return /^\s*[a-z]/.test(written) ? keyword.toLowerCase() : keyword;
}

/** A range of a Dockerfile as a place of the repository. */
export function placeOfRange(path: string, { start, end }: Range): Place {
  return { path, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}
