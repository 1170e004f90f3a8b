import type { ErrorPlace } from "../../error/error.ts";
import type { Expression } from "./expression.ts";

/** A text of the pipeline with `${{ … }}` in it, parsed, and where it stands in the file. */
export interface Template {
  readonly parts: readonly (string | Expression)[];
  readonly place: ErrorPlace;
}
