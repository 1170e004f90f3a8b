import type { Platform } from "../../platform/platform.ts";
import type { Execution } from "../model.ts";
import type { Place } from "../place.ts";
import type { Value } from "../value.ts";

/** A variable of make as it is at the end of the file, on one machine. */
export interface MakeVariable {
  readonly name: string;
  readonly value: Value;
  readonly flavor: "=" | ":=" | "?=" | "+=" | "!=" | "define";
  readonly place: Place;
  readonly exported: boolean;
}

/** A rung of a ladder of conditions. */
export interface MakeBranch {
  readonly keyword: "ifeq" | "ifneq" | "ifdef" | "ifndef" | "else";
  /** What is compared, as it is on this machine; none for `else`. */
  readonly operands: readonly Value[];
  readonly place: Place;
  readonly taken: boolean | "unknown";
  /** Names of the variables that are assigned in it. */
  readonly assigns: readonly string[];
  /** Set when what stands behind `else` is no condition, or a condition cannot be read: make takes it for a plain `else`, or stops. */
  readonly malformed?: string;
  /** True when make or the recipe ends with an error in it: `$(error …)`, `exit 1`. */
  readonly fails?: boolean;
}

/** `ifeq … else ifeq … else … endif`, from its first to its last line. */
export interface MakeConditional {
  readonly place: Place;
  readonly branches: readonly MakeBranch[];
}

/** A Makefile on one machine. */
export interface MakefileVariant {
  readonly machine: Platform;
  readonly variables: ReadonlyMap<string, MakeVariable>;
  /** Conditions outside of recipes and in them, in the order of the file; those of included files are among them. */
  readonly conditionals: readonly MakeConditional[];
  /**
   * Variables with an architecture as a default that a caller may replace (`ARCH ?= amd64`). They have the name of the machine here, as
   * `make ARCH=…` would set it, each with the text and place of its default.
   */
  readonly asked: ReadonlyMap<string, { readonly text: string; readonly place: Place }>;
}

/** A Makefile of the repository. */
export interface MakefileModel {
  readonly path: string;
  /** One for each requested platform, and one for each other architecture that its conditions name. */
  readonly variants: readonly MakefileVariant[];
  /** Its recipes on the architectures that its conditions name but nobody has requested: what they show of its names for images and files. */
  readonly others: readonly Execution[];
}
