import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createIgnore } from "../dockerfile/ignore-file.ts";
import type { Stage } from "../dockerfile/evaluation.ts";
import { fastCpuModel } from "../engine/cpu-model.ts";
import type { EmulatedCpu, EngineRequest } from "../engine/engine.ts";
import { scratchCollapse } from "../engine/faults.ts";
import { repositoryOf } from "../oci/reference.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { baseUsesOf } from "./base-uses.ts";
import type { OpenContext } from "./context.ts";
import { pinContexts } from "./named-contexts.ts";
import { fingerprintContext } from "./fingerprint.ts";
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
    buildContexts: pinContexts(request.buildContexts, plan.images),
    secrets: request.secrets,
    ssh: request.ssh,
    cacheFrom: request.cacheFrom.map((cache) => perPlatform(cache, platform)),
    cacheTo: request.cacheTo.map((cache) => perPlatform(cache, platform)),
    noCache: request.noCache || collapsesScratch(placement),
    pull: request.pull,
    ...(plan.syntax === undefined ? {} : { syntax: plan.syntax }),
    ...(request.target === undefined ? {} : { target: request.target }),
    ...(request.provenance === undefined ? {} : { provenance: request.provenance }),
    ...(request.sbom === undefined ? {} : { sbom: request.sbom }),
    ...(emulatedCpu === undefined ? {} : { emulatedCpu }),
  };
}

/** Whether the engine's cache would give this platform's `FROM scratch` image the one of another platform: then the cache stays out of it. */
function collapsesScratch({ node, evaluation }: PlannedPlatform): boolean {
  let stage: Stage | undefined = evaluation.target;
  while (stage?.base.kind === "stage") stage = evaluation.stages[stage.base.index];
  return stage?.base.kind === "scratch" && node.info.faults.some(({ id }) => id === scratchCollapse);
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
  return { model, chosen: request.emulatedCpu !== undefined, runLines: [...new Set(runLines)] };
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
 * What each platform's child depends on, for the build records: everything of the engine's request that can change the image, and the content of the context and of every
 * local named context, walked once at the first question. `--no-cache` means that nothing made before may be used, and a place that does not outlive the run has
 * nothing to resume.
 */
export function recordInputsOf(
  request: BuildRequest,
  context: OpenContext,
  output: BuildOutput,
  requestFor: (placement: PlannedPlatform) => Omit<EngineRequest, "output">,
  inputs: { readonly cwd: string; readonly signal: AbortSignal },
): (placement: PlannedPlatform) => Promise<RecordInputs | undefined> {
  const repository =
    output.kind === "push" ? request.tags[0] : output.kind === "push-by-digest" ? output.repository : undefined;
  if (!repository || request.noCache) return async () => undefined;
  const place = repositoryOf(repository);
  let shared: Promise<{ dockerfile: string; context: string }> | undefined;
  return async (placement) => {
    shared ??= fingerprints(request, context, inputs);
    const own = requestFor(placement);
    const { target, args, labels, annotations, bases, buildContexts, syntax, ssh, provenance, sbom } = own;
    return {
      platform: own.platform,
      place,
      ...(await shared),
      // Secrets by name, as engines have them in their cache keys; caches and how registries are reached change no image.
      options: {
        target,
        args,
        labels,
        annotations,
        bases,
        buildContexts,
        syntax,
        ssh,
        provenance,
        sbom,
        secrets: own.secrets.map(({ id }) => id),
        manifests: own.source.bases.map(({ manifest }) => manifest),
        emulatedCpu: own.emulatedCpu?.model,
      },
    };
  };
}

async function fingerprints(
  request: BuildRequest,
  context: OpenContext,
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<{ dockerfile: string; context: string }> {
  const [dockerfile, ignore] = await Promise.all([readFile(context.dockerfile), ignoreText(context)]);
  const own = context.identity ?? (await fingerprintContext(context.directory, createIgnore(ignore), signal)).digest;
  const named = await Promise.all(
    Object.entries(request.buildContexts).map(async ([name, value]) => {
      const path = resolve(cwd, value);
      const found = await stat(path).catch(() => undefined);
      return [name, found?.isDirectory() ? (await fingerprintContext(path, everything, signal)).digest : value];
    }),
  );
  return {
    dockerfile: createHash("sha256").update(dockerfile).digest("hex"),
    context: JSON.stringify([own, ...named]),
  };
}

/** A named context has no ignore file of ours to obey: more than the engine takes changes nothing but the key. */
const everything = { ignores: () => false, excludesDirectory: () => false };

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
