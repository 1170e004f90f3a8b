import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { DockerEngine, type ImageSources } from "../job/containerizer/docker-engine.ts";
import { readEndpoint } from "../job/containerizer/engine-endpoint.ts";
import { EngineHttp } from "../job/containerizer/engine-http.ts";
import { findEngine } from "../job/containerizer/find-engine.ts";
import { removeLeftovers } from "../job/containerizer/remove-leftovers.ts";
import { chooseDriver, type CloneDriver } from "../job/volumizer/clone/driver.ts";
import type { PlannedJob } from "../pipeline/job-spec.ts";
import { describeHost } from "../platform/host.ts";
import { formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";
import { probeMachine } from "../platform/probe.ts";
import { demandOf } from "../run/job-demand.ts";
import { type Machine, placeJob, thisMachine } from "../run/place-job.ts";
import type { CliContext } from "./context.ts";
import { workFolder } from "./folders.ts";
import { openNodes, platformsOf, type RunNode, sizeOf, tryPlatforms } from "./run-nodes.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunPlan } from "./run-plan.ts";

/** A machine of a run with its engine. */
export interface RunMachine extends Machine {
  readonly engine: DockerEngine;
  /** Where its engine is, as it was written. */
  readonly endpoint: string;
  /** Whether its engine mounts files of the machine that this process is on. */
  readonly seesFiles: boolean;
  /** How files are cloned for its jobs, where it is this machine. */
  readonly driver?: CloneDriver;
}

/** What machines are opened with. */
export interface MachineParts {
  readonly plan: RunPlan;
  readonly options: RunOptions;
  readonly images: ImageSources;
  /** Whether what a process left has to stay. */
  readonly isInUse: (owner: string) => Promise<boolean | undefined>;
}

/**
 * Opens the machines that a run's jobs with steps need, this one first, and removes what killed runs left in their engines. None when no job needs one.
 *
 * @throws ArchwayError kind `unreachable`: `NO_RUNNER`, `ENGINE_LOST`; kind `input`: `ENDPOINT_INVALID`, `NODE_PLATFORM`, `DRIVER_UNUSABLE`; kind `failed`: `PLATFORM_UNAVAILABLE` for the first job that no machine runs
 */
export async function openMachines(context: CliContext, parts: MachineParts): Promise<readonly RunMachine[]> {
  const { plan, options } = parts;
  const jobs = plan.graph.jobs.filter(({ work, skip }) => work.kind === "steps" && skip === undefined);
  if (jobs.length === 0) return openForHandlers(context, parts);
  const wanted = platformsOf(jobs);
  const opened: RunMachine[] = [];
  try {
    const own = await openOwn(context, parts, jobs);
    if (!(own instanceof ArchwayError)) opened.push(own);
    const nodes = await openNodes(context, parts, { jobs, own: opened.flatMap(({ native }) => native) });
    opened.push(...nodes.machines);
    requireNodes(nodes.lost, { machines: opened, wanted }, context);
    if (own instanceof ArchwayError && opened.length === 0) throw own;
    for (const { engine } of nodes.machines) await removeLeftovers(engine, parts.isInUse, context.signal);
    const idle = opened.map((machine) => ({ ...machine, running: [] }));
    for (const job of jobs) placeJob(job, idle, { platforms: plan.config.platforms, emulation: options.emulation });
    return opened;
  } catch (error) {
    await closeMachines(opened);
    throw error;
  }
}

/** What failure handlers run on when no job has steps: without an engine they cannot, and a warning tells it. */
async function openForHandlers(context: CliContext, parts: MachineParts): Promise<readonly RunMachine[]> {
  if (parts.plan.graph.jobs.every(({ onFailure }) => onFailure.length === 0)) return [];
  try {
    const own = await openOwn(context, parts, []);
    if (own instanceof ArchwayError) throw own;
    return [own];
  } catch (error) {
    if (!(error instanceof ArchwayError && error.kind === "unreachable")) throw error;
    context.stderr.write(`warning: failure handlers cannot run: ${error.message}\n`);
    return [];
  }
}

/** Removes what was loaded for this process, and ends the connections. */
export async function closeMachines(machines: readonly RunMachine[]): Promise<void> {
  // A machine that has gone is cleaned by a later run.
  await Promise.allSettled(machines.map(({ engine }) => engine.close(AbortSignal.timeout(30_000))));
}

/** The engine of `--host`, of the environment, or of this machine, without what killed runs left in it; the error that says so when there is none, where nodes may be enough. */
async function openOwn(
  context: CliContext,
  { plan, options, images, isInUse }: MachineParts,
  jobs: readonly PlannedJob[],
): Promise<RunMachine | ArchwayError> {
  const { env, signal, stderr } = context;
  const wanted = platformsOf(jobs);
  let found: string;
  try {
    found = await findEngine(options.host, env);
  } catch (error) {
    if (error instanceof ArchwayError && error.code === "NO_RUNNER") return error;
    throw error;
  }
  const endpoint = readEndpoint(found, env);
  if (endpoint.warning !== undefined) stderr.write(`warning: ${endpoint.warning}\n`);
  const ask = () => askOwn(context, { endpoint: endpoint.shown, owner: images.owner, plan, wanted });
  // The engine answers meanwhile.
  const early = endpoint.shown.startsWith("unix:") && process.platform === "linux" ? ask() : undefined;
  early?.catch(() => undefined);
  let engine: DockerEngine | undefined;
  try {
    engine = await DockerEngine.open(await EngineHttp.open(endpoint, env), images, signal);
    const [seesFiles] = await Promise.all([
      engine.seesFiles(workFolder(env), signal),
      removeLeftovers(engine, isInUse, signal),
    ]);
    const { platform } = engine.describe();
    // Podman takes its time to tell.
    const isSizeAsked = jobs.some(({ work }) => Object.keys(demandOf(work)).length > 0);
    const size = isSizeAsked ? sizeOf(await engine.size(signal)) : {};
    const common = { slots: options.jobs, ...size, engine, endpoint: found, seesFiles };
    if (seesFiles && process.platform === "linux") return { name: thisMachine, ...(await (early ?? ask())), ...common };
    const others = wanted.filter((one) => !samePlatform(one, platform));
    const runs = await tryPlatforms(engine, others, { run: plan.run, owner: images.owner }, signal);
    return {
      name: endpoint.shown,
      platform,
      native: [platform, ...runs.native],
      emulated: runs.emulated,
      ...common,
    };
  } catch (error) {
    await engine?.close(AbortSignal.timeout(30_000)).catch(() => undefined);
    throw error;
  } finally {
    await early?.catch(() => undefined);
  }
}

/** What this machine runs and how files are cloned on it: both, or when both have ended the error of one. */
async function askOwn(
  context: CliContext,
  about: {
    readonly endpoint: string;
    readonly owner: string;
    readonly plan: RunPlan;
    readonly wanted: readonly Platform[];
  },
): Promise<Pick<RunMachine, "platform" | "native" | "emulated" | "driver">> {
  const asked = [describeOwn(context, about.plan, about.wanted), openDriver(context, about)] as const;
  await Promise.allSettled(asked);
  const [host, driver] = await Promise.all(asked);
  return { ...host, driver };
}

/** The quickest way to clone files that works here. It is tried in the folder of this process, of which nothing is left: that there will be a run is not known yet. */
async function openDriver(
  { env, signal }: CliContext,
  { endpoint, owner }: { readonly endpoint: string; readonly owner: string },
): Promise<CloneDriver> {
  const folder = join(workFolder(env), owner);
  const forced = env["ARCHWAY_WORKSPACE_DRIVER"];
  try {
    return await chooseDriver({ folder, endpoint, forced }, signal);
  } finally {
    // The clone of a source may be there.
    await rmdir(folder).catch(() => undefined);
  }
}

/** What this machine runs: asked only about the platforms of the pipeline, unless it does not run one that is wanted and all that it runs has to be told. */
async function describeOwn(
  { env, signal }: CliContext,
  { config }: RunPlan,
  wanted: readonly Platform[],
): Promise<Pick<Machine, "platform" | "native" | "emulated">> {
  const describe = async (architectures?: readonly string[]) => {
    const host = describeHost(await probeMachine(signal, env, architectures));
    const native = host.native.length === 0 ? [host.platform] : host.native;
    return { platform: host.platform, native, emulated: host.emulators.flatMap(({ platforms }) => platforms) };
  };
  const own = await describe([...config.platforms, ...wanted].map(({ architecture }) => architecture));
  const runs = (platform: Platform) => [...own.native, ...own.emulated].some((one) => samePlatform(one, platform));
  return wanted.every(runs) ? own : describe();
}

/** A node that does not answer is never left out silently: with another machine for what the jobs want of it it is a warning, else its error is thrown. */
function requireNodes(
  lost: readonly { readonly node: RunNode; readonly error: ArchwayError }[],
  { machines, wanted }: { readonly machines: readonly Machine[]; readonly wanted: readonly Platform[] },
  { stderr }: CliContext,
): void {
  const has = (list: readonly Platform[], platform: Platform) => list.some((one) => samePlatform(one, platform));
  for (const { node, error } of lost) {
    const isCovered = node.platforms.every(
      (platform) => !has(wanted, platform) || machines.some(({ native }) => has(native, platform)),
    );
    if (!isCovered) throw error;
    const names = node.platforms.map(formatPlatform).join(", ");
    stderr.write(`warning: the node for ${names} is left out: ${error.message}\n`);
  }
}
