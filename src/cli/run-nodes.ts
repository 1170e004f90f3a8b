import { ArchwayError } from "../error/error.ts";
import type { Labels } from "../job/containerizer/containerizer.ts";
import { DockerEngine } from "../job/containerizer/docker-engine.ts";
import { readEndpoint } from "../job/containerizer/engine-endpoint.ts";
import type { MachineSize } from "../job/containerizer/engine-facts.ts";
import { EngineHttp } from "../job/containerizer/engine-http.ts";
import { formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";
import type { PlannedJob } from "../pipeline/job-spec.ts";
import type { Machine } from "../run/place-job.ts";
import type { CliContext } from "./context.ts";
import { workFolder } from "./folders.ts";
import type { MachineParts, RunMachine } from "./run-machine.ts";

/** Milliseconds that a node has to say what it is. */
const patience = 30_000;

/** Milliseconds that removing what was loaded into a node that is left out may take. */
const farewell = 5_000;

/** A node and the platforms that it was named for. */
export interface RunNode {
  readonly endpoint: string;
  readonly platforms: readonly Platform[];
  /** Named on the command line, not by the configuration, whose nodes may be builders that run no jobs. */
  readonly isAsked: boolean;
}

/** The nodes of a run that answer, and those that do not. */
export interface OpenedNodes {
  readonly machines: readonly RunMachine[];
  readonly lost: readonly { readonly node: RunNode; readonly error: ArchwayError }[];
}

/**
 * Opens the nodes for the platforms of a run's jobs, all at once, and makes sure that each is what it was named for: told by its daemon, or tried with a tiny program, never believed. Where a platform has no native
 * machine, or a job goes wherever it ends first, all nodes are tried for it: one may have an emulator.
 *
 * @param own platforms that the machine of the run itself is native for
 * @throws ArchwayError kind `input`: `ENDPOINT_INVALID`, `NODE_PLATFORM`
 */
export async function openNodes(
  context: CliContext,
  parts: MachineParts,
  { jobs, own }: { readonly jobs: readonly PlannedJob[]; readonly own: readonly Platform[] },
): Promise<OpenedNodes> {
  const all = nodesOf(parts);
  const wanted = platformsOf(jobs);
  const named = [...own, ...all.flatMap(({ platforms }) => platforms)];
  const open = wanted.filter((platform) => !has(named, platform));
  const auto = parts.options.emulation ? platformsOf(jobs.filter(({ emulation }) => emulation === "auto")) : [];
  const tries = [...open, ...auto.filter((platform) => !has(open, platform))];
  const nodes =
    tries.length > 0 ? all : all.filter(({ platforms }) => platforms.some((platform) => has(wanted, platform)));
  const results = await Promise.allSettled(nodes.map((node) => openNode(node, tries, context, parts)));
  const machines = results.flatMap((result) => (result.status === "fulfilled" ? (result.value ?? []) : []));
  const lost = results.flatMap((result, index) => {
    const node = nodes[index];
    if (result.status === "fulfilled" || node === undefined) return [];
    const error: unknown = result.reason;
    return [{ node, error }];
  });
  for (const { error } of lost) {
    if (error instanceof ArchwayError && error.kind === "unreachable") continue;
    await Promise.allSettled(machines.map(({ engine }) => engine.close(AbortSignal.timeout(patience))));
    throw error;
  }
  return {
    machines,
    lost: lost.flatMap(({ node, error }) => (error instanceof ArchwayError ? [{ node, error }] : [])),
  };
}

/** The nodes of the command line, and the configuration's for platforms that it names none for, as `archway build` takes them; one for each endpoint. */
function nodesOf({ plan, options }: MachineParts): readonly RunNode[] {
  const asked = options.nodes.map(({ platform, endpoint }) => ({ platform, endpoint, isAsked: true }));
  const configured = plan.config.nodes
    .filter(({ platform }) => !asked.some((one) => samePlatform(one.platform, platform)))
    .flatMap(({ platform, endpoints }) => endpoints.map((endpoint) => ({ platform, endpoint, isAsked: false })));
  const byEndpoint = Map.groupBy([...asked, ...configured], ({ endpoint }) => endpoint);
  return [...byEndpoint].map(([endpoint, all]) => ({
    endpoint,
    platforms: all.map(({ platform }) => platform),
    isAsked: all.some(({ isAsked }) => isAsked),
  }));
}

/** A node with its engine; undefined for one of the configuration that only builds. */
async function openNode(
  node: RunNode,
  tries: readonly Platform[],
  { env, signal, stderr }: CliContext,
  { plan, images }: MachineParts,
): Promise<RunMachine | undefined> {
  if (!node.isAsked && !/^(unix|tcp|ssh):\/\//.test(node.endpoint)) return undefined;
  const endpoint = readEndpoint(node.endpoint, env);
  const within = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  let engine: DockerEngine | undefined;
  try {
    engine = await DockerEngine.open(await EngineHttp.open(endpoint, env), images, within);
    if (endpoint.warning !== undefined) stderr.write(`warning: ${endpoint.warning}\n`);
    const { platform } = engine.describe();
    const labels = { run: plan.run, owner: images.owner };
    for (const claimed of node.platforms) {
      const how = await engine.tryPlatform(claimed, labels, within);
      if (how !== "native") throw wrongPlatform(endpoint.shown, platform, claimed, how);
    }
    const others = tries.filter((one) => !has(node.platforms, one));
    const runs = await tryPlatforms(engine, others, labels, within);
    const size = await engine.size(within);
    const seesFiles = await engine.seesFiles(workFolder(env), within);
    return {
      name: endpoint.shown,
      platform,
      native: [...node.platforms, ...runs.native],
      emulated: runs.emulated,
      slots: size.processors,
      ...sizeOf(size),
      engine,
      endpoint: node.endpoint,
      seesFiles,
    };
  } catch (error) {
    const isSlow = !signal.aborted && within.aborted;
    // Also one that no more answers is not waited for long: a later run removes what is left in it.
    await engine?.close(AbortSignal.timeout(farewell)).catch(() => undefined);
    if (isNoEngine(error) && !node.isAsked) {
      stderr.write(
        `warning: ${endpoint.shown} of the configuration is no Docker or Podman engine: no jobs run there.\n`,
      );
      return undefined;
    }
    if (isSlow) throw tooSlow(endpoint.shown);
    throw error;
  }
}

/** How an engine runs platforms, by a tiny program of each; those that it does not run are in neither list. */
export async function tryPlatforms(
  engine: DockerEngine,
  platforms: readonly Platform[],
  labels: Labels,
  signal: AbortSignal,
): Promise<Pick<Machine, "native" | "emulated">> {
  const tried = await Promise.all(
    platforms.map(async (platform) => ({ platform, how: await engine.tryPlatform(platform, labels, signal) })),
  );
  const those = (how: "native" | "emulated") => tried.filter((one) => one.how === how).map(({ platform }) => platform);
  return { native: those("native"), emulated: those("emulated") };
}

/** The size of a machine, as far as its engine tells it. */
export function sizeOf({ processors, memory }: MachineSize): Pick<Machine, "size"> {
  return memory > 0 ? { size: { processors, memory } } : {};
}

/** The platforms of jobs that name one, each once. */
export function platformsOf(jobs: readonly PlannedJob[]): readonly Platform[] {
  const all = jobs.flatMap(({ platform }) => platform ?? []);
  return all.filter((platform, index) => all.findIndex((other) => samePlatform(other, platform)) === index);
}

/** Whether something answered that is no Docker Engine API, such as a BuildKit. */
function isNoEngine(error: unknown): boolean {
  if (!(error instanceof ArchwayError)) return false;
  if (error.code === "ENGINE_UNKNOWN") return true;
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  // Not HTTP, or a machine without a program of Docker or Podman.
  return code.startsWith("HPE_") || code === "EXIT_127";
}

function wrongPlatform(endpoint: string, own: Platform, claimed: Platform, how: "emulated" | undefined): ArchwayError {
  const [is, named] = [formatPlatform(own), formatPlatform(claimed)];
  const but = how === "emulated" ? `, and would only emulate ${named}` : `, and does not run ${named}`;
  return new ArchwayError({
    code: "NODE_PLATFORM",
    kind: "input",
    message: `The node ${endpoint} is named for ${named}, but it is ${is}${but}.`,
    hint: `Write --node ${is}=${endpoint}, or name another machine. What a node is, its engine tells; for a 32-bit system on a 64-bit kernel that is the 32-bit platform.`,
  });
}

function tooSlow(endpoint: string): ArchwayError {
  return new ArchwayError({
    code: "ENGINE_LOST",
    kind: "unreachable",
    message: `The container engine at ${endpoint} gave no answer within ${patience / 1000} s.`,
    hint: "Is the machine up, and is the way there open?",
  });
}

function has(list: readonly Platform[], platform: Platform): boolean {
  return list.some((one) => samePlatform(one, platform));
}
