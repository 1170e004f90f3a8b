import { namesIn, type NameMatch } from "../../platform/architecture-words.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Place } from "../place.ts";
import type { Spot } from "../rule.ts";
import { sliceValue, textOf, type Value } from "../value.ts";

/** A name of another architecture in an evaluated text, and where it is written. */
export interface ForeignName {
  readonly name: NameMatch;
  /** The part of the value that holds the name and nothing else. */
  readonly value: Value;
  /** Where it is written: exact for plain text, else the piece's place. Absent for texts that no file of the repository holds. */
  readonly place?: Place;
  /** The variables that the name came through, the outermost first; empty when it is written on the spot. */
  readonly through: readonly string[];
  /** True when a guard or a map that asks for the architecture led to this text: then somebody chose it for this platform. */
  readonly chosen: boolean;
}

/**
 * The names of other architectures in a value as it is on a platform, in order. None when the platform's own name stands in it too
 * (`x86_64-aarch64`, `linux/amd64,linux/arm64`), for programs of sed (they map names), for files of other operating systems, and for names that
 * an architecture source gave. A name of a smaller sibling that the platform runs (i386 on amd64, arm on arm64) is none.
 */
export function foreignIn(value: Value, platform: Platform): ForeignName[] {
  const text = textOf(value);
  if (isSubstitution(text)) return [];
  const names = namesIn(text).filter(({ os }) => os === undefined);
  if (names.some(({ architecture }) => architecture === platform.architecture)) return [];
  return names.flatMap((name) => {
    if (runsOn(name.architecture, platform)) return [];
    const part = sliceValue(value, name.start, name.end);
    const [piece] = part.pieces;
    if (piece === undefined || part.pieces.some(({ source }) => source !== "written")) return [];
    const { place, through = [] } = piece;
    const chosen = part.pieces.some((each) => each.dependsOnPlatform === true);
    return [{ name, value: part, through, chosen, ...(place === undefined ? {} : { place }) }];
  });
}

/** The exact places of names, for code frames and fixes. */
export function spotsOf(names: readonly ForeignName[]): Spot[] {
  return names.flatMap(({ name, place }) => (place === undefined ? [] : [{ place, text: name.text }]));
}

/** A program of sed or an expression of the same shape: `s/x86_64/amd64/`, `-es|aarch64|arm64|g`. */
function isSubstitution(text: string): boolean {
  return /^(?:-e)?\s*(?:\/[^/]*\/)?s([/|#,@:!%~])[^\n]*?\1[^\n]*?\1/.test(text);
}

/** The 32-bit sibling of an architecture is a choice, not a mistake. */
function runsOn(architecture: string, platform: Platform): boolean {
  return (
    (architecture === "386" && platform.architecture === "amd64") ||
    (architecture === "arm" && platform.architecture === "arm64")
  );
}
