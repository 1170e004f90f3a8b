import { ArchwayError } from "../error/error.ts";
import type { CliContext } from "./context.ts";
import type { Format } from "./parse-option.ts";

/** What the user asked of `archway platforms`. */
export interface PlatformsOptions {
  readonly format: Format;
  /** As given; absent means the `.archway.yaml` of the repository. */
  readonly config?: string;
}

/** `archway platforms`: prints what this machine runs, emulates and builds with. */
export async function runPlatforms(_context: CliContext, _options: PlatformsOptions): Promise<number> {
  throw new ArchwayError({
    code: "NOT_BUILT",
    kind: "input",
    message: "archway platforms is not part of this version.",
  });
}
