import type { Execution } from "../model.ts";
import type { Reading } from "../reading.ts";

/** The shell scripts of the repository, each as if somebody runs it by itself on every platform (scope `host`). */
export function readScripts(_reading: Reading): readonly Execution[] {
  return [];
}
