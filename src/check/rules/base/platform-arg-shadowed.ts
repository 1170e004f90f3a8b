import { automaticArgs, isAutomaticArg } from "../../../dockerfile/automatic-args.ts";
import type { ArgInstruction } from "../../../dockerfile/instruction.ts";
import type { Evaluation } from "../../../dockerfile/evaluation.ts";
import { variablesIn } from "../../../dockerfile/target-use.ts";
import type { Severity } from "../../../finding/finding.ts";
import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import { placeOf } from "../../docker/word-place.ts";
import type { DockerfileModel, DockerfileVariant, Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { dependsOnPlatform, isKnown, textOf } from "../../value.ts";
import { builtStages, isGivenByCallers, type BuiltStage } from "./stages.ts";

const id = "platform-arg-shadowed";

/** `ARG TARGETARCH=amd64`: a default that hides the value which the engine would give. */
export const platformArgShadowed: Rule = {
  id,
  severity: "error",
  page: {
    title: "A default hides the platform that the engine would give",
    what: "`ARG TARGETARCH=amd64`, `ARG BUILDPLATFORM=linux/amd64` and the like: an automatic argument with a default, that no build in the repository sets by itself.",
    why: "In a stage the default wins over the automatic value. Before the first FROM it takes the automatic value's place, in every FROM and for every stage that says `ARG TARGETARCH` later. So the default is the value on every platform. Engines do not even agree: Buildah 1.28 gives a stage its platform's own name where BuildKit gives the default, so the same file makes another image elsewhere.",
    symptom:
      "Nothing fails in the build. The image for linux/arm64 holds programs for amd64 and ends with `exec format error` when it starts. With `BUILDPLATFORM` the stage is emulated on every builder that is not of that platform.",
    fix: [
      "Declare it without a default. If the file must also work with the old builder, put the default where it is used:",
      "",
      "```diff",
      "-ARG TARGETARCH=amd64",
      "-RUN curl -LO https://example.com/tool-${TARGETARCH}",
      "+ARG TARGETARCH",
      "+RUN curl -LO https://example.com/tool-${TARGETARCH:-amd64}",
      "```",
    ].join("\n"),
    ignore: "When everybody who builds the file gives the argument, from outside of this repository.",
  },
  *find(model: Model): Iterable<Problem> {
    for (const file of model.dockerfiles) {
      for (const [instruction, stage] of argsWithStage(file)) {
        for (const { name, value } of instruction.args) {
          if (value === undefined || !isAutomaticArg(name.text) || isGivenByCallers(model, file, name.text)) continue;
          yield* shadowsOf(file, instruction, stage, name.text);
        }
      }
    }
    for (const built of builtStages(model)) yield* fixedEnv(built);
  },
};

/** ARG instructions with the index of their stage; those before the first FROM have none. */
function argsWithStage({ dockerfile }: DockerfileModel): (readonly [ArgInstruction, number | undefined])[] {
  const inStages = dockerfile.stages.flatMap(({ index, instructions }) =>
    instructions.flatMap((each) => (each.keyword === "ARG" ? [[each, index] as const] : [])),
  );
  return [...dockerfile.globalArgs.map((each) => [each, undefined] as const), ...inStages];
}

function* shadowsOf(
  file: DockerfileModel,
  instruction: ArgInstruction,
  stage: number | undefined,
  name: string,
): Iterable<Problem> {
  const arg = instruction.args.find((each) => each.name.text === name);
  if (arg?.value === undefined) return;
  const place = placeOf(file.path, { start: arg.name.range.start, end: arg.value.range.end });
  const wrong = file.variants.flatMap((variant) => {
    const given = valueIn(variant, stage, instruction, name);
    const automatic = automaticArgs(variant.buildPlatform, variant.platform, "", {}).get(name);
    return given === undefined || given === automatic ? [] : [{ variant, given, automatic }];
  });
  const [first] = wrong;
  if (first === undefined) {
    // On Linux alone `ARG TARGETOS=linux` is right, and still hides the value.
    if (!name.endsWith("OS") || file.variants.length === 0) return;
    yield {
      rule: id,
      severity: "note",
      message: `ARG ${name} has a default, which hides the operating system that the engine would give. It is the same for the requested platforms.`,
      platforms: file.variants.map(({ platform }) => platform),
      place,
      advice: `ARG ${name}`,
    };
    return;
  }
  yield {
    rule: id,
    severity: severityOf(name),
    message: messageOf(name, first.given, first.variant.platform),
    platforms: wrong.map(({ variant }) => variant.platform),
    place,
    spots: [{ place: placeOf(file.path, arg.value.range), text: arg.value.text }],
    advice: `ARG ${name}`,
  };
}

/** `ENV TARGETARCH=amd64`: an ENV goes before every ARG of its name. */
function* fixedEnv({ variant, model }: BuiltStage): Iterable<Problem> {
  for (const { keyword, name, value, place } of model.variables) {
    if (keyword !== "ENV" || !isAutomaticArg(name) || !isKnown(value) || dependsOnPlatform(value)) continue;
    const text = textOf(value);
    if (text === automaticArgs(variant.buildPlatform, variant.platform, "", {}).get(name)) continue;
    yield {
      rule: id,
      severity: severityOf(name),
      message: `ENV ${name} is ${text === "" ? "empty" : text} also for ${formatPlatform(variant.platform)}, and goes before the value that the engine would give.`,
      platforms: [variant.platform],
      place,
      spots: [{ place, text }],
      advice: `ARG ${name}`,
    };
  }
}

function severityOf(name: string): Severity {
  if (name.endsWith("OS")) return "note";
  // A builder that is not what the default says emulates; what comes out is the same.
  return name.startsWith("BUILD") ? "warning" : "error";
}

function messageOf(name: string, value: string, platform: Platform): string {
  if (name.startsWith("BUILD")) {
    return `ARG ${name} is always ${value}, because its default hides the builder's own platform: builders of other platforms run it under emulation.`;
  }
  return `ARG ${name} is ${value === "" ? "empty" : value} also for ${formatPlatform(platform)}, because its default hides the value that the engine would give.`;
}

/** The value that an ARG comes to by its default; undefined when it is not evaluated there, or does not matter. */
function valueIn(
  { evaluation, stages }: DockerfileVariant,
  stage: number | undefined,
  instruction: ArgInstruction,
  name: string,
): string | undefined {
  if (stage === undefined) return isUsed(evaluation, name) ? evaluation.globals.get(name) : undefined;
  const model = stages.find((each) => each.stage.index === stage);
  for (const evaluated of model?.stage.instructions ?? []) {
    if (evaluated.keyword !== "ARG" || evaluated.instruction !== instruction) continue;
    const arg = evaluated.args.find((each) => each.name === name);
    return arg?.origin === "default" ? arg.value : undefined;
  }
  return undefined;
}

/** True when a value from before the first FROM matters: a FROM or another value has it, or a stage declares it. */
function isUsed({ stages }: Evaluation, name: string): boolean {
  return stages.some(({ text: { from, instructions } }) => {
    const inFrom = [from.base, from.platform].some((word) => variablesIn(word?.text ?? "").includes(name));
    const declares = instructions.some(
      (each) => each.keyword === "ARG" && each.args.some((arg) => arg.name.text === name),
    );
    return inFrom || declares;
  });
}
