import { ArchwayError } from "../error/error.ts";
import { normalizePlatform, type Platform } from "../platform/platform.ts";
import { writeBuildFiles } from "./build-files.ts";
import { buildxArgs } from "./buildx-args.ts";
import { ask, runChild } from "./child.ts";
import { withModelOrDefault, withoutCpuModel } from "./cpu-model.ts";
import type { Engine, EngineEvent, EngineFault, EngineInfo, EngineRequest, EngineResult } from "./engine.ts";
import { judgeFailure } from "./failure.ts";
import { readMetadata } from "./metadata.ts";
import { createRawJsonReader } from "./rawjson.ts";
import { withScratch } from "./scratch.ts";
import { lastLines } from "./tail.ts";
import { compareVersions } from "./version.ts";

/** Variables that change what a build gives without a word in its command line (docker/buildx docs, environment variables). */
const meddlingVariables = [
  "DOCKER_DEFAULT_PLATFORM",
  "BUILDKIT_PROGRESS",
  "BUILDX_NO_DEFAULT_LOAD",
  "BUILDX_NO_DEFAULT_ATTESTATIONS",
  "BUILDX_NO_DEFAULT_OCI_ARTIFACT",
  "BUILDX_METADATA_PROVENANCE",
  "BUILDX_METADATA_WARNINGS",
  "BUILDX_GIT_LABELS",
  "BUILDX_GIT_CHECK_DIRTY",
  "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY",
];

/** A builder as `docker buildx inspect` describes it. */
export interface Builder {
  readonly driver: string;
  /** Of the first node, its own platform first; empty when it does not run. */
  readonly platforms: readonly Platform[];
  readonly nodes: number;
  readonly buildkitVersion?: string;
  /** Whether the docker driver works on the containerd image store; every other driver has a store of its own. */
  readonly containerdStore: boolean;
  readonly error?: string;
}

/**
 * BuildKit through the user's own Docker: `docker buildx` with the builder of that name, or with the user's choice for the endpoint "". The docker driver cannot push by digest: it
 * gives a layout, and the caller pushes that.
 */
export function openBuildx(endpoint: string, userEnv: NodeJS.ProcessEnv): Engine {
  const env = Object.fromEntries(Object.entries(userEnv).filter(([name]) => !meddlingVariables.includes(name)));
  return {
    name: "buildx",
    endpoint,
    probe: (signal) => probe(endpoint, env, signal),
    build: (request, onEvent, signal) => build(endpoint, env, request, onEvent, signal),
  };
}

async function probe(endpoint: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<EngineInfo> {
  const docker = (args: readonly string[]) => ask({ program: "docker", args, env, signal, stopSignal: "SIGKILL" });
  const [inspected, versions] = await Promise.all([
    docker(["buildx", "inspect", ...(endpoint === "" ? [] : [endpoint])]),
    docker(["buildx", "version"]),
  ]).catch((error: unknown) => {
    if (!(error instanceof ArchwayError && error.code === "PROGRAM_MISSING")) throw error;
    throw unreachable(endpoint, error.message, "Install Docker, or choose another engine with --engine.");
  });
  const version = /\bv?(\d+\.\d+\.\d+\S*)/.exec(versions.stdout)?.[1];
  if (version === undefined) {
    const hint = "Install the buildx plugin: docker-buildx-plugin from Docker's packages, docker-buildx from Debian's.";
    throw unreachable(endpoint, "docker has no buildx plugin", hint);
  }
  const builder = parseInspect(inspected.stdout);
  const why = builder?.error ?? (builder ? undefined : lastLines(inspected.stderr, 3).replace(/^ERROR: /, ""));
  if (builder === undefined || why !== undefined) {
    throw unreachable(endpoint, why ?? "it does not describe itself", "Is Docker running, and may this user reach it?");
  }
  if (builder.platforms.length === 0) {
    const hint = `Start it with \`docker buildx inspect --bootstrap ${endpoint}\`.`;
    throw unreachable(endpoint, "the builder does not run", hint);
  }
  if (builder.driver === "docker" && !builder.containerdStore) throw classicStore(endpoint);
  return {
    name: "buildx",
    version,
    endpoint,
    platforms: builder.platforms,
    pushesByDigest: builder.driver !== "docker",
    attests: true,
    // RUN --mount=type=secret,env= came with BuildKit 0.16.
    setsEmulatedCpu: compareVersions(builder.buildkitVersion ?? "", "0.16") >= 0,
    faults: builder.nodes > 1 ? [severalNodes] : [],
  };
}

/** Reads the text of `docker buildx inspect` (0.10 to 0.37; its JSON came late and differs); nothing when it describes no builder. */
export function parseInspect(text: string): Builder | undefined {
  const field = (name: string) => new RegExp(`^${name}: +(.*)$`, "m").exec(text)?.[1]?.trim();
  const driver = field("Driver");
  if (driver === undefined) return undefined;
  const platforms = (field("Platforms") ?? "")
    .split(/,\s*/)
    .filter((name) => name !== "")
    // A star marks what the user set by hand.
    .map((name) => name.replace(/\*$/, "").split("/"))
    .map(([os = "", architecture = "", variant]) => normalizePlatform({ os, architecture, variant }));
  const buildkitVersion = field("BuildKit(?: version)?") ?? field("Buildkit");
  const error = field("Error");
  return {
    driver,
    platforms,
    nodes: [...text.matchAll(/^Name: /gm)].length - 1,
    containerdStore: text.includes("org.mobyproject.buildkit.worker.snapshotter"),
    ...(buildkitVersion === undefined ? {} : { buildkitVersion }),
    ...(error === undefined ? {} : { error }),
  };
}

async function build(
  endpoint: string,
  env: NodeJS.ProcessEnv,
  request: EngineRequest,
  onEvent: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<EngineResult> {
  // A changed Dockerfile cannot take the place of one in a Git repository here.
  const emulatedCpu = request.context.kind === "directory" ? request.emulatedCpu : undefined;
  const { args, source } = request;
  return withModelOrDefault({ args, source, ...(emulatedCpu && { emulatedCpu }) }, onEvent, (cpu) =>
    withScratch(async (directory) => {
      const files = await writeBuildFiles(directory, request, cpu);
      const policy =
        files.sourcePolicy === undefined ? {} : { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: files.sourcePolicy };
      const reader = createRawJsonReader({ onEvent, rewrite: withoutCpuModel });
      const end = await runChild({
        program: "docker",
        args: buildxArgs(request, endpoint, files),
        env: { ...env, ...files.env, ...policy, DOCKER_CLI_HINTS: "false" },
        signal,
        onStderr: reader.push,
      });
      const told = reader.end();
      if (end.code === 0) return readMetadata(files.metadata);
      throw judgeFailure({
        engine: endpoint === "" ? "docker buildx" : `The builder ${endpoint} of docker buildx`,
        platform: request.platform,
        dockerfile: request.dockerfile,
        ...told,
        end: end.signal === null ? `ended with ${end.code}` : `was killed by ${end.signal}`,
      });
    }),
  );
}

const severalNodes: EngineFault = {
  id: "buildx-several-nodes",
  text: "chooses among its nodes by itself: a platform that none of them has goes to the first one and is emulated there without a word, and a node that does not answer is dropped. Name the nodes with --node PLATFORM=ENDPOINT instead.",
  since: "2026-08-20",
  avoided: false,
};

function classicStore(endpoint: string): ArchwayError {
  return unreachable(
    endpoint,
    "Docker works on its classic image store, which can neither export an image of one platform nor push it by digest",
    'Switch the containerd image store on ({"features": {"containerd-snapshotter": true}} in daemon.json), or make a builder with a store of its own: docker buildx create --use.',
  );
}

function unreachable(endpoint: string, why: string, hint: string): ArchwayError {
  return new ArchwayError({
    code: "ENGINE_UNREACHABLE",
    kind: "unreachable",
    message: `${endpoint === "" ? "docker buildx" : `The builder ${endpoint} of docker buildx`} cannot be used: ${why}.`,
    hint,
  });
}
