import type { Platform } from "../../platform/platform.ts";
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

/** A Makefile on one machine. */
export interface MakefileVariant {
  readonly machine: Platform;
  readonly variables: ReadonlyMap<string, MakeVariable>;
}

/** A Makefile of the repository. */
export interface MakefileModel {
  readonly path: string;
  readonly variants: readonly MakefileVariant[];
}
