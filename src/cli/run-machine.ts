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

/** What this machine runs, of some architectures. */
async function describeMachine({ signal, env }: CliContext, architectures?: readonly string[]): Promise<LocalMachine> {
  const { platform, native, emulators } = describeHost(await probeMachine(signal, env, architectures));
  const linux = platform.os === "linux" ? platform : { ...platform, os: "linux" };
  return {
    platform: linux,
    native: native.length === 0 ? [linux] : native,
    emulated: emulators.flatMap((emulator) => emulator.platforms),
  };
}

/** What this machine runs of what a plan needs. Throws `PLATFORM_UNAVAILABLE` (kind `failed`) for the first job that nothing here can run, with all that it can. */
export async function localMachine(context: CliContext, plan: RunPlan, options: RunOptions): Promise<LocalMachine> {
  const platforms = [...plan.config.platforms, ...plan.graph.jobs.flatMap(({ platform }) => platform ?? [])];
  const machine = await describeMachine(context, [...new Set(platforms.map(({ architecture }) => architecture))]);
  try {
    requirePlatforms(plan, machine, options);
  } catch {
    requirePlatforms(plan, await describeMachine(context), options);
  }
  return machine;
}

function requirePlatforms({ config, graph }: RunPlan, machine: LocalMachine, { emulation }: RunOptions): void {
  for (const job of graph.jobs) {
    if (job.work.kind === "steps" && job.skip === undefined)
      choosePlatform(job, machine, { platforms: config.platforms, emulation });
  }
}

/** Opens the engine of a run and removes what killed runs left in it; undefined when no job needs one. Throws what the engine says. */
export async function openEngine(
  context: CliContext,
  { config, graph }: RunPlan,
  options: RunOptions,
  place: { readonly secrets: ReadonlyMap<string, string>; readonly owner: string; readonly folder: string },
): Promise<DockerEngine | undefined> {
  if (!graph.jobs.some(({ work: { kind } }) => kind === "steps")) return undefined;
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
