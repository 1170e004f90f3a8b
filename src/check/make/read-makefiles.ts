import type { Execution, ImageUse } from "../model.ts";
import type { Reading } from "../reading.ts";
import type { MakefileModel } from "./makefile.ts";

/** The Makefiles of the repository, and their recipes as they run on every platform. */
export function readMakefiles(_reading: Reading): {
  readonly makefiles: readonly MakefileModel[];
  readonly executions: readonly Execution[];
  readonly images: readonly ImageUse[];
} {
  return { makefiles: [], executions: [], images: [] };
}
