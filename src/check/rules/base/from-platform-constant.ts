import { formatPlatform, samePlatform } from "../../../platform/platform.ts";
import { placeOf } from "../../docker/word-place.ts";
import type { Execution, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { isKnown, textOf, type Value } from "../../value.ts";
import { builtStages, nameOf, type BuiltStage } from "./stages.ts";

const id = "from-platform-constant";

/** A fixed `--platform` in FROM, or for all of Docker by `DOCKER_DEFAULT_PLATFORM`. */
export const fromPlatformConstant: Rule = {
  id,
  severity: "error",
  page: {
    title: "A stage has a fixed platform",
    what: "`FROM --platform=linux/amd64 …` on the stage that becomes the image, or on one that it begins from. On other stages it is a note. `DOCKER_DEFAULT_PLATFORM` that is set to one platform does the same for every build and pull.",
    why: "The engine takes this platform whatever is asked for. The index then has an entry for linux/arm64 that points to an amd64 image.",
    symptom:
      "The build says `FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value` at most. On an arm64 machine the container ends with `exec format error`, or runs slowly under emulation with `WARNING: The requested image's platform (linux/amd64) does not match the detected host platform (linux/arm64/v8)`.",
    fix: [
      "Leave the flag out in the stage that becomes the image. A stage that only compiles or fetches may run on the builder:",
      "",
      "```diff",
      "-FROM --platform=linux/amd64 golang:1.26",
      "+FROM golang:1.26",
      "```",
      "",
      "Where something in the stage exists for one platform only, guard that step by `TARGETARCH` instead of fixing the whole image.",
    ].join("\n"),
    ignore:
      "When the image is for one platform by design, or when a stage only gives files that are the same everywhere (web pages, scripts).",
  },
  *find(model: Model): Iterable<Problem> {
    for (const stage of builtStages(model)) yield* fixedStage(stage);
    for (const execution of model.executions) if (execution.kind !== "run") yield* fixedDefault(execution);
  },
};

function* fixedStage({ file, variant, model }: BuiltStage): Iterable<Problem> {
  const { stage, role, isFinal } = model;
  const flag = stage.text.from.platform;
  // A stage that begins from another has that one's platform, whatever its flag says.
  if (flag === undefined || role !== "constant" || stage.base.kind === "stage") return;
  if (samePlatform(stage.platform, variant.platform)) return;
  const [wanted, fixed] = [formatPlatform(variant.platform), formatPlatform(stage.platform)];
  yield {
    rule: id,
    severity: isFinal ? (stage.reachable && !flag.text.includes("$") ? "error" : "warning") : "note",
    message: isFinal
      ? `The image for ${wanted} is built from ${fixed}: the platform in this FROM is fixed.`
      : `The ${nameOf(model)} always runs on ${fixed}, under emulation on every other builder. What it compiles is for ${fixed} unless it is told otherwise.`,
    platforms: [variant.platform],
    place: model.from,
    spots: [{ place: placeOf(file.path, flag.range), text: flag.text }],
    advice: isFinal ? "Leave out --platform" : "--platform=$BUILDPLATFORM, when the stage can run anywhere",
  };
}

/** `export DOCKER_DEFAULT_PLATFORM=linux/amd64` in a recipe, a script or a step. */
function* fixedDefault({ trace, target }: Execution): Iterable<Problem> {
  const name = "DOCKER_DEFAULT_PLATFORM";
  for (const { assignments, words, place, program } of trace.commands) {
    const exported = program === "export" || program === "env" ? words.flatMap((word) => exportOf(word, name)) : [];
    const own = assignments.flatMap((each) => (each.name === name ? [{ value: each.value, place: each.place }] : []));
    for (const each of [...own, ...exported.map((value) => ({ value, place }))]) {
      const problem = defaultProblem(each.value, each.place, target);
      if (problem !== undefined) yield problem;
    }
  }
}

function exportOf(word: Value, name: string): string[] {
  const text = textOf(word);
  return isKnown(word) && text.startsWith(`${name}=`) ? [text.slice(name.length + 1)] : [];
}

function defaultProblem(value: Value | string, place: Place, target: Execution["target"]): Problem | undefined {
  if (
    typeof value !== "string" &&
    (!isKnown(value) || value.pieces.some((piece) => piece.dependsOnPlatform === true))
  ) {
    return undefined;
  }
  const text = typeof value === "string" ? value : textOf(value);
  const [os, architecture, ...more] = text.split("/");
  if (os !== "linux" || architecture === undefined || more.length > 1 || architecture === target.architecture) {
    return undefined;
  }
  return {
    rule: id,
    severity: "warning",
    message: `DOCKER_DEFAULT_PLATFORM makes every build and pull behind it one for ${text}, on every machine.`,
    platforms: [target],
    place,
    spots: [{ place, text }],
    advice: "Leave it out, and give --platform where one is meant",
  };
}
