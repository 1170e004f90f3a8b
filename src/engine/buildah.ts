import { readFile } from "node:fs/promises";
import { ArchwayError } from "../error/error.ts";
import { parseDigest } from "../oci/digest.ts";
import { describeHost, type HostReport } from "../platform/host.ts";
import { parsePlatform, samePlatform, type Platform } from "../platform/platform.ts";
import { probeMachine } from "../platform/probe.ts";
import { buildahArgs, buildahLacks } from "./buildah-args.ts";
import { writeBuildahFiles } from "./buildah-files.ts";
import { createBuildahReader } from "./buildah-progress.ts";
import { ask, runChild } from "./child.ts";
import { withModelOrDefault, withoutCpuModel } from "./cpu-model.ts";
import type { EmulatedCpu, Engine, EngineEvent, EngineInfo, EngineRequest, EngineResult } from "./engine.ts";
import { judgeFailure } from "./failure.ts";
import { withScratch } from "./scratch.ts";
import { lastLines } from "./tail.ts";
import { compareVersions } from "./version.ts";

/** The programs that build with Buildah, by the endpoint that names them. */
const programs: Readonly<Record<string, string>> = { local: "buildah", buildah: "buildah", podman: "podman" };

/** What a version of the program says of itself. */
interface Version {
  readonly version: string;
  /** The platform that it builds for when it is asked for none. */
  readonly platform: Platform;
}

/** Finds out what this machine runs: Buildah has no emulators but the kernel's. */
export type HostProbe = (signal: AbortSignal) => Promise<Pick<HostReport, "native" | "emulators">>;

/** A probe of this machine that works once for all who ask. */
export function probeHost(env: NodeJS.ProcessEnv): HostProbe {
  let asked: Promise<HostReport> | undefined;
  return (signal) => (asked ??= probeMachine(signal, env).then(describeHost));
}

/** True for what {@link openBuildah} takes. */
export function isBuildahEndpoint(endpoint: string): boolean {
  return endpoint in programs;
}

/**
 * Buildah on this machine, through `buildah` (endpoint `local`) or `podman` (endpoint `podman`). It pushes nothing by itself: it writes a layout with one manifest,
 * and the caller pushes that.
 *
 * @param host what this machine runs, when somebody asks it anyway
 * @throws ArchwayError `ENDPOINT_INVALID` (kind `input`).
 */
export function openBuildah(endpoint: string, env: NodeJS.ProcessEnv, host: HostProbe = probeHost(env)): Engine {
  const program = programs[endpoint];
  if (program === undefined) {
    throw new ArchwayError({
      code: "ENDPOINT_INVALID",
      kind: "input",
      message: `"${endpoint}" is no endpoint of Buildah: it works on this machine only.`,
      hint: "Write local for Buildah, or podman.",
    });
  }
  let known: Promise<Version> | undefined;
  const version = (signal: AbortSignal) => {
    known ??= askVersion(program, env, signal);
    known.catch(() => {
      known = undefined;
    });
    return known;
  };
  return {
    name: "buildah",
    endpoint,
    probe: async (signal) => {
      const [own, { native, emulators }] = await Promise.all([version(signal), host(signal)]);
      const others = [...native, ...emulators.flatMap(({ platforms }) => platforms)];
      return describe(endpoint, program, own, others);
    },
    build: async (request, onEvent, signal) => {
      const { platform } = await version(signal);
      for (const text of buildahLacks(request)) onEvent({ type: "warning", text });
      return withModelOrDefault(request, onEvent, (cpu) =>
        withScratch((directory) => build({ program, env, directory, native: platform, cpu, signal }, request, onEvent)),
      );
    },
  };
}

function describe(
  endpoint: string,
  program: string,
  { version, platform }: Version,
  others: readonly Platform[],
): EngineInfo {
  return {
    name: "buildah",
    version,
    endpoint,
    platforms: [platform, ...others.filter((other) => !samePlatform(other, platform))],
    pushesByDigest: false,
    attests: false,
    // RUN --mount=type=secret,env= came with Buildah 1.44 (containers/buildah 0c01d10d6); Podman has its own version numbers.
    setsEmulatedCpu: program === "buildah" && compareVersions(version, "1.44") >= 0,
    faults: [],
  };
}

async function askVersion(program: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Version> {
  const answer = await ask({ program, args: ["version"], env, signal, stopSignal: "SIGKILL" }).catch(
    (error: unknown) => {
      if (!(error instanceof ArchwayError && error.code === "PROGRAM_MISSING")) throw error;
      throw unreachable(program, error.message);
    },
  );
  const version = /^Version: +(\S+)$/m.exec(answer.stdout)?.[1];
  // Podman has no line BuildPlatform, and OS/Arch names no variant of ARM.
  const written = (/^BuildPlatform: +(\S+)$/m.exec(answer.stdout) ?? /^OS\/Arch: +(\S+)$/m.exec(answer.stdout))?.[1];
  if (answer.code !== 0 || version === undefined || written === undefined) {
    throw unreachable(program, lastLines(answer.stderr, 3) || "it does not tell its version");
  }
  return { version, platform: parsePlatform(written) };
}

/** One attempt to build. */
interface Attempt {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly directory: string;
  readonly native: Platform;
  readonly cpu: EmulatedCpu | undefined;
  readonly signal: AbortSignal;
}

async function build(
  { program, env, directory, native, cpu, signal }: Attempt,
  request: EngineRequest,
  onEvent: (event: EngineEvent) => void,
): Promise<EngineResult> {
  const { output, platform, source } = request;
  if (output.kind === "registry") throw new TypeError("Buildah gives a layout, and the caller pushes it");
  const files = await writeBuildahFiles(directory, request, cpu, env);
  const reader = createBuildahReader({ target: platform, bases: source.bases, onEvent, rewrite: withoutCpuModel });
  const run = async (args: readonly string[]) => {
    const { code, signal: killedBy } = await runChild({
      program,
      args,
      env: { ...env, ...files.env },
      signal,
      stopChildren: program === "podman",
      onStdout: reader.stdout,
      onStderr: reader.stderr,
    });
    if (code === 0) return;
    const told = reader.end(true);
    throw judgeFailure({
      engine: program,
      platform,
      dockerfile: request.dockerfile,
      ...told,
      end: killedBy === null ? `ended with ${code}` : `was killed by ${killedBy}`,
    });
  };

  await run(buildahArgs(request, native, files));
  if (output.kind === "files") {
    reader.end(false);
    return { metadata: {} };
  }
  const id = reader.imageId();
  await run(["push", "--quiet", "--digestfile", files.digest, id, `oci:${output.directory}`]);
  reader.end(false);
  const digest = parseDigest((await readFile(files.digest, "utf8")).trim());
  return {
    digest,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    metadata: { "containerimage.digest": digest, "containerimage.config.digest": id },
  };
}

function unreachable(program: string, why: string): ArchwayError {
  return new ArchwayError({
    code: "ENGINE_UNREACHABLE",
    kind: "unreachable",
    message: `${program} cannot be used: ${why}`,
    hint: `Install ${program}, or choose another engine with --engine.`,
  });
}
