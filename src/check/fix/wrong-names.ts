import { namesIn } from "../../platform/architecture-words.ts";
import { formatPlatform, type Platform } from "../../platform/platform.ts";
import type { CheckFinding } from "../check.ts";
import { spellingFor } from "../names/spelling.ts";
import type { Place } from "../place.ts";
import type { Repository } from "../repository/repository.ts";
import { offsetsOf } from "./change.ts";

/** What a name is called on each requested platform; the key is {@link formatPlatform}'s text. */
export type Spellings = ReadonlyMap<string, string>;

/** A name of an architecture that stands where it is wrong for some platform. */
export interface WrongName {
  readonly place: Place;
  readonly text: string;
  readonly spellings: Spellings;
  /** What the variable is called that a table gives its spelling; absent for a name of no meaning. */
  readonly variable?: string;
  /** True when the text stays where it is, and the variable that it is in gets another value on the other platforms. */
  readonly overrides?: boolean;
}

/** The wrong names of a finding with their spelling for every platform, or why they cannot be had. */
export function wrongNames(
  finding: CheckFinding,
  platforms: readonly Platform[],
  repository: Repository,
): readonly WrongName[] | { readonly refused: string; readonly instead?: string } {
  const spots = new Map(
    finding.problems
      .flatMap(({ spots: all = [] }) => all)
      .map((spot) => [`${spot.place.path}:${spot.place.line}:${spot.place.column}`, spot]),
  );
  const names: WrongName[] = [];
  for (const { place, text } of spots.values()) {
    const [match] = namesIn(text);
    const around = match === undefined ? undefined : wordAround(place, text, repository);
    if (match === undefined || around === undefined) continue;
    const spellings = new Map<string, string>();
    for (const platform of platforms) {
      const spelling = match.architecture === platform.architecture ? match.text : spellingFor(match, platform, around);
      if (spelling === undefined) {
        return {
          refused: `How ${around.trim()} is called for ${formatPlatform(platform)} is not known, or there is none.`,
          instead: `Look for the file of ${formatPlatform(platform)}; where there is none, take a package, another version, or build it from source.`,
        };
      }
      spellings.set(formatPlatform(platform), text.replace(match.text, spelling));
    }
    names.push({ place, text, spellings });
  }
  return names.length > 0 ? names : { refused: "The exact place of the wrong name is not known." };
}

/** The text between the blanks and quotes around a place: the URL or path that a name is in. Undefined when the file says something else there. */
function wordAround(place: Place, expected: string, repository: Repository): string | undefined {
  const text = repository.text(place.path);
  const offsets = text === undefined ? undefined : offsetsOf(place, text);
  if (text === undefined || offsets === undefined || text.slice(...offsets) !== expected) return undefined;
  const [start, end] = offsets;
  const before = /[^\s"'=]*$/.exec(text.slice(Math.max(0, start - 500), start))?.[0] ?? "";
  const after = /^[^\s"']*/.exec(text.slice(end, end + 500))?.[0] ?? "";
  return `${before}${expected}${after}`;
}

/** True when each platform's spelling is what `name` says for it. */
export function isSpelled(
  { spellings }: WrongName,
  platforms: readonly Platform[],
  name: (platform: Platform) => string | undefined,
): boolean {
  return platforms.every((platform) => spellings.get(formatPlatform(platform)) === name(platform));
}

/**
 * A text with the names of a finding as they are for a platform; undefined when none of them is in it.
 */
export function respelled(text: string, names: readonly WrongName[], platform: Platform): string | undefined {
  const key = formatPlatform(platform);
  const own = names.filter((name) => text.includes(name.text));
  if (own.length === 0) return undefined;
  return [...new Map(own.map((name) => [name.text, name.spellings.get(key) ?? name.text]))].reduce(
    (result, [from, to]) => result.replaceAll(from, to),
    text,
  );
}
