import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { isBuildahEndpoint, openBuildah, probeHost, type HostProbe } from "./buildah.ts";
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

/** What a candidate said: what it is, or why it cannot be used. */
export type Answer = Candidate & ({ readonly info: EngineInfo } | { readonly error: ArchwayError });

/** The engine that was chosen for a build. */
export interface ChosenEngine {
  readonly engine: Engine;
  readonly info: EngineInfo;
  readonly reason: string;
}

/** Milliseconds that the local engines have to say what they are, all side by side, when a build asks. */
const probeLimit = 10_000;

/** Opens an engine at an endpoint; its probe also tells the known faults of its version. Throws `ENDPOINT_INVALID` (kind `input`). */
export function openEngine(name: EngineName, endpoint: string, env: NodeJS.ProcessEnv, host?: HostProbe): Engine {
  const engine = openers[name](endpoint, env, host);
  return {
    ...engine,
    probe: async (signal) => {
      const info = await engine.probe(signal);
      return { ...info, faults: [...info.faults, ...faultsOf(info)] };
    },
  };
}

const openers: Readonly<Record<EngineName, (endpoint: string, env: NodeJS.ProcessEnv, host?: HostProbe) => Engine>> = {
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
 *
 * @param host what this machine runs, when somebody asks it anyway
 */
export function localCandidates(env: NodeJS.ProcessEnv, host: HostProbe = probeHost(env)): readonly Candidate[] {
  const has = (program: string) =>
    (env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
  const candidates: Candidate[] = [];
  const add = (name: EngineName, endpoint: string, reason: string) =>
    candidates.push({ engine: openEngine(name, endpoint, env, host), reason });
  const address = env["BUILDKIT_HOST"];
  if (address) add("buildkit", address, "BUILDKIT_HOST names it");
  else {
    const runtime = env["XDG_RUNTIME_DIR"];
    const sockets = ["/run/buildkit/buildkitd.sock", ...(runtime ? [join(runtime, "buildkit/buildkitd.sock")] : [])];
    for (const socket of sockets)
      if (existsSync(socket)) add("buildkit", `unix://${socket}`, "it listens at its usual socket");
  }
  if (has("docker")) add("buildx", "", "Docker is installed");
  if (has("buildah")) add("buildah", "local", "it is installed");
  if (has("podman")) add("buildah", "podman", "Podman is installed");
  return candidates;
}

/**
 * Asks the local engines, all side by side, and takes the most preferred one that answers, as {@link pickEngine} says; it does not wait for those after it.
 *
 * Throws `ENGINE_UNREACHABLE` and `NO_ENGINE` (kind `unreachable`) with what to install on this system.
 */
export async function chooseEngine(
  requested: "auto" | EngineName,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<ChosenEngine> {
  const chosen = new AbortController();
  const bound = AbortSignal.any([signal, chosen.signal, AbortSignal.timeout(probeLimit)]);
  const candidates = localCandidates(env).filter(({ engine }) => requested === "auto" || engine.name === requested);
  // One that is never passed over is asked alone: the programs of the others would only take its processor time.
  const alone = Boolean(env["BUILDKIT_HOST"]) && candidates[0]?.engine.name === "buildkit";
  const asked = candidates.slice(0, alone ? 1 : undefined).map((candidate) => askCandidate(candidate, bound));
  // One that is passed over may still fail after the choice.
  for (const answer of asked) answer.catch(() => undefined);
  try {
    const answers: Answer[] = [];
    for (const answer of asked) {
      answers.push(await answer);
      signal.throwIfAborted();
      const engine = pickEngine(requested, answers);
      if (engine) return engine;
    }
    throw noEngine(requested, answers, await otherAnswers(requested, env, signal));
  } finally {
    chosen.abort();
  }
}

async function askCandidate(candidate: Candidate, bound: AbortSignal): Promise<Answer> {
  try {
    return { ...candidate, info: await candidate.engine.probe(bound) };
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    if (error.kind !== "interrupted") return { ...candidate, error };
    const { name, endpoint } = candidate.engine;
    return {
      ...candidate,
      error: new ArchwayError({
        code: "ENGINE_UNREACHABLE",
        kind: "unreachable",
        message: `${nameOf({ name, endpoint })} gave no answer within ${probeLimit / 1000} s.`,
      }),
    };
  }
}

/**
 * The engine to use after these answers, in the order of preference; nothing when none can be used. The reason tells which were passed over and why. A
 * BuildKit that `BUILDKIT_HOST` names is never passed over: when it does not answer, its error is thrown.
 */
export function pickEngine(requested: "auto" | EngineName, answers: readonly Answer[]): ChosenEngine | undefined {
  const passedOver: string[] = [];
  for (const answer of answers) {
    const { engine, reason } = answer;
    if ("info" in answer) {
      const why = requested === "auto" ? reason : `--engine ${requested}`;
      return { engine, info: answer.info, reason: [why, ...passedOver].join("; ") };
    }
    if (engine.name === "buildkit" && reason.startsWith("BUILDKIT_HOST")) throw answer.error;
    passedOver.push(firstLine(answer.error.message).replace(/\.$/, ""));
  }
  return undefined;
}

/** The engines besides the requested one that answer on this machine, the preferred first. */
async function otherAnswers(
  requested: "auto" | EngineName,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<readonly EngineInfo[]> {
  if (requested === "auto") return [];
  const bound = AbortSignal.any([signal, AbortSignal.timeout(probeLimit)]);
  const others = localCandidates(env).filter(({ engine }) => engine.name !== requested);
  const answers = await Promise.all(others.map((candidate) => askCandidate(candidate, bound)));
  signal.throwIfAborted();
  return answers.flatMap((answer) => ("info" in answer ? [answer.info] : []));
}

/** The error of a machine where no engine that is wanted answers: what was said, which others answer, else what to install. */
export function noEngine(
  requested: "auto" | EngineName,
  answers: readonly Answer[],
  others: readonly EngineInfo[],
): ArchwayError {
  const wanted = requested === "auto" ? "No build engine" : `No ${requested}`;
  const silent = answers.flatMap((answer) => ("error" in answer ? [`  ${firstLine(answer.error.message)}`] : []));
  const hints = answers.flatMap((answer) => ("error" in answer ? (answer.error.hint ?? []) : []));
  const names = [...new Set(others.map(({ name }) => name))];
  const instead =
    names.length === 0
      ? undefined
      : `Here ${names.join(" and ")} ${names.length === 1 ? "answers" : "answer"}: give --engine ${names[0]}, or leave --engine out.`;
  return new ArchwayError({
    code: "NO_ENGINE",
    kind: "unreachable",
    message: [`${wanted} answers on this machine.`, ...silent].join("\n"),
    hint: [instead, requested === "auto" ? undefined : hints[0]].filter(Boolean).join(" ") || install(),
  });
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

function nameOf({ name, endpoint }: Pick<Engine, "name" | "endpoint">): string {
  return endpoint === "" ? name : `${name} ${endpoint}`;
}

function install(): string {
  return installHint(process.platform, osRelease());
}

function osRelease(): string {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    // A system without the file gets the general hint.
    return "";
  }
}
