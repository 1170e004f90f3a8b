import type { ParsedScript } from "unbash";
import type { TracedEnvironment } from "../../dockerfile/environment.ts";
import type {
  EvaluatedCopy,
  EvaluatedInstruction,
  EvaluatedRun,
  Evaluation,
  Stage,
} from "../../dockerfile/evaluation.ts";
import { chainOf } from "../../dockerfile/file-origin.ts";
import { formatPlatform, type Platform } from "../../platform/platform.ts";
import type { CopyModel, DockerfileVariant, Execution, StageModel } from "../model.ts";
import { runShell } from "../shell/run-shell.ts";
import type { ShellTrace } from "../shell/trace.ts";
import { isKnown, textOf, unknownMark, unknownValue, type Value } from "../value.ts";
import { finalStages } from "./counted-stages.ts";
import type { BuildFiles, ImageFiles } from "./image-files.ts";
import { defaultShell, runText, type StageShell } from "./run-text.ts";
import { placeOf } from "./word-place.ts";
import type { WordValues } from "./word-value.ts";

/** What RUNs have led to, for all variants of a file: those with the same words and variables on the same machine are followed once. */
export interface RunCache {
  /** Undefined for a RUN that no shell of Unix reads. */
  readonly traces: Map<string, ShellTrace | undefined>;
  readonly parsed: Map<string, ParsedScript>;
}

type Variable = StageModel["variables"][number];

/** Makes the models of the stages that count, in the order of the file. */
export function stageModels(
  variant: DockerfileVariant,
  counted: ReadonlySet<Stage>,
  values: WordValues,
  files: BuildFiles,
  cache: RunCache,
): StageModel[] {
  const { evaluation } = variant;
  const final = finalStages(evaluation);
  const shells = new Map<number, StageShell>();
  return evaluation.stages.flatMap((stage) => {
    const parent = stage.base.kind === "stage" ? stage.base.index : undefined;
    const maker = new StageMaker(
      variant,
      stage,
      final.has(stage.index),
      values,
      files.begin(stage.index, parent),
      cache,
    );
    const shell = (parent === undefined ? undefined : shells.get(parent)) ?? defaultShell;
    const { model, shell: last } = maker.make(counted.has(stage), shell);
    shells.set(stage.index, last);
    return counted.has(stage) ? [model] : [];
  });
}

/** How a stage came to its platform: the `--platform` of the stage that its chain begins with decides. */
export function roleOf(evaluation: Evaluation, stage: Stage, values: WordValues): StageModel["role"] {
  const { platformFlag, text } = chainOf(evaluation.stages, stage).at(-1) ?? stage;
  const { platform } = text.from;
  if (platformFlag === undefined || platform === undefined) return "target";
  const value = values.word(platform, evaluation.globals);
  const through = new Set([...platformFlag.variables, ...value.pieces.flatMap((piece) => piece.through ?? [])]);
  if ([...through].some((name) => name.startsWith("BUILD"))) return "build";
  if ([...through].some((name) => name.startsWith("TARGET")) || !isKnown(value) || textOf(value) === "")
    return "target";
  return value.pieces.some((piece) => piece.dependsOnPlatform === true) ? "target" : "constant";
}

class StageMaker {
  private readonly variant: DockerfileVariant;
  private readonly stage: Stage;
  private readonly isFinal: boolean;
  private readonly values: WordValues;
  private readonly files: ImageFiles;
  private readonly cache: RunCache;
  private readonly path: string;

  constructor(
    variant: DockerfileVariant,
    stage: Stage,
    isFinal: boolean,
    values: WordValues,
    files: ImageFiles,
    cache: RunCache,
  ) {
    this.variant = variant;
    this.stage = stage;
    this.isFinal = isFinal;
    this.values = values;
    this.files = files;
    this.cache = cache;
    this.path = variant.file.path;
  }

  /** Goes through the instructions; the RUNs of a stage that does not count are not followed. */
  make(counts: boolean, inherited: StageShell): { readonly model: StageModel; readonly shell: StageShell } {
    const { stage, variant } = this;
    const { globals } = variant.evaluation;
    const { from } = stage.text;
    const copies: CopyModel[] = [];
    const variables: Variable[] = [];
    const runs: Execution[] = [];
    const model: StageModel = {
      variant,
      stage,
      role: roleOf(variant.evaluation, stage, this.values),
      isFinal: this.isFinal,
      ...(stage.base.kind === "image" ? { base: this.baseValue(globals) } : {}),
      from: placeOf(this.path, from.range),
      copies,
      variables,
      runs,
    };
    let shell = inherited;
    for (const instruction of stage.instructions) {
      if (instruction.keyword === "COPY" || instruction.keyword === "ADD") {
        this.files.add(instruction);
        copies.push(this.copyOf(instruction));
      } else if (instruction.keyword === "SHELL" && instruction.instruction.keyword === "SHELL") {
        shell = instruction.instruction.words.map(({ text }) => text);
      } else if (instruction.keyword === "RUN") {
        const run = counts ? this.runOf(instruction, shell, model) : undefined;
        if (run !== undefined) runs.push(run);
      } else variables.push(...this.variablesOf(instruction));
    }
    return { model, shell };
  }

  private baseValue(globals: TracedEnvironment): Value {
    const value = this.values.word(this.stage.text.from.base, globals);
    // A base that nobody names is asked of whoever builds.
    return textOf(value) === "" ? unknownValue({ place: placeOf(this.path, this.stage.text.from.base.range) }) : value;
  }

  private copyOf({ keyword, instruction, sources, origin, environment, destination }: EvaluatedCopy): CopyModel {
    const word = instruction.from;
    return {
      keyword,
      place: placeOf(this.path, instruction.range),
      sources: instruction.sources.slice(0, sources.length).map((source) => this.values.word(source, environment)),
      destination: this.values.word(instruction.destination, environment),
      path: destination,
      from:
        origin.kind === "build context"
          ? { kind: "context" }
          : origin.kind === "stage"
            ? { kind: "stage", index: origin.index }
            : {
                kind: "image",
                value:
                  word === undefined || origin.kind !== "image" || origin.reference === unknownMark
                    ? unknownValue()
                    : this.values.word(word, environment),
              },
    };
  }

  private variablesOf(evaluated: EvaluatedInstruction): Variable[] {
    const { values, path } = this;
    if (evaluated.keyword === "ENV") {
      return evaluated.instruction.pairs.map(({ name, value }) => ({
        keyword: "ENV",
        name: textOf(values.word(name, evaluated.environment)),
        value: values.word(value, evaluated.environment),
        place: placeOf(path, { start: name.range.start, end: value.range.end }),
        origin: "env",
      }));
    }
    if (evaluated.keyword !== "ARG") return [];
    const words = new Map(evaluated.instruction.args.map((arg) => [arg.name.text, arg]));
    return evaluated.args.flatMap(({ name, origin, value: text }) => {
      const arg = words.get(name);
      if (origin === "unset" || arg === undefined || text === undefined) return [];
      const value = this.argValue(evaluated, name);
      const end = (arg.value ?? arg.name).range.end;
      return [
        { keyword: "ARG" as const, name, value, place: placeOf(path, { start: arg.name.range.start, end }), origin },
      ];
    });
  }

  /** The value that an ARG has behind its instruction. */
  private argValue(evaluated: EvaluatedInstruction, name: string): Value {
    const { instructions, environment } = this.stage;
    const next = instructions[instructions.indexOf(evaluated) + 1];
    return this.values.variable(name, next?.environment ?? environment) ?? unknownValue();
  }

  private runOf(run: EvaluatedRun, shell: StageShell, stage: StageModel): Execution | undefined {
    const { platform: target } = this.variant;
    // An image with a fixed platform is meant for the platform that is asked for; what its commands do there counts.
    const isImage = stage.role === "target" || (stage.role === "constant" && this.isFinal);
    const machine = isImage ? target : this.stage.platform;
    const environment = this.environmentOf(run);
    const key = this.keyOf(run, machine, environment, shell);
    const { traces } = this.cache;
    if (!traces.has(key)) traces.set(key, this.follow(run, shell, machine, environment));
    const trace = traces.get(key);
    if (trace === undefined) return undefined;
    return {
      kind: "run",
      scope: isImage ? "image" : "build",
      target,
      machine,
      trace,
      place: placeOf(this.path, run.instruction.range),
      stage,
    };
  }

  private follow(
    run: EvaluatedRun,
    shell: StageShell,
    machine: Platform,
    environment: ReadonlyMap<string, Value>,
  ): ShellTrace | undefined {
    const text = runText(this.path, this.variant.file.dockerfile.source, run.instruction, shell);
    if (text === undefined) return undefined;
    const { script, options } = text;
    return runShell(script, {
      machine,
      environment,
      directory: run.workdir,
      options,
      findScript: (path, directory) => this.files.findScript(run, path, directory),
      parsed: this.cache.parsed,
    });
  }

  private environmentOf({ environment }: EvaluatedRun): ReadonlyMap<string, Value> {
    const found = new Map<string, Value>();
    for (const name of environment.names()) {
      // What the base image sets is not known; the PATH that stands for it says nothing.
      if (environment.definition(name)?.kind === "image") continue;
      const value = this.values.variable(name, environment);
      if (value !== undefined) found.set(name, value);
    }
    return found;
  }

  private keyOf(
    run: EvaluatedRun,
    machine: Platform,
    environment: ReadonlyMap<string, Value>,
    shell: StageShell,
  ): string {
    const { start } = run.instruction.range;
    const variables = [...environment].map(([name, { pieces }]) => {
      const parts = pieces.map(({ text, source, dependsOnPlatform, place }) => {
        return [text, source, dependsOnPlatform === true, place?.path, place?.line, place?.column].join("\u0001");
      });
      return `${name}=${parts.join("\u0002")}`;
    });
    const context = this.variant.call?.context ?? "";
    return [
      start.offset,
      formatPlatform(machine),
      context,
      this.files.signature,
      run.workdir,
      ...shell,
      ...variables,
    ].join("\0");
  }
}
