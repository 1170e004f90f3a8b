import { ArchwayError } from "../error/error.ts";
import type { BuildOptions } from "./build-options.ts";
import type { CliContext } from "./context.ts";

/** `archway build`: plans, builds, proves and publishes. */
export async function runBuild(
  _context: CliContext,
  _contextArg: string | undefined,
  _options: BuildOptions,
): Promise<number> {
  throw new ArchwayError({ code: "NOT_BUILT", kind: "input", message: "archway build is not part of this version." });
}
