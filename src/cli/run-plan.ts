import { dirname, relative, resolve } from "node:path";
import type { RunEventBody } from "../event/run-event.ts";
import { expandPipeline } from "../pipeline/expand-pipeline.ts";
import type { RunFacts } from "../pipeline/facts.ts";
import type { JobGraph } from "../pipeline/job-spec.ts";
import { refusalOf } from "../pipeline/match-event.ts";
import { formatPlatform } from "../platform/platform.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import type { CliContext } from "./context.ts";
import { stateFolder } from "./folders.ts";
import { loadPipeline, type PipelineConfig } from "./pipeline-plan.ts";
import { formatGraph } from "./pipeline-text.ts";
import { type Earlier, findEarlier } from "./run-earlier.ts";
import { localFacts, readChangedPaths, readGitFacts } from "./run-facts.ts";
import { identityOf, type RunIdentity } from "./run-identity.ts";
import { defaultInputs, requireInputs } from "./run-inputs.ts";
import type { RunOptions } from "./run-options.ts";
import { selectForRun } from "./run-select.ts";
import type { RunSource } from "./run-source.ts";

/** What one run is to do: nothing in it was started or asked for outside. */
export interface RunPlan {
  readonly config: PipelineConfig;
  /** Folder of the repository. */
  readonly folder: string;
  /** How a person names the repository, when it is not the working tree. */
  readonly source?: string;
  readonly identity: RunIdentity;
  /** Name of the run: its time first. */
  readonly run: string;
  readonly facts: RunFacts;
  readonly graph: JobGraph;
  /** What it takes from earlier runs. */
  readonly earlier: Earlier;
  /** Why the event starts nothing. */
  readonly refusal?: string;
}

/** Reads the pipeline and chooses the jobs that are asked for. Throws kind `input`: `JOB_UNKNOWN`, `INPUT_INVALID`, and what {@link loadPipeline} throws. */
export async function planRun(
  context: CliContext,
  names: readonly string[],
  options: RunOptions,
  source: Pick<RunSource, "name" | "repository" | "root" | "folder"> | undefined,
): Promise<RunPlan> {
  const home = source?.folder ?? context.cwd;
  // Git answers while the configuration is read, which is never looked for outside of the repository.
  const asked = options.config === undefined || source !== undefined ? home : dirname(resolve(options.config));
  const reading = readGitFacts(asked, context);
  reading.catch(() => undefined);
  const config = await loadPipeline({ cwd: home }, options.config);
  // A configuration that is named may lie anywhere; a source is then taken as it is.
  const folder = options.config !== undefined && source !== undefined ? source.folder : dirname(config.file);
  const run = `${new Date(context.now()).toISOString().replace(/\D/g, "").slice(0, 14)}-${process.pid}`;
  requireInputs(config, options);
  const inputs = { ...defaultInputs(config), ...options.inputs };
  const changedPaths = await readChangedPaths(folder, options, context);
  const found = { ...(await reading), ...(changedPaths === undefined ? {} : { changedPaths }) };
  const facts = localFacts(run, found, { ...options, inputs });
  const refusal = options.event === undefined ? undefined : refusalOf(config.on, facts);
  const all = expandPipeline(config, facts);
  const selected = selectForRun(all.jobs, names, options);
  const jobs = refusal === undefined ? selected : [];
  const identity = identityOf(config.file, source);
  const about = {
    pipeline: identity.pipeline,
    command: source === undefined ? "archway run" : `archway run --source '${source.name}'`,
  };
  const earlier = await findEarlier(stateFolder(context.env), about, options.only ? jobs : []);
  const parts = {
    config,
    folder,
    ...(source === undefined ? {} : { source: source.name }),
    identity,
    run,
    facts,
    graph: { ...all, jobs },
    earlier,
  };
  return refusal === undefined ? parts : { ...parts, refusal };
}

/** The jobs that would run, as the result of `--plan`. */
export function showRunPlan({ stdout, env }: CliContext, { config, folder, source, facts, graph }: RunPlan): void {
  const style = makeStyle(usesColor(stdout, env));
  const format = { columns: stdout.columns || 120, style };
  stdout.write(
    `${formatGraph(graph, `${source === undefined ? config.file : `${relative(folder, config.file)} of ${source}`} for ${facts.event}`, format).join("\n")}\n`,
  );
}

/** The first event of a run. */
export function startEvent({ run, facts, config, graph }: RunPlan): RunEventBody {
  const { number, event, branch, tag, sha } = facts;
  return {
    type: "run-started",
    version: 1,
    run,
    number,
    event,
    ...(branch === "" ? {} : { branch }),
    ...(tag === "" ? {} : { tag }),
    ...(sha === "" ? {} : { commit: sha }),
    platforms: config.platforms.map(formatPlatform),
    jobs: graph.jobs.map(({ id, name, work, platform, needs, mayFail }) => ({
      job: id,
      name,
      kind: work.kind,
      ...(platform === undefined ? {} : { platform: formatPlatform(platform) }),
      needs,
      ...(mayFail ? { mayFail } : {}),
    })),
  };
}

/** What the jobs of a run find in their environment. */
export function variablesOf({ run, number, event, branch, tag, sha }: RunFacts): Readonly<Record<string, string>> {
  return {
    CI: "true",
    ARCHWAY: "true",
    ARCHWAY_RUN: run,
    ARCHWAY_RUN_NUMBER: String(number),
    ARCHWAY_EVENT: event,
    ARCHWAY_BRANCH: branch,
    ARCHWAY_TAG: tag,
    ARCHWAY_COMMIT: sha,
  };
}
