import { isAutomaticArg } from "../../dockerfile/automatic-args.ts";
import type { CheckFinding } from "../check.ts";
import type { Change } from "./change.ts";
import { declareArg, instructionAt, placeOfRange, type InstructionPlace } from "./dockerfile-place.ts";
import type { Fix, FixContext, Fixer } from "./fixer.ts";

/** The instruction that a finding stands at, or the refusal of a fix without one. */
function findInstruction(
  finding: CheckFinding,
  { model }: FixContext,
): InstructionPlace | { readonly refused: string } {
  const found = instructionAt(model, finding.path, finding.line ?? 0);
  return found ?? { refused: "The instruction of the finding is not in a Dockerfile that was read." };
}

/** `platform-arg-undeclared`, `global-arg-not-in-stage`: declares the arguments before their first use. */
export const declareArguments: Fixer = (finding, context) => {
  const names = new Set(
    finding.problems.flatMap(({ spots = [] }) => spots.flatMap(({ text }) => /[A-Za-z_]\w*/.exec(text) ?? [])),
  );
  const place = findInstruction(finding, context);
  if ("refused" in place) return place;
  if (names.size === 0) return { refused: "Which arguments are missing is not known." };
  const changes = [...names].flatMap((name) => declareArg(place, name));
  return { title: `Declare ${[...names].join(", ")} with ARG in the stage`, changes };
};

/** `platform-arg-shadowed`: takes the default away, so that the engine's own value counts. */
export const removeArgumentDefault: Fixer = (finding, context): Fix => {
  const place = findInstruction(finding, context);
  if ("refused" in place) return place;
  const { instruction, file } = place;
  if (instruction.keyword !== "ARG") return { refused: "Only the default of an ARG can be taken away." };
  const changes = instruction.args.flatMap(({ name, value }): Change[] => {
    if (value === undefined || !isAutomaticArg(name.text)) return [];
    const range = { start: name.range.start, end: value.range.end };
    return [{ place: placeOfRange(file.path, range), text: name.text }];
  });
  const names = instruction.args.map(({ name }) => name.text).join(", ");
  return { title: `Declare ${names} without a default`, changes };
};

/** `final-stage-build-platform` and `from-platform-constant`: takes `--platform` away, or lets a build stage follow the builder. */
export const freePlatform: Fixer = (finding, context): Fix => {
  const place = findInstruction(finding, context);
  if ("refused" in place) return place;
  const { instruction, file, stage } = place;
  if (instruction.keyword !== "FROM" || instruction.platform === undefined) {
    return {
      refused: "The platform is not fixed in a FROM of this file.",
      instead: "Take the fixed platform out of the place that sets it.",
    };
  }
  const flag = instruction.flags.find(({ name }) => name === "platform")?.word.range;
  if (flag === undefined || flag.start.line !== flag.end.line) {
    return { refused: "The flag --platform stands on several lines; change it by hand." };
  }
  const blanks = /^[\t ]*/.exec(file.dockerfile.source.text.slice(flag.end.offset))?.[0].length ?? 0;
  const whole = placeOfRange(file.path, { start: flag.start, end: { ...flag.end, column: flag.end.column + blanks } });
  const isLast = stage?.index === file.dockerfile.stages.length - 1 || finding.rule === "final-stage-build-platform";
  if (isLast)
    return { title: "Build the stage for the platform that is asked for", changes: [{ place: whole, text: "" }] };
  return {
    title: "Let the stage run on the builder's own platform",
    changes: [{ place: whole, text: "--platform=$BUILDPLATFORM " }],
  };
};
