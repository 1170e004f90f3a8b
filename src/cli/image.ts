import { ArchwayError } from "../error/error.ts";
import type { CliContext } from "./context.ts";
import type { ImageCreateOptions } from "./image-options.ts";

/** `archway image create`: joins images that were built one platform at a time. */
export async function runImageCreate(
  _context: CliContext,
  _sources: readonly string[],
  _options: ImageCreateOptions,
): Promise<number> {
  throw new ArchwayError({ code: "NOT_BUILT", kind: "input", message: "archway image is not part of this version." });
}
