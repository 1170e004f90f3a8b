import { ArchwayError } from "../error/error.ts";
import { DockerEngine } from "../job/containerizer/docker-engine.ts";
import { readEndpoint } from "../job/containerizer/engine-endpoint.ts";
import { EngineHttp } from "../job/containerizer/engine-http.ts";
import { findEngine } from "../job/containerizer/find-engine.ts";
import { removeLeftovers } from "../job/containerizer/remove-leftovers.ts";
import { describeHost } from "../platform/host.ts";
import { probeMachine } from "../platform/probe.ts";
import { choosePlatform, type LocalMachine } from "../run/choose-platform.ts";
import { isRunning } from "../store/process-mark.ts";
import type { CliContext } from "./context.ts";
import { openRegistries } from "./registries.ts";
import { imageSources } from "./run-images.ts";
import { loginOf } from "./run-logins.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunPlan } from "./run-plan.ts";

/** What this machine runs. */
export async function localMachine({ signal, env }: CliContext): Promise<LocalMachine> {
  const { platform, native, emulators } = describeHost(await probeMachine(signal, env));
  const linux = platform.os === "linux" ? platform : { ...platform, os: "linux" };
  return {
    platform: linux,
    native: native.length === 0 ? [linux] : native,
    emulated: emulators.flatMap((emulator) => emulator.platforms),
  };
}

/** Throws `PLATFORM_UNAVAILABLE` (kind `failed`) for the first job that nothing here can run. */
export function requirePlatforms({ config, graph }: RunPlan, machine: LocalMachine, { emulation }: RunOptions): void {
  for (const job of graph.jobs) {
    if (job.work.kind === "steps" && job.skip === undefined)
      choosePlatform(job, machine, { platforms: config.platforms, emulation });
  }
}

interface EnginePlace {
  readonly secrets: ReadonlyMap<string, string>;
  readonly owner: string;
  readonly folder: string;
}

/**
 * Opens the engine of a run and removes what killed runs left in it; undefined when no job needs one. Throws what the engine says, unless only failure handlers need it: then a warning tells it.
 */
export async function openEngine(
  context: CliContext,
  plan: RunPlan,
  options: RunOptions,
  place: EnginePlace,
): Promise<DockerEngine | undefined> {
  const { jobs } = plan.graph;
  if (jobs.some(({ work: { kind } }) => kind === "steps")) return open(context, plan, options, place);
  if (jobs.every(({ onFailure }) => onFailure.length === 0)) return undefined;
  try {
    return await open(context, plan, options, place);
  } catch (error) {
    if (!(error instanceof ArchwayError && error.kind === "unreachable")) throw error;
    context.stderr.write(`warning: failure handlers cannot run: ${error.message}\n`);
    return undefined;
  }
}

async function open(
  context: CliContext,
  { config }: RunPlan,
  options: RunOptions,
  place: EnginePlace,
): Promise<DockerEngine> {
  const { env, signal } = context;
  const { insecureRegistries } = options;
  const login = loginOf(config, place.secrets);
  const registries = openRegistries({ registries: config.registries, insecureRegistries, login }, context);
  const images = imageSources(registries, login, place);
  const endpoint = readEndpoint(await findEngine(options.host, env), env);
  if (endpoint.warning !== undefined) context.stderr.write(`warning: ${endpoint.warning}\n`);
  const engine = await DockerEngine.open(await EngineHttp.open(endpoint, env), images, signal);
  await removeLeftovers(engine, isRunning, signal);
  return engine;
}
