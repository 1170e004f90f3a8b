import { evaluateDockerfile } from "../../dockerfile/evaluate.ts";
import type { Evaluation } from "../../dockerfile/evaluation.ts";
import { parseDockerfile, type Dockerfile } from "../../dockerfile/parse.ts";
import { ArchwayError } from "../../error/error.ts";
import type { BuildCall } from "../callers/build-call.ts";
import type { DockerfileModel, DockerfileVariant, StageModel } from "../model.ts";
import type { Reading } from "../reading.ts";
import { openContext } from "../repository/build-context.ts";
import { unknownMark, type Value } from "../value.ts";
import { contextsOf } from "./contexts.ts";
import { countedStages, reachedStages } from "./counted-stages.ts";
import { dockerfilePaths, isPlainName } from "./dockerfile-names.ts";
import { BuildFiles } from "./image-files.ts";
import { evaluatedArgs, planVariants, type VariantPlan } from "./plan-variants.ts";
import { stageModels, type RunCache } from "./stage-models.ts";
import { WordValues } from "./word-value.ts";

/**
 * The Dockerfiles of the repository, evaluated for every target and build platform and every way to call them. What cannot be read is taken down and
 * does not stop the others.
 */
export function readDockerfiles(calls: readonly BuildCall[], reading: Reading): readonly DockerfileModel[] {
  const byFile = Map.groupBy(calls, ({ dockerfile }) => dockerfile);
  const called = calls.flatMap(({ dockerfile }) => dockerfile ?? []);
  // Families of images have the same scripts in many files.
  const parsed: RunCache["parsed"] = new Map();
  return dockerfilePaths(reading.repository, called).flatMap((path) => {
    reading.signal.throwIfAborted();
    const own = byFile.get(path) ?? [];
    const dockerfile = readDockerfile(path, own.length > 0, reading);
    return dockerfile === undefined ? [] : [modelOf(path, dockerfile, own, reading, parsed)];
  });
}

/** Parses a file. One that is no Dockerfile is only worth a word when its name or a build says that it is one. */
function readDockerfile(path: string, isCalled: boolean, reading: Reading): Dockerfile | undefined {
  const text = reading.repository.text(path);
  const matters = isCalled || isPlainName(path);
  if (text === undefined) {
    if (matters) reading.unreadable({ place: { path }, message: "It is no text, or too large for a Dockerfile." });
    return undefined;
  }
  try {
    const dockerfile = parseDockerfile(text, path);
    return dockerfile.stages.length === 0 ? undefined : dockerfile;
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    if (matters) reading.unreadable(entryOf(path, error));
    return undefined;
  }
}

function entryOf(path: string, { message, place }: ArchwayError): Parameters<Reading["unreadable"]>[0] {
  const { line, column = 1 } = place ?? {};
  const where = line === undefined ? {} : { line, column, endLine: line, endColumn: column };
  return { place: { path, ...where }, message };
}

/** A plan that could be evaluated. */
interface Evaluated {
  readonly plan: VariantPlan;
  readonly evaluation: Evaluation;
}

function modelOf(
  path: string,
  dockerfile: Dockerfile,
  calls: readonly BuildCall[],
  reading: Reading,
  parsed: RunCache["parsed"],
): DockerfileModel {
  const { repository, platforms } = reading;
  const messages = new Set<string>();
  const report = (entry: Parameters<Reading["unreadable"]>[0]): void => {
    if (!messages.has(entry.message)) reading.unreadable(entry);
    messages.add(entry.message);
  };
  const evaluated = planVariants(path, dockerfile, calls, platforms).flatMap((plan): Evaluated[] => {
    const evaluation = evaluate(path, dockerfile, plan, report);
    return evaluation === undefined ? [] : [{ plan, evaluation }];
  });
  const variants: DockerfileVariant[] = [];
  const contexts = contextsOf(path, dockerfile, calls, repository);
  const model: DockerfileModel = { path, dockerfile, contexts, calls, variants };
  const reached = reachedStages(evaluated.map(({ evaluation }) => evaluation));
  const cache: RunCache = { traces: new Map(), parsed };
  for (const { plan, evaluation } of evaluated) {
    const stages: StageModel[] = [];
    const { platform, buildPlatform, call } = plan;
    const variant = {
      file: model,
      platform,
      buildPlatform,
      ...(call === undefined ? {} : { call }),
      evaluation,
      stages,
    };
    const folders = call?.context === undefined ? contexts : [call.context];
    const files = new BuildFiles(
      repository,
      folders.map((folder) => openContext(repository, path, folder)),
    );
    const values = new WordValues(path, dockerfile, (name) => argOf(plan, name));
    for (const { args } of dockerfile.globalArgs)
      for (const { name } of args) values.variable(name.text, evaluation.globals);
    stages.push(...stageModels(variant, new Set(countedStages(evaluation, reached)), values, files, cache));
    variants.push(variant);
  }
  return model;
}

function argOf({ buildArgs }: VariantPlan, name: string): Value | undefined {
  return buildArgs.get(name);
}

function evaluate(
  path: string,
  dockerfile: Dockerfile,
  { platform, buildPlatform, call, buildArgs }: VariantPlan,
  report: Reading["unreadable"],
): Evaluation | undefined {
  try {
    const evaluation = evaluateDockerfile(dockerfile, {
      targetPlatform: platform,
      buildPlatform,
      buildArgs: evaluatedArgs(buildArgs),
      unknownMark,
      ...(call?.target === undefined ? {} : { target: call.target }),
    });
    for (const { reachable, problem } of evaluation.stages) {
      if (reachable && problem !== undefined) report({ place: { path }, message: problem });
    }
    return evaluation;
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    report(entryOf(path, error));
    return undefined;
  }
}
