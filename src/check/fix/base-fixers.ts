import { textOf } from "../value.ts";
import { instructionAt, placeOfRange } from "./dockerfile-place.ts";
import type { Fix, Fixer } from "./fixer.ts";

/** `base-image-missing-platform`: takes the nearest later tag that has all platforms, where one is known. */
export const takeNewerBase: Fixer = (finding, { model, platforms }): Fix => {
  const place = instructionAt(model, finding.path, finding.line ?? 0);
  if (place?.instruction.keyword !== "FROM") {
    return { refused: "The image is not named in a FROM.", instead: "Take an image that has the platform." };
  }
  const { base } = place.instruction;
  const stage = place.file.variants
    .flatMap(({ stages }) => stages)
    .find((each) => each.stage.index === place.stage?.index);
  const reference = stage?.base === undefined ? base.text : textOf(stage.base);
  const replacement = model.facts.replacement(reference, platforms);
  if (replacement === undefined) {
    return {
      refused: `No tag is known that takes the place of ${reference} and has all platforms.`,
      instead: `Look for one: archway image inspect ${reference}`,
    };
  }
  if (reference !== base.text) {
    return {
      refused: `The image is put together from variables (${base.text}), and ${replacement} would take its place.`,
      instead: `Set the variables so that it reads ${replacement}.`,
    };
  }
  return {
    title: `Begin from ${replacement}, which has all platforms`,
    changes: [{ place: placeOfRange(finding.path, base.range), text: replacement }],
  };
};
