import { formatPlatform, samePlatform } from "../../../platform/platform.ts";
import { placeOf } from "../../docker/word-place.ts";
import type { Severity } from "../../../finding/finding.ts";
import { chainOf } from "../../../dockerfile/file-origin.ts";
import { usedBy } from "../../docker/counted-stages.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { builtStages, nameOf, type BuiltStage } from "./stages.ts";

const id = "final-stage-build-platform";

/** The stage that becomes the image is on the builder's platform. */
export const finalStageBuildPlatform: Rule = {
  id,
  severity: "error",
  page: {
    title: "The image itself is built for the builder's platform",
    what: "The stage that becomes the image, or one that it begins from, has `--platform=$BUILDPLATFORM`.",
    why: "`BUILDPLATFORM` is the platform of the machine that builds. All platforms of the index then get that machine's image. It is meant for stages that compile for another platform, and for nothing that is shipped.",
    symptom:
      "The build is quick and without a message. On every other platform the container ends with `exec format error`.",
    fix: [
      "Leave the flag out in the last stage:",
      "",
      "```diff",
      " FROM --platform=$BUILDPLATFORM golang:1.26 AS build",
      " …",
      "-FROM --platform=$BUILDPLATFORM alpine:3.22",
      "+FROM alpine:3.22",
      "```",
    ].join("\n"),
    ignore:
      "When the image is a tool for the builder (checks, generators) and is never published for several platforms.",
  },
  *find(model: Model): Iterable<Problem> {
    for (const stage of builtStages(model)) yield* builderImage(stage);
  },
};

function* builderImage(built: BuiltStage): Iterable<Problem> {
  const { file, variant, model } = built;
  const { stage, role, isFinal } = model;
  const flag = stage.text.from.platform;
  if (role !== "build" || !isFinal || flag === undefined || stage.base.kind === "stage") return;
  if (samePlatform(variant.platform, variant.buildPlatform)) return;
  // A stage that others take files from is sometimes built alone, to look at what it gives.
  const { stages, target } = variant.evaluation;
  const givesFiles = stages.some((each) => each.base.kind !== "stage" && usedBy(each).includes(target.index));
  if (givesFiles && variant.call?.publishes !== true) return;
  yield {
    rule: id,
    severity: severityOf(built),
    message: `The image for ${formatPlatform(variant.platform)} is one of the builder's platform: ${nameOf(model)} is built on $BUILDPLATFORM and becomes the image.`,
    platforms: [variant.platform],
    place: model.from,
    spots: [{ place: placeOf(file.path, flag.range), text: flag.text }],
    advice: "Leave out --platform",
  };
}

/** An image that starts something, or is published, is meant for others; without a sign of it the file may be a tool of the builder. */
function severityOf({ variant, model }: BuiltStage): Severity {
  const { evaluation, call } = variant;
  const ends = evaluation.stages.filter((stage) => chainOf(evaluation.stages, stage).includes(model.stage));
  if (!ends.includes(evaluation.target)) return "note";
  if (call?.publishes === true) return "error";
  const starts = chainOf(evaluation.stages, evaluation.target).some(({ instructions }) =>
    instructions.some(({ keyword }) => keyword === "CMD" || keyword === "ENTRYPOINT" || keyword === "EXPOSE"),
  );
  return starts && call?.forTests !== true ? "error" : "note";
}
