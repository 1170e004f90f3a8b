import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { isBuildahEndpoint, openBuildah } from "./buildah.ts";
import { openBuildkit } from "./buildkit.ts";
import { openBuildx } from "./buildx.ts";
import type { Engine, EngineInfo, EngineName } from "./engine.ts";
import { faultsOf } from "./faults.ts";
import { installHint } from "./install-hint.ts";

/** An engine that may be here, and what makes one think so. */
export interface Candidate {
  readonly engine: Engine;
  /** Why it is tried, as the end of "buildkit, because …". */
  readonly reason: string;
}

/** The engine that was chosen for a build. */
export interface ChosenEngine {
  readonly engine: Engine;
  readonly info: EngineInfo;
  readonly reason: string;
}

/** Milliseconds that a local engine has to say what it is, when a build asks. */
const probeLimit = 5_000;

/** Opens an engine at an endpoint; its probe also tells the known faults of its version. Throws `ENDPOINT_INVALID` (kind `input`). */
export function openEngine(name: EngineName, endpoint: string, env: NodeJS.ProcessEnv): Engine {
  const open = openers[name];
  const engine = open(endpoint, env);
  return {
    ...engine,
    probe: async (signal) => {
      const info = await engine.probe(signal);
      return { ...info, faults: [...info.faults, ...faultsOf(info)] };
    },
  };
}

const openers: Readonly<Record<EngineName, (endpoint: string, env: NodeJS.ProcessEnv) => Engine>> = {
  buildkit: openBuildkit,
  buildx: openBuildx,
  buildah: openBuildah,
};

/** The engine that speaks at an endpoint: URLs are BuildKit's, a bare word is a builder of docker buildx. */
export function engineOfEndpoint(endpoint: string): EngineName {
  if (isBuildahEndpoint(endpoint)) return "buildah";
  return endpoint.includes("://") ? "buildkit" : "buildx";
}

/**
 * The engines that this machine may have, the preferred first: the BuildKit that `BUILDKIT_HOST` names, one at the usual sockets, the user's own Docker, Buildah,
 * Podman. Looks for programs and sockets only; nothing is asked yet.
 */
export function localCandidates(env: NodeJS.ProcessEnv): readonly Candidate[] {
  const has = (program: string) =>
    (env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
  const candidates: Candidate[] = [];
  const add = (name: EngineName, endpoint: string, reason: string) =>
    candidates.push({ engine: openEngine(name, endpoint, env), reason });
  const host = env["BUILDKIT_HOST"];
  if (host) add("buildkit", host, "BUILDKIT_HOST names it");
  else {
    const runtime = env["XDG_RUNTIME_DIR"];
    const sockets = ["/run/buildkit/buildkitd.sock", ...(runtime ? [join(runtime, "buildkit/buildkitd.sock")] : [])];
    for (const socket of sockets)
      if (existsSync(socket)) add("buildkit", `unix://${socket}`, "it listens at its usual socket");
  }
  if (has("buildah")) add("buildah", "local", "it is installed");
  if (has("podman")) add("buildah", "podman", "Podman is installed");
  return candidates;
}

/**
 * The first engine that answers, of those with the requested name; `auto` takes any. A BuildKit that `BUILDKIT_HOST` names is never passed over in silence: when it
 * does not answer, that is the error.
 *
 * Throws `ENGINE_UNREACHABLE` and `NO_ENGINE` (kind `unreachable`) with what to install on this system.
 */
export async function chooseEngine(
  requested: "auto" | EngineName,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<ChosenEngine> {
  const candidates = localCandidates(env).filter(({ engine }) => requested === "auto" || engine.name === requested);
  const silent: string[] = [];
  for (const { engine, reason } of candidates) {
    try {
      const info = await engine.probe(AbortSignal.any([signal, AbortSignal.timeout(probeLimit)]));
      return { engine, info, reason: requested === "auto" ? reason : `--engine ${requested}` };
    } catch (error) {
      signal.throwIfAborted();
      if (engine.name === "buildkit" && env["BUILDKIT_HOST"]) throw error;
      const why =
        error instanceof ArchwayError
          ? (error.message.split("\n")[0] ?? "")
          : `no answer within ${probeLimit / 1000} s`;
      silent.push(`  ${engine.name}${engine.endpoint === "" ? "" : ` ${engine.endpoint}`}: ${why}`);
    }
  }
  const wanted = requested === "auto" ? "No build engine" : `No ${requested}`;
  throw new ArchwayError({
    code: "NO_ENGINE",
    kind: "unreachable",
    message: [`${wanted} answers on this machine.`, ...silent].join("\n"),
    hint: installHint(process.platform, osRelease()),
  });
}

function osRelease(): string {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    // A system without the file gets the general hint.
    return "";
  }
}
