import type { BuildCall } from "../callers/build-call.ts";
import type { Execution, ImageUse } from "../model.ts";
import type { Reading } from "../reading.ts";
import type { Manifest } from "./manifest.ts";

/** Compose, CI, bake, Kubernetes, Helm and Kustomize files of the repository. */
export function readManifests(_reading: Reading): {
  readonly manifests: readonly Manifest[];
  readonly executions: readonly Execution[];
  readonly calls: readonly BuildCall[];
  readonly images: readonly ImageUse[];
} {
  return { manifests: [], executions: [], calls: [], images: [] };
}
