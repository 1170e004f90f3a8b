import { automaticArgs, isPredefinedArg } from "./automatic-args.ts";
import { detectSyntax } from "./directives.ts";
import { givenVariables, VariableHistory, type TracedEnvironment } from "./environment.ts";
import { firstState, inheritedState, type BuildScope, type StageState } from "./evaluate-instruction.ts";
import type {
  BaseImageConfig,
  EvaluatedInstruction,
  EvaluateOptions,
  Evaluation,
  Stage,
  UnknownVariable,
} from "./evaluation.ts";
import { imageOf, imagesOf } from "./image-uses.ts";
import type { Instruction } from "./instruction.ts";
import type { Dockerfile } from "./parse.ts";
import { programOf, runProgram } from "./program.ts";
import { originResolver, reachableStages, refuseCycles } from "./stage-dependencies.ts";
import { evaluateStages, expandOrThrow, findTarget, type StageNode } from "./stage-graph.ts";

/**
 * Evaluates a Dockerfile for one platform as BuildKit would build it: scopes of ARG and ENV, automatic arguments, the graph of stages,
 * named contexts. Stages that the target does not need are evaluated as far as they go.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` (kind `input`) with the place: unknown target, circular stages, blank or wrong base name, bad
 * platform, a word that cannot be expanded in a stage that the target needs.
 */
export function evaluateDockerfile(dockerfile: Dockerfile, options: EvaluateOptions): Evaluation {
  const buildArgs = options.buildArgs ?? {};
  const unknown: UnknownVariable[] = [];
  const globals = evaluateGlobals(dockerfile, options, unknown);
  const nodes = evaluateStages(dockerfile, globals.environment, options);
  const target = findTarget(dockerfile, options.target);
  const resolve = originResolver(dockerfile, nodes, options);
  refuseCycles(dockerfile, nodes, resolve);
  const configs = nodes.map((node) => configOf(node, options));
  const programs = nodes.map((node, index) => programOf(dockerfile, node, nodes, configs[index]));
  const instructions = programs.map((steps) => steps.flatMap((step) => ("problem" in step ? [] : [step.instruction])));
  const reachable = reachableStages(dockerfile, nodes, instructions, target.index, resolve);

  const scope: BuildScope = {
    dockerfile,
    globals: globals.environment,
    globalArgs: globals.declared,
    buildArgs,
    resolve,
  };
  const isStrict = options.unknownMark === undefined;
  const states: StageState[] = [];
  const stages: Stage[] = [];
  for (const [index, node] of nodes.entries()) {
    const parent = node.base.kind === "stage" ? node.base.index : undefined;
    const parentState = parent === undefined ? undefined : states[parent];
    const state = parentState === undefined ? firstState(configs[index]) : inheritedState(parentState);
    const parentKnown = parent === undefined ? undefined : stages[parent]?.environmentKnown;
    const environmentKnown = parentKnown ?? (node.base.kind === "scratch" || configs[index] !== undefined);
    const run = runProgram(scope, state, programs[index] ?? [], isStrict && reachable.has(index));
    states.push(state);
    stages.push({
      ...stageOf(node, reachable.has(index)),
      ...run,
      declaredArgs: [...state.declaredArgs],
      environment: state.history.now(),
      environmentKnown,
      workdir: state.workdir,
    });
    unknown.push(...unknownIn(node, run.instructions, environmentKnown, globals));
  }

  const chosen = stages[target.index];
  if (chosen === undefined) throw new RangeError(`stage ${target.index} was not evaluated`);
  const syntax = syntaxOf(dockerfile, buildArgs);
  return {
    targetPlatform: options.targetPlatform,
    buildPlatform: options.buildPlatform,
    globals: globals.environment,
    stages,
    target: chosen,
    images: imagesOf(stages, options.targetPlatform),
    ...(syntax === undefined ? {} : { syntax }),
    unusedArgs: unusedArgs(buildArgs, nodes, stages, globals.declared),
    unknownVariables: unknown,
  };
}

interface Globals {
  readonly environment: TracedEnvironment;
  /** Names that ARG declares before the first FROM. */
  readonly declared: ReadonlySet<string>;
}

/** ARGs before the first FROM: a build argument wins, else the default; without both an automatic value stays (`buildMetaArgs`). */
function evaluateGlobals(dockerfile: Dockerfile, options: EvaluateOptions, unknown: UnknownVariable[]): Globals {
  const { buildArgs = {}, buildPlatform, targetPlatform } = options;
  // A target that is not named is known by the last stage's name (dockerfile2llb, `defaultArgs`).
  const targetStage = (options.target ?? "") || (dockerfile.stages.at(-1)?.name ?? "default");
  const automatic = automaticArgs(buildPlatform, targetPlatform, targetStage, buildArgs);
  const history = new VariableHistory(
    givenVariables(automatic, (name) => ({ kind: Object.hasOwn(buildArgs, name) ? "build-arg" : "automatic", name })),
  );
  const declared = new Set<string>();
  for (const instruction of dockerfile.globalArgs) {
    for (const { name, value } of instruction.args) {
      const given = Object.hasOwn(buildArgs, name.text) ? buildArgs[name.text] : undefined;
      if (given !== undefined) history.set(name.text, given, { kind: "build-arg", name: name.text });
      else if (value !== undefined) {
        const environment = history.now();
        const { text, unset } = expandOrThrow(dockerfile, value, environment);
        history.set(name.text, text, { kind: "written", word: value, environment });
        const line = value.range.start.line;
        unknown.push(
          ...unset.flatMap((missing) => (declared.has(missing) ? [] : [{ name: missing, line, certain: true }])),
        );
      }
      declared.add(name.text);
    }
  }
  return { environment: history.now(), declared };
}

function configOf(node: StageNode, { baseImage }: EvaluateOptions): BaseImageConfig | undefined {
  const image = imageOf(node.base);
  return image === undefined ? undefined : baseImage?.(image.reference, node.platform);
}

function stageOf(
  { text, base, platform, platformFlag, replaced }: StageNode,
  reachable: boolean,
): Pick<Stage, "text" | "index" | "label" | "base" | "platform" | "platformFlag" | "reachable" | "replaced"> {
  return {
    text,
    index: text.index,
    label: text.name ?? `stage-${text.index}`,
    base,
    platform,
    ...(platformFlag === undefined ? {} : { platformFlag }),
    reachable,
    replaced,
  };
}

function unknownIn(
  node: StageNode,
  instructions: readonly EvaluatedInstruction[],
  environmentKnown: boolean,
  globals: Globals,
): UnknownVariable[] {
  const unknown: UnknownVariable[] = node.unset
    .filter((name) => !globals.declared.has(name))
    .map((name) => ({ name, line: node.text.from.range.start.line, certain: true }));
  const stage = node.text.index;
  const declared = new Set<string>();
  for (const instruction of instructions) {
    // An ARG without any value is declared all the same.
    if (instruction.keyword === "ARG") for (const { name } of instruction.args) declared.add(name);
    for (const name of instruction.unset) {
      if (declared.has(name)) continue;
      unknown.push({ name, line: instruction.line, stage, certain: environmentKnown });
    }
  }
  return unknown;
}

function unusedArgs(
  buildArgs: Readonly<Record<string, string>>,
  nodes: readonly StageNode[],
  stages: readonly Stage[],
  globalArgs: ReadonlySet<string>,
): string[] {
  const used = new Set([
    ...globalArgs,
    ...nodes.flatMap((node) => node.used),
    ...nodes.flatMap((node) => node.text.instructions).flatMap(declaredBy),
    ...stages.flatMap((stage) => stage.declaredArgs),
  ]);
  return Object.keys(buildArgs).filter((name) => !used.has(name) && !isPredefinedArg(name));
}

function declaredBy(instruction: Instruction): string[] {
  return instruction.keyword === "ARG" ? instruction.args.map(({ name }) => name.text) : [];
}

function syntaxOf(dockerfile: Dockerfile, buildArgs: Readonly<Record<string, string>>): Evaluation["syntax"] {
  const forced = Object.hasOwn(buildArgs, "BUILDKIT_SYNTAX") ? buildArgs["BUILDKIT_SYNTAX"] : undefined;
  if (forced !== undefined && forced !== "") return { image: forced.split(" ", 1)[0] ?? forced };
  return detectSyntax(dockerfile.source);
}
