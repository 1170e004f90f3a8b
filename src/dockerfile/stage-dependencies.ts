import type { EvaluateOptions, Origin } from "./evaluation.ts";
import { expandWord } from "./expand.ts";
import type { Instruction } from "./instruction.ts";
import { mountFrom } from "./mount.ts";
import type { Dockerfile } from "./parse.ts";
import { invalid, type Word } from "./source.ts";
import { imageOrContext, type StageNode } from "./stage-graph.ts";

/** Resolves the name behind `--from`, written at `word`. */
export type ResolveOrigin = (from: string, use: "COPY" | "RUN", word: Pick<Word, "range">) => Origin;

/**
 * Makes the function that resolves `--from`: the name of a stage anywhere in the file (the last of its name), for
 * COPY also its number, else a named context, else an image for the target platform, whatever the stage's own platform is.
 */
export function originResolver(
  dockerfile: Dockerfile,
  nodes: readonly StageNode[],
  options: EvaluateOptions,
): ResolveOrigin {
  const byName = new Map(nodes.flatMap(({ text }) => (text.name === undefined ? [] : [[text.name, text.index]])));
  const { file } = dockerfile.source;
  return (from, use, word) => {
    const plain = expandWord(from, new Map<string, string>());
    if (use === "COPY" && (!plain.ok || plain.text !== from)) {
      if (options.unknownMark !== undefined) return { kind: "image", reference: options.unknownMark };
      throw invalid(file, "variable expansion is not supported for --from", word.range.start, {
        hint: "Define a new stage with FROM that uses an ARG from before the first FROM, and copy from that stage.",
      });
    }
    if (use === "COPY" && /^[+-]?\d+$/.test(from)) {
      const index = Number(from);
      if (nodes[index] === undefined || Object.is(index, -0)) {
        throw invalid(file, `invalid stage index ${from}`, word.range.start, {
          hint: `The Dockerfile has the stages 0 to ${nodes.length - 1}.`,
        });
      }
      return { kind: "stage", index };
    }
    const stage = byName.get(from.toLowerCase());
    if (stage !== undefined) return { kind: "stage", index: stage };
    return imageOrContext(file, from, word, options.targetPlatform, options);
  };
}

/** A stage that an instruction takes files from. */
interface StageUse {
  readonly index: number;
  readonly from: string;
  readonly use: "COPY" | "RUN";
  readonly word: Word;
}

function stagesUsedBy(instruction: Instruction, resolve: ResolveOrigin): readonly StageUse[] {
  return namesUsedBy(instruction).flatMap(({ from, use, word }) => {
    const origin = resolve(from, use, word);
    return origin.kind === "stage" ? [{ index: origin.index, from, use, word }] : [];
  });
}

function namesUsedBy(instruction: Instruction): readonly Omit<StageUse, "index">[] {
  if (instruction.keyword === "COPY" && instruction.from !== undefined && instruction.from.text !== "") {
    return [{ from: instruction.from.text, use: "COPY", word: instruction.from }];
  }
  if (instruction.keyword !== "RUN") return [];
  return instruction.mounts.flatMap((mount) => {
    const from = mountFrom(mount);
    return from === undefined ? [] : [{ from, use: "RUN" as const, word: mount.word }];
  });
}

/**
 * Refuses stages that copy from each other in a circle, also those that the target does not need.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` naming the circle.
 */
export function refuseCycles(dockerfile: Dockerfile, nodes: readonly StageNode[], resolve: ResolveOrigin): void {
  const uses = nodes.map(({ text }) => text.instructions.flatMap((instruction) => stagesUsedBy(instruction, resolve)));
  const done = new Set<number>();
  const path: number[] = [];
  const visit = (index: number): void => {
    path.push(index);
    for (const use of uses[index] ?? []) {
      const start = path.indexOf(use.index);
      if (start >= 0) throw circular(dockerfile, nodes, path.slice(start), use.word);
      if (!done.has(use.index)) visit(use.index);
    }
    path.pop();
    done.add(index);
  };
  for (const index of nodes.keys()) if (!done.has(index)) visit(index);
}

function circular(dockerfile: Dockerfile, nodes: readonly StageNode[], circle: readonly number[], word: Word): Error {
  const labels = [...circle, circle[0] ?? 0].map((index) => labelOf(nodes[index]));
  const message = `circular dependency detected on stage: ${labels[0] ?? ""}`;
  return invalid(dockerfile.source.file, message, word.range.start, {
    hint: `Files are copied in a circle: ${labels.join(" needs ")}.`,
  });
}

function labelOf(node: StageNode | undefined): string {
  return node?.text.name ?? `stage-${node?.text.index ?? 0}`;
}

/**
 * The stages that the target needs, itself included. `programs` are the instructions of each stage with the triggers that fire in it.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` when one of them takes files from a stage that comes later.
 */
export function reachableStages(
  dockerfile: Dockerfile,
  nodes: readonly StageNode[],
  programs: readonly (readonly Instruction[])[],
  target: number,
  resolve: ResolveOrigin,
): ReadonlySet<number> {
  const reachable = new Set<number>();
  const open = [target];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reachable.has(index)) continue;
    reachable.add(index);
    const node = nodes[index];
    if (node?.base.kind === "stage") open.push(node.base.index);
    for (const instruction of programs[index] ?? []) {
      for (const use of stagesUsedBy(instruction, resolve)) {
        if (use.index >= index && nodes[use.index]?.replaced !== true) throw later(dockerfile, node, use);
        open.push(use.index);
      }
    }
  }
  return reachable;
}

function later(dockerfile: Dockerfile, node: StageNode | undefined, { use, from, word }: StageUse): Error {
  const message =
    use === "COPY"
      ? `cannot copy from stage "${from}", it needs to be defined before current stage "${labelOf(node)}"`
      : `cannot mount from stage "${from}", stage needs to be defined before current command`;
  return invalid(dockerfile.source.file, message, word.range.start, {
    hint: `Move the stage ${from} in front of ${labelOf(node)}.`,
  });
}
