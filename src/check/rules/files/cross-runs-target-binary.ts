import { posix } from "node:path";
import { formatPlatform, samePlatform, type Platform } from "../../../platform/platform.ts";
import type { CopyModel, Execution, StageModel } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf } from "../../value.ts";
import { foreignToAll, isForOther, isKnownText, reachedStages } from "./reached-copies.ts";

/** A RUN that executes a program which was made for another platform than the stage's. */
export const crossRunsTargetBinary: Rule = {
  id: "cross-runs-target-binary",
  severity: "warning",
  page: {
    title: "A stage executes a program of another platform",
    what: "A `RUN` executes a program that was compiled for another platform than the one its stage runs on: one that the same stage cross-compiled (`GOARCH=$TARGETARCH go build -o app && ./app version`), or one that was copied from a stage of the other platform.",
    why: "A cross-compiled program does not run on the machine that compiled it. It works by luck where the builder has an emulator (binfmt) or is of the same architecture, and fails for every other platform.",
    symptom:
      "`/bin/sh: 1: ./app: Exec format error`, `exec /usr/local/bin/app: exec format error`, or exit code 126 or 255 without a word.",
    fix: "Execute it in the final stage, which runs on the wanted platform, or compile a second copy for the builder:\n\n```diff\n-RUN GOARCH=$TARGETARCH go build -o /out/app . && /out/app completion bash > /out/app.bash\n+RUN GOARCH=$TARGETARCH go build -o /out/app . \\\n+ && GOARCH= go run . completion bash > /out/app.bash\n```",
    ignore: "All builders have an emulator for the other platforms, and it is fast enough.",
  },
  *find(model) {
    for (const { path, variants } of model.dockerfiles) {
      for (const variant of variants) {
        if (isForOther(path, variant.platform)) continue;
        for (const stage of reachedStages(variant)) yield* problemsOf(stage);
      }
    }
  },
};

/** A program that a stage holds and that its machine cannot run. */
interface ForeignProgram {
  /** Absolute, or as it is written. */
  readonly path: string;
  readonly platform: Platform;
  readonly place: Place;
  readonly how: string;
}

/** Folders in which a shell looks for programs. */
const searched = /^\/(?:usr\/)?(?:local\/)?s?bin$/;

function* problemsOf(stage: StageModel): Generator<Problem, void, void> {
  const programs = copiedPrograms(stage);
  for (const run of stage.runs) {
    for (const command of run.trace.commands) {
      const program = programs.find((each) => starts(command, each));
      if (program !== undefined) yield problem(command, program, run, stage);
      const made = compiledHere(command, run);
      if (made !== undefined) programs.push(made);
    }
  }
}

function copiedPrograms(stage: StageModel): ForeignProgram[] {
  return stage.copies.flatMap((copy) =>
    copy.sources.flatMap((source) => {
      const platform = platformOfFiles(copy, stage) ?? namedPlatform(source, copy, stage);
      const text = textOf(source);
      if (platform === undefined || samePlatform(platform, stage.stage.platform) || !isKnownText(text)) return [];
      return [{ path: targetPath(textOf(copy.destination), text, copy), platform, place: copy.place, how: "copied" }];
    }),
  );
}

/** The platform of the files that come from another stage: what a stage of the target platform holds is for it. */
function platformOfFiles({ from }: CopyModel, stage: StageModel): Platform | undefined {
  if (from.kind !== "stage") return undefined;
  const source = stage.variant.stages.find(({ stage: { index } }) => index === from.index);
  if (source === undefined || source.role !== "target" || stage.role !== "build") return undefined;
  return source.stage.platform;
}

/** In a stage on the build platform: a file that is named after the target's architecture. */
function namedPlatform(
  source: CopyModel["sources"][number],
  { from }: CopyModel,
  stage: StageModel,
): Platform | undefined {
  const { platform } = stage.variant;
  if (stage.role !== "build" || from.kind !== "context") return undefined;
  const isForTarget = foreignToAll(source, [stage.stage.platform]).some(
    ({ name }) => name.architecture === platform.architecture,
  );
  return isForTarget ? platform : undefined;
}

function targetPath(destination: string, source: string, { sources }: CopyModel): string {
  const isFolder = destination.endsWith("/") || sources.length > 1 || searched.test(destination);
  return isFolder ? posix.join(destination, posix.basename(source)) : destination;
}

/** What a command compiles for the target in a stage on another platform. */
function compiledHere(command: ReachedCommand, { target, machine }: Execution): ForeignProgram | undefined {
  if (
    samePlatform(target, machine) ||
    command.program !== "go" ||
    textOf(command.words[1] ?? { pieces: [] }) !== "build"
  ) {
    return undefined;
  }
  const own = command.assignments.find(({ name }) => name === "GOARCH")?.value ?? exported(command);
  if (own === undefined || textOf(own) !== target.architecture) return undefined;
  const words = command.words.map(textOf);
  const option = words.indexOf("-o");
  const path = option < 0 ? undefined : words[option + 1];
  if (path === undefined || !isKnownText(path) || path.endsWith("/")) return undefined;
  return { path, platform: target, place: command.place, how: "compiled" };
}

function exported(command: ReachedCommand) {
  const variable = command.variable("GOARCH");
  return variable?.exported === true ? variable.value : undefined;
}

function starts({ words, program }: ReachedCommand, { path }: ForeignProgram): boolean {
  const [name] = words;
  if (name === undefined) return false;
  const written = textOf(name);
  if (!written.includes("/")) return program === posix.basename(path) && searched.test(posix.dirname(path));
  const plain = (text: string) => posix.normalize(text).replace(/^\.\//, "");
  // Relative paths are of the folder that the command is in, which both share when both are relative.
  return plain(written) === plain(path) || (written.startsWith("./") && path.endsWith(`/${plain(written)}`));
}

function problem(command: ReachedCommand, program: ForeignProgram, run: Execution, stage: StageModel): Problem {
  const machine = stage.stage.platform;
  return {
    rule: "cross-runs-target-binary",
    message: `${program.path} was ${program.how} for ${formatPlatform(program.platform)}, and is executed in a stage on ${formatPlatform(machine)}: without an emulator it fails with "exec format error".`,
    platforms: [run.target],
    place: command.place,
    related: [{ place: program.place, message: `The program is ${program.how} here.` }],
    advice: "Execute it in a stage of the wanted platform, or compile a second copy for the builder.",
  };
}
