import type { BuildCall } from "../callers/build-call.ts";
import type { DockerfileModel } from "../model.ts";
import type { Reading } from "../reading.ts";

/** The Dockerfiles of the repository, evaluated for every target and build platform and every way to call them. */
export function readDockerfiles(_calls: readonly BuildCall[], _reading: Reading): readonly DockerfileModel[] {
  return [];
}
