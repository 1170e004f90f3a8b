import type { AllowedPath } from "../verify/rules/allow.ts";
import { optionError, readPair } from "./parse-option.ts";

/**
 * The value of `--allow`, `GLOB=REASON`. An exception needs a reason that a reader can judge, and may not be one for everything.
 * Throws `OPTION_INVALID` (kind `input`).
 */
export function readAllow(text: string): AllowedPath {
  const [path, reason] = readPair("--allow", text, "GLOB=REASON");
  if (reason.trim() === "") throw optionError("--allow", text, "the reason is missing.", "Write GLOB=REASON.");
  if (/^[/*]*$/.test(path)) {
    throw optionError("--allow", text, "the glob covers the whole image.", "Name the files or folders that are meant.");
  }
  return { path, reason: reason.trim() };
}
