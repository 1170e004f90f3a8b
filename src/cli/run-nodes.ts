import { ArchwayError } from "../error/error.ts";
import { DockerEngine } from "../job/containerizer/docker-engine.ts";
import { readEndpoint } from "../job/containerizer/engine-endpoint.ts";
import { EngineHttp } from "../job/containerizer/engine-http.ts";
import { formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";
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
 * Opens the nodes for the platforms of a run's jobs, all at once, and makes sure that each is what it was named for: told by its daemon, or tried with a tiny program, never believed.
 *
 * @throws ArchwayError kind `input`: `ENDPOINT_INVALID`, `NODE_PLATFORM`
 */
export async function openNodes(
  context: CliContext,
  parts: MachineParts,
  wanted: readonly Platform[],
): Promise<OpenedNodes> {
  const nodes = nodesOf(parts).filter(({ platforms }) => platforms.some((one) => has(wanted, one)));
  const results = await Promise.allSettled(nodes.map((node) => openNode(node, context, parts)));
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
    const { processors } = await engine.size(within);
    const seesFiles = await engine.seesFiles(workFolder(env), within);
    return {
      name: endpoint.shown,
      platform,
      native: node.platforms,
      emulated: [],
      slots: processors,
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
