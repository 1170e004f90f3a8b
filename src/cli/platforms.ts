import { loadConfig } from "../config/config.ts";
import { engineOfEndpoint, localCandidates, openEngine } from "../engine/discover.ts";
import { describeHost } from "../platform/host.ts";
import type { MachineFacts } from "../platform/machine.ts";
import {
  type EngineEntry,
  formatPlatforms,
  platformsJson,
  type PlatformsReport,
  type UnreachableEngine,
} from "../report/platforms.ts";
import { probeMachine } from "../platform/probe.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import type { CliContext } from "./context.ts";
import type { Format } from "./parse-option.ts";
import { probeEngines } from "./probe-engines.ts";

/** What the user asked of `archway platforms`. */
export interface PlatformsOptions {
  readonly format: Format;
  /** As given; absent means the `.archway.yaml` of the repository. */
  readonly config?: string;
}

/** What `archway platforms` asks; both answer side by side. */
export interface PlatformsSources {
  readonly machine: (signal: AbortSignal) => Promise<MachineFacts>;
  /** The engines of this machine and of the configuration; one that does not answer is no error. */
  readonly engines: (
    signal: AbortSignal,
  ) => Promise<{ readonly engines: readonly EngineEntry[]; readonly unreachable: readonly UnreachableEngine[] }>;
}

/** Milliseconds that an engine has to answer. */
const engineLimit = 700;

/** `archway platforms`: prints what this machine runs, emulates and builds with. */
export async function runPlatforms(context: CliContext, options: PlatformsOptions): Promise<number> {
  const { cwd, env } = context;
  const config = await loadConfig({ directory: cwd, file: options.config });
  const local = localCandidates({ ...env }).map(({ engine }) => engine);
  const named = new Set(config.nodes.flatMap(({ endpoints }) => endpoints));
  const nodes = [...named]
    .filter((endpoint) => !local.some((engine) => engine.endpoint === endpoint))
    .map((endpoint) => openEngine(engineOfEndpoint(endpoint), endpoint, { ...env }));
  return showPlatforms(context, options.format, {
    machine: (signal) => probeMachine(signal, env),
    engines: (signal) => probeEngines([...local, ...nodes], engineLimit, signal),
  });
}

/** Width of the text where there is no terminal. */
const plainColumns = 120;

/** Asks the sources and prints what they say. Returns 0: a machine is what it is. */
export async function showPlatforms(context: CliContext, format: Format, sources: PlatformsSources): Promise<number> {
  const [facts, found] = await Promise.all([sources.machine(context.signal), sources.engines(context.signal)]);
  const report: PlatformsReport = { host: describeHost(facts), ...found };
  const { stdout, env } = context;
  const text =
    format === "json"
      ? JSON.stringify(platformsJson(report), null, 2)
      : formatPlatforms(report, {
          style: makeStyle(usesColor(stdout, env)),
          columns: stdout.columns || plainColumns,
        }).join("\n");
  stdout.write(`${text}\n`);
  return 0;
}
