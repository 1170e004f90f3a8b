import { z } from "zod";
import { ArchwayError } from "../error/error.ts";
import { normalizePlatform } from "../platform/platform.ts";
import { writeBuildFiles } from "./build-files.ts";
import { buildctlArgs } from "./buildctl-args.ts";
import { buildkitConnection, type BuildkitConnection } from "./buildkit-endpoint.ts";
import { ask, runChild } from "./child.ts";
import { withModelOrDefault, withoutCpuModel } from "./cpu-model.ts";
import type { Engine, EngineEvent, EngineInfo, EngineRequest, EngineResult } from "./engine.ts";
import { judgeFailure } from "./failure.ts";
import { parseJson, readMetadata } from "./metadata.ts";
import { createRawJsonReader } from "./rawjson.ts";
import { withScratch } from "./scratch.ts";
import { lastLines } from "./tail.ts";
import { compareVersions } from "./version.ts";

/** What `buildctl debug workers --format '{{json .}}'` prints (moby/buildkit client.WorkerInfo). */
const workersSchema = z.array(
  z.object({
    platforms: z.array(z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() })),
    buildkitVersion: z.object({ version: z.string(), dockerfileVersion: z.string().optional() }).optional(),
  }),
);

/** BuildKit through its own client, `buildctl`, at any endpoint that {@link buildkitConnection} reads. */
export function openBuildkit(endpoint: string, env: NodeJS.ProcessEnv): Engine {
  const connection = buildkitConnection(endpoint);
  return {
    name: "buildkit",
    endpoint,
    probe: (signal) => probe(endpoint, connection, env, signal),
    build: (request, onEvent, signal) => build(connection, env, request, onEvent, signal),
  };
}

/** Milliseconds after which a node counts as unreachable, whoever asks: a dead address alone would take minutes. */
const answerLimit = 20_000;

async function probe(
  endpoint: string,
  connection: BuildkitConnection,
  env: NodeJS.ProcessEnv,
  caller: AbortSignal,
): Promise<EngineInfo> {
  const signal = AbortSignal.any([caller, AbortSignal.timeout(answerLimit)]);
  const answer = await ask({
    program: "buildctl",
    args: [...connection.args, "debug", "workers", "--format", "{{json .}}"],
    env,
    signal,
    stopSignal: "SIGKILL",
  }).catch((error: unknown) => {
    throw unanswered(connection, error, signal);
  });
  const workers = workersSchema.safeParse(parseJson(answer.stdout)).data;
  const worker = workers?.[0];
  if (answer.code !== 0 || worker === undefined) {
    throw unreachable(connection, lastLines(answer.stderr, 3).replace(/^error: /, "") || "it names no worker");
  }
  return {
    name: "buildkit",
    version: worker.buildkitVersion?.version.replace(/^v/, "") ?? "unknown",
    endpoint,
    platforms: worker.platforms.map(normalizePlatform),
    pushesByDigest: true,
    attests: true,
    setsEmulatedCpu: knowsSecretVariables(worker.buildkitVersion),
    faults: [],
  };
}

async function build(
  connection: BuildkitConnection,
  env: NodeJS.ProcessEnv,
  request: EngineRequest,
  onEvent: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<EngineResult> {
  return withModelOrDefault(request, onEvent, (emulatedCpu) =>
    withScratch(async (directory) => {
      const files = await writeBuildFiles(directory, request, emulatedCpu);
      const reader = createRawJsonReader({ onEvent, rewrite: withoutCpuModel });
      const end = await runChild({
        program: "buildctl",
        args: [...connection.args, ...buildctlArgs(request, files)],
        env: { ...env, ...files.env },
        signal,
        onStderr: reader.push,
      });
      const told = reader.end();
      if (end.code === 0) return readMetadata(files.metadata);
      throw judgeFailure({
        engine: `BuildKit at ${connection.shown}`,
        platform: request.platform,
        dockerfile: request.dockerfile,
        ...told,
        end: end.signal === null ? `ended with ${end.code}` : `was killed by ${end.signal}`,
      });
    }),
  );
}

/** Whether the built-in frontend knows `RUN --mount=type=secret,env=`: docker/dockerfile 1.10, BuildKit 0.16. */
function knowsSecretVariables(version: z.infer<typeof workersSchema>[number]["buildkitVersion"]): boolean {
  if (version === undefined) return false;
  return version.dockerfileVersion === undefined
    ? compareVersions(version.version, "0.16") >= 0
    : compareVersions(version.dockerfileVersion, "1.10") >= 0;
}

/** What a probe's failure means: a timeout says that nothing answered; an abort stays what it is. */
function unanswered(connection: BuildkitConnection, error: unknown, signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  if (signal.aborted && reason instanceof Error && reason.name === "TimeoutError") {
    return unreachable(connection, "nothing answered in time");
  }
  if (error instanceof ArchwayError && error.code === "PROGRAM_MISSING") {
    return unreachable(connection, error.message, "Install buildctl: it comes with every BuildKit release.");
  }
  return error;
}

function unreachable(connection: BuildkitConnection, why: string, hint?: string): ArchwayError {
  return new ArchwayError({
    code: "ENGINE_UNREACHABLE",
    kind: "unreachable",
    message: `BuildKit at ${connection.shown} does not answer: ${why}`,
    hint: hint ?? "Is buildkitd running there, and may this user reach it?",
  });
}
