import { nearestName } from "../../../error/nearest.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import { architectures } from "../../../platform/architecture.ts";
import type { Place } from "../../place.ts";
import type { ArchitectureSwitch } from "../../shell/trace.ts";
import { textOf } from "../../value.ts";

/** A pattern that means the architecture at hand, but in letters that its source never prints. */
export interface NearPattern {
  /** As written: `armv8`. */
  readonly pattern: string;
  readonly place: Place;
  /** What the source prints: `aarch64`. */
  readonly printed: string;
  /** True when no system prints it: a slip of the pen, or another vocabulary; macOS says arm64 where Linux says aarch64. */
  readonly impossible: boolean;
}

const spellings = new Set(
  architectures
    .flatMap(({ name, machine, debian, alpine }) => [name, machine, debian, alpine])
    .filter((name) => name !== undefined),
);

/** The pattern of a switch that was meant for the architecture that its subject names, and does not match it. */
export function nearPattern({ branches, subject }: ArchitectureSwitch): NearPattern | undefined {
  const printed = textOf(subject);
  const own = namesIn(printed);
  const [architecture] = own;
  if (architecture === undefined || own.length !== 1) return undefined;
  for (const { patterns, place } of branches) {
    for (const written of patterns) {
      const pattern = written.replace(/^!/, "");
      if (pattern === printed || /[*?[\s]/.test(pattern)) continue;
      const named = namesIn(pattern);
      const isSame = named.length === 1 && named[0]?.architecture === architecture.architecture;
      if (!isSame && !isSlip(pattern, architecture.architecture)) continue;
      return { pattern, place, printed, impossible: !spellings.has(pattern.replace(/^.*\//, "")) };
    }
  }
  return undefined;
}

/** `aarm64`, `arch64`: no name of an architecture, but next to one of this. */
function isSlip(pattern: string, architecture: string): boolean {
  const word = pattern.replace(/^linux\//, "");
  if (word.length < 5 || namesIn(word).length > 0 || !/^[A-Za-z0-9_-]+$/.test(word)) return false;
  const nearest = nearestName(word, spellings);
  if (nearest === undefined || Math.abs(nearest.length - word.length) > 1) return false;
  return namesIn(nearest)[0]?.architecture === architecture;
}
