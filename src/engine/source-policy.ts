import type { EngineRequest } from "./engine.ts";

/**
 * BuildKit's source policy (moby/buildkit sourcepolicy/pb) that takes every base image from where the planner found it. BuildKit asks it for
 * each image source in its full form, whatever the Dockerfile wrote; it has it since 0.11.
 *
 * @returns JSON for `--source-policy-file`, or nothing without bases.
 */
export function sourcePolicy(bases: EngineRequest["bases"]): string | undefined {
  const rules = Object.entries(bases).map(([reference, pinned]) => ({
    action: "CONVERT",
    selector: { identifier: `docker-image://${reference}` },
    updates: { identifier: `docker-image://${pinned}` },
  }));
  return rules.length === 0 ? undefined : JSON.stringify({ rules });
}
