import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createIgnore } from "../dockerfile/ignore-file.ts";
import { fastCpuModel } from "../engine/cpu-model.ts";
import type { EmulatedCpu, EngineRequest } from "../engine/engine.ts";
import { repositoryOf } from "../oci/reference.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { baseUsesOf } from "./base-uses.ts";
import type { OpenContext } from "./context.ts";
import { fingerprintContext } from "./fingerprint.ts";
import type { Placement } from "./placement.ts";
import type { BuildPlan, PlannedPlatform } from "./plan.ts";
import type { RecordInputs } from "./record.ts";
import type { BuildOutput, BuildRequest } from "./request.ts";
import { runsNatively } from "./stages.ts";

/** The engine's request for one platform: the user's options, with every base image pinned and caches named per platform. */
export function engineRequestOf(
  request: BuildRequest,
  plan: BuildPlan,
  context: OpenContext,
  placement: PlannedPlatform,
): Omit<EngineRequest, "output" | "annotations"> {
  const { platform } = placement;
  const emulatedCpu = emulatedCpuOf(request, placement);
  return {
    platform,
    context: { kind: "directory", path: context.directory },
    dockerfile: context.dockerfile,
    source: { text: plan.dockerfile.source.text, bases: baseUsesOf(placement.evaluation, plan.images) },
    args: request.args,
    labels: request.labels,
    bases: plan.pins,
    registries: request.registries,
    buildContexts: request.buildContexts,
    secrets: request.secrets,
    ssh: request.ssh,
    cacheFrom: request.cacheFrom.map((cache) => perPlatform(cache, platform)),
    cacheTo: request.cacheTo.map((cache) => perPlatform(cache, platform)),
    noCache: request.noCache,
    pull: request.pull,
    ...(plan.syntax === undefined ? {} : { syntax: plan.syntax }),
    ...(request.target === undefined ? {} : { target: request.target }),
    ...(request.provenance === undefined ? {} : { provenance: request.provenance }),
    ...(request.sbom === undefined ? {} : { sbom: request.sbom }),
    ...(emulatedCpu === undefined ? {} : { emulatedCpu }),
  };
}

/**
 * The CPU that emulated steps see: the user's model, else the fast one of the architecture, for the RUN lines of stages that the node emulates. `default` leaves
 * the emulator alone.
 */
function emulatedCpuOf(request: BuildRequest, { node, evaluation }: PlannedPlatform): EmulatedCpu | undefined {
  if (request.emulatedCpu === "default" || !node.info.setsEmulatedCpu) return undefined;
  const emulated = evaluation.stages.filter(
    (stage) => stage.reachable && !stage.replaced && !runsNatively(node, stage.platform),
  );
  const [first] = emulated;
  if (!first) return undefined;
  const model = request.emulatedCpu ?? fastCpuModel(first.platform);
  if (model === undefined) return undefined;
  const runLines = emulated.flatMap((stage) =>
    stage.instructions.filter(({ keyword, onbuild }) => keyword === "RUN" && !onbuild).map(({ line }) => line),
  );
  return { model, runLines: [...new Set(runLines)] };
}

/**
 * A cache of one platform: platforms that share a reference or folder overwrite each other's (docker/buildx#1044), so the platform is added to
 * the reference's tag (`:cache` becomes `:cache-linux-arm64`), to the folder, or to the scope.
 */
export function perPlatform(cache: string, platform: Platform): string {
  const suffix = formatPlatform(platform).replaceAll("/", "-");
  return cache
    .split(",")
    .map((field) => {
      const [key = "", value] = field.split(/=(.*)/s);
      if (value === undefined) return field;
      if (key === "ref") return `ref=${withSuffix(value, suffix)}`;
      if (key === "src" || key === "dest") return `${key}=${value.replace(/\/$/, "")}/${suffix}`;
      if (key === "scope") return `scope=${value}-${suffix}`;
      return field;
    })
    .join(",");
}

function withSuffix(reference: string, suffix: string): string {
  const tagged = /:[^/]+$/.test(reference);
  return tagged ? `${reference}-${suffix}` : `${reference}:cache-${suffix}`;
}

/**
 * What each platform's child depends on, for the build records; the context is walked once, at the first question. `--no-cache` means that nothing
 * made before may be used, and a place that does not outlive the run has nothing to resume.
 */
export function recordInputsOf(
  request: BuildRequest,
  plan: BuildPlan,
  context: OpenContext,
  output: BuildOutput,
  signal: AbortSignal,
): (placement: Placement) => Promise<RecordInputs | undefined> {
  const repository =
    output.kind === "push" ? request.tags[0] : output.kind === "push-by-digest" ? output.repository : undefined;
  if (!repository || request.noCache) return async () => undefined;
  const place = repositoryOf(repository);
  let shared: Promise<{ dockerfile: string; context: string }> | undefined;
  return async ({ platform }) => {
    shared ??= fingerprints(context, signal);
    const { provenance, sbom, emulatedCpu, target } = request;
    return {
      platform,
      place,
      ...(await shared),
      options: {
        args: request.args,
        labels: request.labels,
        annotations: request.annotations,
        pins: plan.pins,
        syntax: plan.syntax,
        provenance,
        sbom,
        emulatedCpu,
        target,
      },
    };
  };
}

async function fingerprints(
  context: OpenContext,
  signal: AbortSignal,
): Promise<{ dockerfile: string; context: string }> {
  const [dockerfile, ignore] = await Promise.all([readFile(context.dockerfile), ignoreText(context)]);
  const files = await fingerprintContext(context.directory, createIgnore(ignore), signal);
  return { dockerfile: createHash("sha256").update(dockerfile).digest("hex"), context: files.digest };
}

/** The ignore file that counts: the Dockerfile's own, else the context's. */
async function ignoreText(context: OpenContext): Promise<string> {
  const read = (file: string) =>
    readFile(file, "utf8").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    });
  return (
    (await read(`${context.dockerfile}.dockerignore`)) ?? (await read(join(context.directory, ".dockerignore"))) ?? ""
  );
}
