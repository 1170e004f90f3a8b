import { setTimeout as sleep } from "node:timers/promises";
import { ArchwayError } from "../../error/error.ts";
import { normalizePlatform, type Platform } from "../../platform/platform.ts";
import { armVersionOfMachine } from "../../platform/cpu.ts";
import type { EngineFacts } from "./containerizer.ts";
import { infoAnswer, versionAnswer } from "./docker-answers.ts";
import type { EngineHttp } from "./engine-http.ts";

/** Asks an engine what it is. Throws `ENGINE_LOST` (kind `unreachable`) when nothing answers. */
export async function askEngine(engine: EngineHttp, signal: AbortSignal): Promise<EngineFacts> {
  const { data: answer } = versionAnswer.safeParse(await engine.json({ method: "GET", path: "/version" }, signal));
  if (answer === undefined) {
    throw new ArchwayError({
      code: "ENGINE_UNKNOWN",
      kind: "unreachable",
      message: `What answers at ${engine.endpoint} is no Docker or Podman engine: it does not tell its version.`,
      hint: "Jobs need the API of Docker or Podman there; a BuildKit only builds.",
    });
  }
  const isPodman = answer.Components.some(({ Name }) => Name.startsWith("Podman"));
  // Only there the daemon's own architecture leaves the version open.
  const machine = answer.Arch === "arm" ? (await askMachine(engine, signal)).kernel : "";
  return {
    kind: isPodman ? "podman" : "docker",
    version: answer.Version,
    platform: enginePlatform({ os: answer.Os, arch: answer.Arch, machine }),
    cutsNetworks: !isPodman && isSince(answer.ApiVersion, 1, 52),
  };
}

/** Whether a version of the API (`1.52`) is that one or later. */
function isSince(version: string, major: number, minor: number): boolean {
  const [own = 0, part = 0] = version.split(".").map(Number);
  return own > major || (own === major && part >= minor);
}

/** What an engine's machine has. */
export interface MachineSize {
  /** `uname -m`: the kernel's, which says little about the userland. */
  readonly kernel: string;
  readonly processors: number;
  /** Bytes. */
  readonly memory: number;
}

/** Asks an engine for the size of its machine. */
export async function askMachine(engine: EngineHttp, signal: AbortSignal): Promise<MachineSize> {
  const { Architecture, NCPU, MemTotal } = infoAnswer.parse(
    await engine.json({ method: "GET", path: "/info" }, signal),
  );
  return { kernel: Architecture, processors: Math.max(1, NCPU), memory: MemTotal };
}

/** Asks an engine where it keeps images and containers: a path of its machine. */
export async function askDataFolder(engine: EngineHttp, signal: AbortSignal): Promise<string | undefined> {
  return infoAnswer.parse(await engine.json({ method: "GET", path: "/info" }, signal)).DockerRootDir;
}

/**
 * The platform of an engine by what its daemon was compiled for. The kernel's machine must not decide: a Raspberry Pi with a 32-bit userland has an arm64 kernel, and its engine takes
 * images for linux/arm/v7. 32-bit code for ARMv8 is made by nobody, so v7 is the highest.
 */
export function enginePlatform(said: {
  readonly os: string;
  readonly arch: string;
  readonly machine: string;
}): Platform {
  const version = said.arch === "arm" ? Math.min(armVersionOfMachine(said.machine) ?? 7, 7) : undefined;
  return normalizePlatform({
    os: said.os,
    architecture: said.arch,
    ...(version === undefined ? {} : { variant: `v${version}` }),
  });
}

/** Whether an engine answers, at once or within some milliseconds: it may only be starting again. */
export async function comesBack(engine: EngineHttp, within: number, signal: AbortSignal): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(within)]);
  while (!limit.aborted) {
    const isThere = await engine.json({ method: "GET", path: "/version" }, limit).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
    await sleep(500, undefined, { signal: limit }).catch(() => undefined);
  }
  return false;
}
