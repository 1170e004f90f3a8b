import { isAutomaticArg } from "../../../dockerfile/automatic-args.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform, samePlatform } from "../../../platform/platform.ts";
import { placeOf } from "../../docker/word-place.ts";
import type { DockerfileModel, Execution, Model } from "../../model.ts";
import { foreignIn, spotsOf } from "../../names/foreign.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import type { Value } from "../../value.ts";
import { builtStages, instructionAt, isGivenByCallers, isStageOfPair, type BuiltStage } from "./stages.ts";

const id = "arch-arg-default";

/** An ARG or ENV that names one architecture and that something is fetched or copied by. */
export const archArgDefault: Rule = {
  id,
  severity: "warning",
  page: {
    title: "A variable names one architecture, and nobody sets it",
    what: "An ARG with a default, or an ENV, that holds the name of an architecture (`ARG ARCH=amd64`, `ENV ARCHITECTURE=linux-x64`) and reaches a FROM, a COPY, a URL or another argument of a command, while no build in the repository gives another value.",
    why: "The default is the same on every platform. Whoever builds for another one has to know that there is an argument to give.",
    symptom:
      "The image for linux/arm64 downloads or copies the file for amd64. It fails late, with `exec format error`, or at a checksum or a library.",
    fix: [
      "Take the value from the platform. Where the spelling is another one, map it where it is used:",
      "",
      "```diff",
      "-ARG ARCH=x86_64",
      "-RUN curl -LO https://example.com/tool-${ARCH}.tar.gz",
      "+RUN curl -LO https://example.com/tool-$(uname -m).tar.gz",
      "```",
      "",
      "Or give the argument in every build: `--build-arg ARCH=$(ARCH)`.",
    ].join("\n"),
    ignore: "When everybody who builds the file gives the argument, from outside of this repository.",
  },
  *find(model: Model): Iterable<Problem> {
    for (const built of builtStages(model)) {
      if (built.model.role === "constant" && !built.model.isFinal) continue;
      for (const use of usesOf(built)) yield* problemsOf(model, built, use);
    }
  },
};

/** Something that takes a value: the words of an instruction or of a command. */
interface Use {
  readonly value: Value;
  readonly place: Place;
  readonly does: string;
}

/** Commands for which a name is only something to compare or to show. */
const talk = new Set(["", "[", "[[", "test", "echo", "printf", "export", "case", ":", "true", "set"]);

function* usesOf({ file, variant, model }: BuiltStage): Iterable<Use> {
  if (model.base !== undefined) yield { value: model.base, place: model.from, does: "The stage begins from it" };
  // What a stage on the builder fetches is for the builder: it is wrong where that is another one than the default says.
  if (model.role === "build" && !samePlatform(variant.platform, variant.buildPlatform)) return;
  for (const { sources, destination, place, from } of model.copies) {
    for (const value of [...sources, destination]) yield { value, place, does: "It is copied by this name" };
    if (from.kind === "image") yield { value: from.value, place, does: "Files come from it" };
  }
  for (const run of model.runs) yield* usesInRun(file, run);
}

function* usesInRun({ path }: DockerfileModel, { trace }: Execution): Iterable<Use> {
  for (const { words, program, place, assignments, outputs } of trace.commands) {
    if (talk.has(program)) continue;
    const values = [...words, ...assignments.map(({ value }) => value), ...outputs];
    for (const value of values) {
      if (value.pieces.some((piece) => piece.place?.path === path)) yield { value, place, does: `${program} uses it` };
    }
  }
}

function* problemsOf(model: Model, built: BuiltStage, { value, place, does }: Use): Iterable<Problem> {
  const { file, variant } = built;
  const { platform } = variant;
  const names = foreignIn(value, platform).filter(({ through, chosen, name }) => {
    return through.length > 0 && !chosen && !isStageOfPair(built, name.architecture);
  });
  for (const own of names) {
    const definition = own.place === undefined ? undefined : definitionOf(file, own.place);
    if (definition === undefined || isList(definition.text) || isGivenByCallers(model, file, definition.name)) continue;
    // A list of architectures, of which each has its turn.
    if (namesIn(definition.text).some(({ architecture }) => architecture === platform.architecture)) continue;
    const { name, keyword, text } = definition;
    yield {
      rule: id,
      message: `${keyword} ${name} is ${text} also for ${formatPlatform(platform)}${keyword === "ARG" ? ", and no build gives another value" : ""}.`,
      platforms: [platform],
      place: definition.place,
      spots: spotsOf([own]),
      related: [{ place, message: does }],
      advice: "Take the value from the platform (TARGETARCH, uname -m)",
    };
  }
}

interface Definition {
  readonly keyword: "ARG" | "ENV";
  readonly name: string;
  readonly text: string;
  readonly place: Place;
}

/** A list of architectures, or the name of a cross compiler for one on another: it says what there is, not what this image is. */
function isList(text: string): boolean {
  return new Set(namesIn(text).map(({ architecture }) => architecture)).size > 1;
}

/** The ARG or ENV that a name is written in. */
function definitionOf(file: DockerfileModel, place: Place): Definition | undefined {
  const instruction = instructionAt(file, place);
  if (instruction?.keyword !== "ARG" && instruction?.keyword !== "ENV") return undefined;
  const pairs = instruction.keyword === "ARG" ? instruction.args : instruction.pairs;
  for (const { name, value } of pairs) {
    if (value === undefined || isAutomaticArg(name.text)) continue;
    const whole = placeOf(file.path, { start: name.range.start, end: value.range.end });
    const isIn =
      (whole.line < place.line || (whole.line === place.line && whole.column <= place.column)) &&
      (place.endLine < whole.endLine || (place.endLine === whole.endLine && place.endColumn <= whole.endColumn));
    if (isIn) return { keyword: instruction.keyword, name: name.text, text: value.text, place: whole };
  }
  return undefined;
}
