import type { Place } from "../place.ts";
import type { Value } from "../value.ts";
import type { Binding } from "./bindings.ts";
import type { Expression } from "./source-text.ts";

/** A rule of a Makefile with one target or several. */
export interface MakeRule {
  readonly targets: readonly Value[];
  readonly prerequisites: readonly Value[];
  /** The pattern of a static pattern rule (`TARGETS: PATTERN: PREREQUISITES`). */
  readonly pattern?: string;
  /** Its recipe, one entry for each logical line. */
  readonly recipe: Expression[];
  readonly place: Place;
}

/** A variable that is set for a target (or a pattern of targets) and what it needs. */
export interface TargetVariable {
  readonly target: string;
  readonly binding: Binding;
  readonly operator: string;
}
