import { familiarReference, parseReference, type Reference } from "../../../oci/reference.ts";
import { ArchwayError } from "../../../error/error.ts";
import { canRun, type Platform } from "../../../platform/platform.ts";
import { placeOf } from "../../docker/word-place.ts";
import type { ImageFact } from "../../facts/facts.ts";
import type { Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import { isKnown, textOf, unknownMark, written, type Value } from "../../value.ts";
import { askedPlatforms } from "../../docker/plan-variants.ts";
import type { BuiltStage } from "./stages.ts";

/** An image from outside that a stage begins from or takes files from. */
export interface UsedImage {
  readonly value: Value;
  readonly use: "base" | "copy" | "mount";
  /** The instruction. */
  readonly place: Place;
  /** The paths that are taken; of a base it is everything. */
  readonly sources: readonly string[];
}

/** The images of a stage, in the order of the file. */
export function imagesOf({ file, model }: BuiltStage): UsedImage[] {
  const images: UsedImage[] = [];
  if (model.base !== undefined) images.push({ value: model.base, use: "base", place: model.from, sources: [] });
  for (const { from, place, sources } of model.copies) {
    if (from.kind !== "image") continue;
    images.push({ value: from.value, use: "copy", place, sources: sources.map(textOf) });
  }
  for (const instruction of model.stage.instructions) {
    if (instruction.keyword !== "RUN") continue;
    for (const { origin, source } of instruction.mounts) {
      if (origin.kind !== "image") continue;
      const place = placeOf(file.path, instruction.instruction.range);
      images.push({ value: written(origin.reference, place), use: "mount", place, sources: [source ?? "/"] });
    }
  }
  return images;
}

/** The reference of a value that is known and a valid name of an image. */
export function referenceOf(value: Value): Reference | undefined {
  const text = textOf(value);
  if (!isKnown(value) || text === "" || text === "scratch") return undefined;
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof ArchwayError) return undefined;
    throw error;
  }
}

/** True when a machine of the platform gets what it can run. A smaller 32-bit relative of it does not count. */
export function hasPlatform({ platforms }: NonNullable<ImageFact>, platform: Platform): boolean {
  return platforms.some((each) => each.architecture === platform.architecture && canRun(platform, each));
}

/**
 * True when a build in the repository makes this image for the platform: what the registry has is then older than what the build takes. Tags of which
 * a part is not known count by the rest of their name.
 */
export function isMadeHere({ calls }: Model, reference: Reference, platform: Platform): boolean {
  const name = familiarReference({ host: reference.host, path: reference.path });
  return calls.some((call) => {
    const asked = askedPlatforms(call);
    const isFor = asked === undefined || asked.some(({ architecture }) => architecture === platform.architecture);
    return isFor && call.tags.some((tag) => isNameOf(textOf(tag), name));
  });
}

function isNameOf(tag: string, name: string): boolean {
  const slash = tag.lastIndexOf("/");
  const colon = tag.indexOf(":", slash + 1);
  const repository = colon < 0 ? tag : tag.slice(0, colon);
  if (!repository.includes(unknownMark)) return repository === name;
  // `$(REGISTRY)/app`: the part behind what is not known, when it is more than nothing.
  const rest = repository.slice(repository.lastIndexOf(unknownMark) + 1).replace(/^[^/]*\//, "");
  return rest !== "" && name.includes("/") && (name === rest || name.endsWith(`/${rest}`));
}

/** Other lines that an image's name is put together from: ARGs, variables of a Makefile. */
export function partsElsewhere(
  value: Value,
  place: Place,
): readonly { readonly place: Place; readonly message: string }[] {
  return value.pieces.flatMap((piece) => {
    if (piece.place === undefined) return [];
    const isHere =
      piece.place.path === place.path && piece.place.line >= place.line && piece.place.line <= place.endLine;
    return isHere ? [] : [{ place: piece.place, message: `${piece.text} comes from here` }];
  });
}
