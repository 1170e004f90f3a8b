import type { Execution, ImageUse } from "../model.ts";
import type { Reading } from "../reading.ts";
import type { BuildCall } from "./build-call.ts";

/** The builds and images that the commands of executions ask for: `docker build`, `docker run`, `docker pull`, and the like. */
export function readCalls(
  _executions: readonly Execution[],
  _reading: Reading,
): { readonly calls: readonly BuildCall[]; readonly images: readonly ImageUse[] } {
  return { calls: [], images: [] };
}
