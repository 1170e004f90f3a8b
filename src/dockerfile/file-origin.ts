import { posix } from "node:path";
import type { EvaluatedCopy, EvaluatedInstruction, EvaluatedRun, Evaluation, Stage } from "./evaluation.ts";
import { runText } from "./run-script.ts";

/** Where a file of the image was made, as far as a Dockerfile tells. */
export type FileOrigin =
  /** A RUN step wrote it. */
  | { readonly kind: "run"; readonly stage: Stage; readonly instruction: EvaluatedRun }
  /** It was copied or added from the build context, a named context, or a URL. */
  | { readonly kind: "copy"; readonly stage: Stage; readonly instruction: EvaluatedCopy }
  /** It is part of an image from outside: the stage's base, or the one that `instruction` copies from. */
  | { readonly kind: "image"; readonly stage: Stage; readonly instruction?: EvaluatedInstruction };

/** The way of a file into the image. */
export interface FileTrace {
  readonly origin: FileOrigin;
  /** Indexes of the stages it went through: the target stage (or one it begins from) first, the stage of its origin last. */
  readonly stages: readonly number[];
}

/**
 * Follows a file of the image back to where it was made: the instruction that put it there (`createdBy`, the layer's line in the image's history, helps
 * when it is known), and through `COPY --from` into earlier stages. The Dockerfile does not say what RUN steps write, so this is a good guess, not proof.
 */
export function traceFile(evaluation: Evaluation, path: string, createdBy?: string): FileTrace {
  const stages: number[] = [];
  let stage: Stage = evaluation.target;
  let paths: readonly string[] = [posix.resolve("/", path)];
  let line = createdBy;
  for (;;) {
    const made = maker(evaluation.stages, stage, paths, line);
    stages.push(made.stage.index);
    const { instruction } = made;
    if (instruction === undefined) return { origin: { kind: "image", stage: made.stage }, stages };
    if (instruction.keyword === "RUN") return { origin: { kind: "run", stage: made.stage, instruction }, stages };
    const { origin } = instruction;
    if (origin.kind === "image") return { origin: { kind: "image", stage: made.stage, instruction }, stages };
    const next = origin.kind === "stage" ? evaluation.stages[origin.index] : undefined;
    if (next === undefined) return { origin: { kind: "copy", stage: made.stage, instruction }, stages };
    paths = paths.flatMap((each) => sourcePaths(instruction, each));
    stage = next;
    // The history of an image tells only of its last stage.
    line = undefined;
  }
}

/** The stage of a FROM chain, and the instruction in it, that made one of the paths; without an instruction it was the base image. */
function maker(
  stages: readonly Stage[],
  stage: Stage,
  paths: readonly string[],
  createdBy: string | undefined,
): { readonly stage: Stage; readonly instruction?: EvaluatedCopy | EvaluatedRun } {
  const chain = chainOf(stages, stage);
  if (createdBy !== undefined) {
    for (const each of chain) {
      const instruction = makersOf(each).findLast((candidate) => isLineOf(createdBy, candidate));
      if (instruction !== undefined) return { stage: each, instruction };
    }
  }
  for (const each of chain) {
    const instruction = likeliest(makersOf(each), paths);
    if (instruction !== undefined) return { stage: each, instruction };
  }
  return { stage: chain.at(-1) ?? stage };
}

/** A stage and those it begins from. */
export function chainOf(stages: readonly Stage[], stage: Stage): readonly Stage[] {
  const chain = [stage];
  for (let last: Stage | undefined = stage; last?.base.kind === "stage";) {
    last = stages[last.base.index];
    if (last !== undefined) chain.push(last);
  }
  return chain;
}

function makersOf(stage: Stage): readonly (EvaluatedCopy | EvaluatedRun)[] {
  return stage.instructions.filter((instruction): instruction is EvaluatedCopy | EvaluatedRun => {
    return instruction.keyword === "COPY" || instruction.keyword === "ADD" || instruction.keyword === "RUN";
  });
}

/** True when a line of an image's history was written by this instruction (BuildKit: `COPY a /b # buildkit`, `RUN |1 A=b /bin/sh -c …`). */
function isLineOf(createdBy: string, instruction: EvaluatedCopy | EvaluatedRun): boolean {
  const line = createdBy.replaceAll(/\s+/g, " ");
  if (instruction.keyword === "RUN") {
    if (/^(?:COPY|ADD)\b|#\(nop\)/.test(line)) return false;
    // A heredoc that is the whole script stands in the history without its `<<EOF`.
    const texts = [runText(instruction), ...instruction.instruction.heredocs.map(({ content }) => content)];
    return texts.map((text) => text.replaceAll(/\s+/g, " ").trim()).some((text) => text !== "" && line.includes(text));
  }
  if (!new RegExp(`^(?:/bin/sh -c #\\(nop\\) )?${instruction.keyword}\\b`).test(line)) return false;
  return instruction.sources.length > 0 && line.includes(` ${instruction.sources.join(" ")} `);
}

/**
 * The instruction that most likely wrote one of the paths: the last that copies exactly it or names it; else a RUN behind the copy of the folder
 * it is in (sources are copied, then compiled); else that copy.
 */
function likeliest(
  makers: readonly (EvaluatedCopy | EvaluatedRun)[],
  paths: readonly string[],
): EvaluatedCopy | EvaluatedRun | undefined {
  const exact = makers.findLast((maker) => {
    if (maker.keyword !== "RUN") return paths.some((path) => covers(maker, path) === "exactly");
    const text = runText(maker);
    return paths.some((path) => text.includes(path));
  });
  if (exact !== undefined) return exact;
  const folder = makers.findLastIndex((maker) => {
    return maker.keyword !== "RUN" && paths.some((path) => covers(maker, path) === "in a folder");
  });
  const named = makers.findLast((maker): maker is EvaluatedRun => {
    return maker.keyword === "RUN" && paths.some((path) => mentions(runText(maker), posix.basename(path)));
  });
  if (named !== undefined) return named;
  const later = makers.slice(folder + 1).findLast(({ keyword }) => keyword === "RUN");
  return folder >= 0 ? (later ?? makers[folder]) : undefined;
}

/** True when a name stands in a text as a word of its own. */
function mentions(text: string, name: string): boolean {
  if (name.length < 2) return false;
  for (let start = text.indexOf(name); start >= 0; start = text.indexOf(name, start + 1)) {
    if (!/[\w-]/.test(text.charAt(start - 1)) && !/[\w-]/.test(text.charAt(start + name.length))) return true;
  }
  return false;
}

function covers(copy: EvaluatedCopy, path: string): "exactly" | "in a folder" | undefined {
  const { destination, sources } = copy;
  if (!destination.endsWith("/")) {
    if (path === destination) return "exactly";
    return path.startsWith(`${destination}/`) ? "in a folder" : undefined;
  }
  if (!path.startsWith(destination)) return undefined;
  const rest = path.slice(destination.length);
  return sources.some((source) => posix.basename(source) === rest) ? "exactly" : "in a folder";
}

/** What a path was called where it was copied from; several when sources may be files or folders. */
function sourcePaths(copy: EvaluatedCopy, path: string): readonly string[] {
  const isFolder = copy.destination.endsWith("/");
  if (!path.startsWith(copy.destination.replace(/\/$/, ""))) return [path];
  const rest = path.slice(copy.destination.length).replace(/^\//, "");
  return copy.sources.map((source) => {
    const from = posix.resolve("/", source);
    if (/[*?[]/.test(posix.basename(from))) return posix.join(posix.dirname(from), rest);
    if (!isFolder) return rest === "" ? from : posix.join(from, rest);
    return posix.basename(from) === rest.split("/")[0] ? posix.join(posix.dirname(from), rest) : posix.join(from, rest);
  });
}
