import { formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";
import { choosesTarget, compiledLanguage, installsToolchain, isPortable, type Language } from "./compile-command.ts";
import { crossCompileHint } from "./cross-hint.ts";
import type { EvaluatedRun, Evaluation, Stage } from "./evaluation.ts";
import type { Dockerfile } from "./parse.ts";
import { programOf, runCommands, runText, type RunCommand } from "./run-script.ts";
import { targetUse, type TargetUse } from "./target-use.ts";

/**
 * How the RUN steps of a stage run on a node: `native` makes the target's files with the target's own programs, `cross` runs on another
 * platform natively and makes files for the target, `emulated` runs programs that the node's processor does not.
 */
export type Strategy = "native" | "cross" | "emulated";

/** What a stage means for a node. */
export interface StageStrategy {
  readonly stage: Stage;
  readonly strategy: Strategy;
  /** Number of RUN steps; without any, nothing runs and the strategy costs nothing. */
  readonly runs: number;
  /** Commands that compile, in order. */
  readonly compiles: readonly CompileStep[];
  /** How the platform of the target reaches a cross stage; `ignored` is suspicious when it compiles. */
  readonly target: TargetUse;
  /** Set for a cross stage that compiles machine code without using TARGET*, and whose files reach the target stage (S03, S16). */
  readonly suspicious?: string;
  /** What to do, with lines to copy: set for emulated stages that compile. */
  readonly hint?: string;
}

/** One command that compiles. */
export interface CompileStep {
  readonly language: Language;
  /** The program: `go`, `make`. */
  readonly program: string;
  /** The command, shortened. */
  readonly text: string;
  readonly line: number;
  /** False for tests and generators, whose product is no program. */
  readonly makesProgram: boolean;
  /** True when it tells the compiler a target, a fixed one too: `GOARCH=…`, `--target …`. */
  readonly choosesTarget: boolean;
}

/**
 * Classifies the stages that the target needs, in the order of the file; stages that a named context replaces are left out. `runsNatively` says
 * which platforms the node's processor runs itself: its own, and what was found to run beside it (arm/v7 on some arm64).
 */
export function stageStrategies(
  dockerfile: Dockerfile,
  evaluation: Evaluation,
  runsNatively: (platform: Platform) => boolean,
): StageStrategy[] {
  const supplies = suppliers(evaluation);
  return evaluation.stages
    .filter(({ reachable, replaced }) => reachable && !replaced)
    .map((stage) => classify(dockerfile, evaluation, stage, runsNatively, supplies.has(stage.index)));
}

function classify(
  dockerfile: Dockerfile,
  { targetPlatform, stages }: Evaluation,
  stage: Stage,
  runsNatively: (platform: Platform) => boolean,
  supplies: boolean,
): StageStrategy {
  const strategy = strategyOf(stage.platform, targetPlatform, runsNatively);
  const runs = stage.instructions.filter((instruction): instruction is EvaluatedRun => instruction.keyword === "RUN");
  const compiles = compileSteps(dockerfile, stage, stages, runs);
  const target = targetUse(stage, runs.map(runText));
  const machineCode = compiles.find((step) => {
    const { makesProgram, choosesTarget, language, program } = step;
    return makesProgram && !choosesTarget && !isPortable(language) && ignoresTarget(target, program);
  });
  const suspect = strategy === "cross" && machineCode !== undefined && supplies;
  return {
    stage,
    strategy,
    runs: runs.length,
    compiles,
    target,
    ...(suspect ? { suspicious: suspicion(stage, targetPlatform, machineCode) } : {}),
    ...(strategy === "emulated" && compiles[0] !== undefined ? { hint: hintFor(stage, compiles) } : {}),
  };
}

/** True when a compiler cannot know the target: nothing names it, or it is only declared and the program does not look for it. */
function ignoresTarget(target: TargetUse, program: string): boolean {
  return (
    target === "ignored" || (target === "declared" && ["go", "cargo", "rustc", "gcc", "cc", "dotnet"].includes(program))
  );
}

function strategyOf(platform: Platform, target: Platform, runsNatively: (platform: Platform) => boolean): Strategy {
  if (!runsNatively(platform)) return "emulated";
  return samePlatform(platform, target) ? "native" : "cross";
}

function suspicion(stage: Stage, target: Platform, step: CompileStep): string {
  const platform = formatPlatform(stage.platform);
  return `Stage ${stage.label} compiles on ${platform} (line ${step.line}: ${step.text}) and passes on no TARGET variable: its files are for ${platform}, not for ${formatPlatform(target)}.`;
}

function hintFor(stage: Stage, compiles: readonly CompileStep[]): string {
  // Machine code is what makes emulation slow and what cross-compiling is for.
  const [first] = compiles;
  const { language } = compiles.find((step) => !isPortable(step.language)) ?? first ?? { language: "other" as const };
  return crossCompileHint(language, { base: stage.text.from.base.text, name: stage.text.name });
}

/** The commands of a stage that compile. */
export function compileSteps(
  dockerfile: Dockerfile,
  stage: Stage,
  stages: readonly Stage[],
  runs: readonly EvaluatedRun[],
): CompileStep[] {
  const commands = runs.flatMap((run) => runCommands(run, dockerfile.source).map((command) => ({ run, command })));
  const hasToolchain = commands.some(({ command }) => installsToolchain(command));
  const base = baseImageOf(stage, stages);
  return commands.flatMap(({ run, command }) => {
    const language = compiledLanguage(withEnvironment(command, run), base, hasToolchain);
    if (language === undefined) return [];
    const makesProgram = !["test", "t", "bench", "generate"].includes(command.words[1] ?? "");
    const { line } = command;
    const chooses = choosesTarget(command) || run.environment.get("GOARCH") !== undefined;
    const program = programOf(command);
    return [{ language, program, text: shorten(command), line, makesProgram, choosesTarget: chooses }];
  });
}

/** ENV counts as if it were written before the command. */
function withEnvironment(command: RunCommand, run: EvaluatedRun): RunCommand {
  const cgo = run.environment.get("CGO_ENABLED");
  if (cgo === undefined || command.assignments.some(({ name }) => name === "CGO_ENABLED")) return command;
  return { ...command, assignments: [...command.assignments, { name: "CGO_ENABLED", value: cgo }] };
}

/** The image at the bottom of a stage's FROM chain, as written; empty when there is none. */
function baseImageOf(stage: Stage, stages: readonly Stage[]): string {
  let bottom: Stage | undefined = stage;
  while (bottom?.base.kind === "stage") bottom = stages[bottom.base.index];
  return bottom?.base.kind === "image" ? bottom.base.reference : (bottom?.text.from.base.text ?? "");
}

function shorten({ assignments, words }: RunCommand): string {
  const text = [...assignments.map(({ name, value }) => `${name}=${value}`), ...words]
    .join(" ")
    .replaceAll(/\s+/g, " ");
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Stages whose files are copied, directly or through others, into the target stage or the stages it begins from. */
function suppliers({ stages, target }: Evaluation): ReadonlySet<number> {
  const found = new Set<number>();
  const open = [target.index];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const stage = stages[index];
    if (found.has(index) || stage === undefined) continue;
    found.add(index);
    if (stage.base.kind === "stage") open.push(stage.base.index);
    for (const instruction of stage.instructions) {
      if (instruction.keyword === "COPY" && instruction.origin.kind === "stage") open.push(instruction.origin.index);
    }
  }
  return found;
}
