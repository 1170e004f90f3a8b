import { ArchwayError } from "../error/error.ts";
import { evaluateInstruction, type BuildScope, type StageState } from "./evaluate-instruction.ts";
import type { BaseImageConfig, EvaluatedInstruction, Stage } from "./evaluation.ts";
import type { Instruction } from "./instruction.ts";
import { parseDockerfile, type Dockerfile } from "./parse.ts";
import { invalid } from "./source.ts";
import type { StageNode } from "./stage-graph.ts";

/** One step of a stage; `firedAt` is set for triggers of ONBUILD: the line of the FROM that fires them. */
export type ProgramStep =
  | { readonly instruction: Instruction; readonly firedAt?: number }
  /** A trigger that is no instruction: an error when the step is reached. */
  | { readonly problem: ArchwayError };

/** What a stage executes: the triggers of its base (of that one only, not of the base's base), then its own instructions. */
export function programOf(
  dockerfile: Dockerfile,
  node: StageNode,
  nodes: readonly StageNode[],
  config: BaseImageConfig | undefined,
): readonly ProgramStep[] {
  if (node.replaced) return [];
  const base = node.base.kind === "stage" ? nodes[node.base.index] : undefined;
  return [
    ...(base === undefined || base.replaced ? [] : triggersOfStage(dockerfile, node, base)),
    ...(config?.onbuild ?? []).map((trigger) => triggerOfImage(dockerfile, node, trigger)),
    ...node.text.instructions.map((instruction) => ({ instruction })),
  ];
}

function triggersOfStage(dockerfile: Dockerfile, node: StageNode, base: StageNode): ProgramStep[] {
  const place = node.text.from.range.start;
  return base.text.instructions.flatMap((instruction): ProgramStep[] => {
    if (instruction.keyword !== "ONBUILD") return [];
    if (instruction.trigger !== undefined) return [{ instruction: instruction.trigger, firedAt: place.line }];
    const hint = `It is the ONBUILD trigger on line ${instruction.range.start.line}.`;
    return [{ problem: invalid(dockerfile.source.file, instruction.problem ?? "", place, { hint }) }];
  });
}

function triggerOfImage(dockerfile: Dockerfile, node: StageNode, trigger: string): ProgramStep {
  const place = node.text.from.range.start;
  const hint = `It is an ONBUILD trigger of the image ${node.text.from.base.text}.`;
  const wrong = (message: string): ProgramStep => {
    return { problem: invalid(dockerfile.source.file, message, place, { hint }) };
  };
  try {
    const [instruction, ...more] = parseDockerfile(`FROM scratch\n${trigger}`).stages[0]?.instructions ?? [];
    if (instruction === undefined || more.length > 0) return wrong("onbuild trigger should be a single expression");
    return { instruction, firedAt: place.line };
  } catch (error) {
    if (error instanceof ArchwayError) return wrong(error.message);
    throw error;
  }
}

/** Evaluates the steps of a stage. Unless `strict`, the first error ends it and is returned instead of thrown. */
export function runProgram(
  scope: BuildScope,
  state: StageState,
  program: readonly ProgramStep[],
  strict: boolean,
): Pick<Stage, "instructions" | "problem"> {
  const instructions: EvaluatedInstruction[] = [];
  try {
    for (const step of program) {
      if ("problem" in step) throw step.problem;
      instructions.push(evaluateInstruction(scope, state, step.instruction, step.firedAt));
    }
  } catch (error) {
    if (strict || !(error instanceof ArchwayError)) throw error;
    return { instructions, problem: error.message };
  }
  return { instructions };
}
