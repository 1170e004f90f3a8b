import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { EngineEvent } from "../engine/engine.ts";
import { summarizeSteps } from "../engine/steps.ts";
import { ArchwayError } from "../error/error.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { BuildEvent } from "./events.ts";
import { buildOnNode } from "./foreign-program.ts";
import { eachLimited } from "./limit.ts";
import type { BuildReport, PlatformReport } from "./report.ts";
import type { BuildOutput } from "./request.ts";
import type { RunInputs } from "./run.ts";
import { platformFolder } from "./sink.ts";
import { runsNatively } from "./stages.ts";

/** What a build to files needs. */
type FileInputs = Omit<RunInputs, "sink"> & { readonly cwd: string };

/**
 * Builds to files instead of an image: the engine's `local` or `tar` exporter, one folder a platform below `dest` when there are several, named
 * as docker buildx names them (`linux_arm_v7`). There is no image to prove: the verdict says `skipped`.
 *
 * Throws `OUTPUT_INVALID` (kind `input`) for one tar file of several platforms, before anything is built; then the first error, and other platforms are
 * stopped.
 */
export async function buildFiles(
  inputs: FileInputs,
  output: Extract<BuildOutput, { kind: "files" }>,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<BuildReport> {
  const several = inputs.placements.length > 1;
  if (several && output.type === "tar") throw oneTar(output.dest, inputs.placements);
  const root = resolve(inputs.cwd, output.dest);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const reports = new Map<Platform, PlatformReport>();

  await eachLimited(inputs.placements, inputs.jobs, async (placement) => {
    const { platform, node } = placement;
    const events: EngineEvent[] = [];
    onEvent({ type: "started", platform, strategy: placement.strategy, node: node.engine.endpoint, at: inputs.now() });
    const dest = several ? join(root, bakeName(platform)) : root;
    if (several) await mkdir(root, { recursive: true });
    try {
      await buildOnNode(
        placement,
        { ...inputs.requestFor(placement), output: { kind: "files", value: `type=${output.type},dest=${dest}` } },
        (event) => {
          if (event.type === "step") events.push(event);
          onEvent({ type: "engine", platform, event });
        },
        either,
      );
    } catch (error) {
      stop.abort();
      throw error;
    }
    onEvent({ type: "built", platform, at: inputs.now() });
    const steps = summarizeSteps(events, { target: platform, runsNatively: (other) => runsNatively(node, other) });
    reports.set(platform, {
      platform,
      strategy: steps.seconds.emulated > 0 ? "emulated" : placement.strategy,
      reason: placement.reason,
      node: node.engine.endpoint,
      engine: `${node.info.name} ${node.info.version}`,
      seconds: steps.seconds,
      cachedSteps: steps.cachedSteps,
      verdict: "skipped",
      findings: [],
      resumed: false,
    });
  });
  return {
    version: 1,
    platforms: inputs.placements.flatMap(({ platform }) => reports.get(platform) ?? []),
    missing: [],
  };
}

/** Files of two platforms in one tar would overwrite each other. */
function oneTar(dest: string, placements: FileInputs["placements"]): ArchwayError {
  return new ArchwayError({
    code: "OUTPUT_INVALID",
    kind: "input",
    message: `--output type=tar,dest=${dest} is the files of one platform, and the build has ${placements.length}: ${placements.map(({ platform }) => formatPlatform(platform)).join(", ")}.`,
    hint: `Choose one with --platform, take type=local for a folder a platform, or type=oci,dest=${dest} for the image with all platforms.`,
  });
}

/** The folder that docker buildx gives a platform. */
function bakeName(platform: Platform): string {
  return platformFolder(platform).replaceAll("-", "_");
}
