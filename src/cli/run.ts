import { dirname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { ArchwayError, exitCodes } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import { EventLog } from "../event/event-log.ts";
import { RunProjection } from "../event/project-run.ts";
import type { RunEventBody } from "../event/run-event.ts";
import { DockerEngine } from "../job/containerizer/docker-engine.ts";
import { findEngine } from "../job/containerizer/find-engine.ts";
import { removeLeftovers } from "../job/containerizer/remove-leftovers.ts";
import { runStepsJob } from "../job/run-job.ts";
import type { JobResult, StepsJob } from "../job/steps-job.ts";
import { removeAbandonedWorkspaces, removeOldRuns, Volumizer } from "../job/volumizer/volumizer.ts";
import { hashFiles, readWorkingTree } from "../job/volumizer/working-tree.ts";
import { expandPipeline } from "../pipeline/expand-pipeline.ts";
import { namesOfRun, type RunFacts } from "../pipeline/facts.ts";
import { resolveImages } from "../pipeline/images/resolve-images.ts";
import type { JobGraph, JobSpec } from "../pipeline/job-spec.ts";
import { refusalOf } from "../pipeline/match-event.ts";
import { describeHost } from "../platform/host.ts";
import { formatPlatform } from "../platform/platform.ts";
import { probeMachine } from "../platform/probe.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { choosePlatform, selectJobs, type LocalMachine } from "../run/choose-platform.ts";
import { joinGroup } from "../run/concurrency-group.ts";
import { runPipeline } from "../run/run-pipeline.ts";
import { nextRunNumber } from "../run/run-number.ts";
import { isRunning, processMark } from "../store/process-mark.ts";
import type { CliContext } from "./context.ts";
import { cacheFolder, stateFolder } from "./folders.ts";
import { loadPipeline, readPlaces, type PipelineConfig } from "./pipeline-plan.ts";
import { tellProblems } from "./pipeline-problems.ts";
import { formatGraph } from "./pipeline-text.ts";
import { openRegistries } from "./registries.ts";
import { approve } from "./run-approve.ts";
import { type CommandJobs, performBuild, performImage, performPromote, performVerify } from "./run-commands.ts";
import { localFacts } from "./run-facts.ts";
import { imageSources, type Login } from "./run-images.ts";
import { defaultInputs, requireInputs } from "./run-inputs.ts";
import { dockerConfig, loginOf } from "./run-logins.ts";
import type { RunOptions } from "./run-options.ts";
import { readSecrets, requireSecrets } from "./run-secrets.ts";
import { formatSummary, PlainRun } from "./run-show.ts";
import { summarize } from "./run-summary.ts";

/** Runs before this one whose events, artifacts and images stay. */
const keptRuns = 30;

/** Bytes and seconds that caches of jobs may take. */
const cacheLimits = { bytes: 20 * 1024 ** 3, age: 30 * 86_400 };

/** `archway run`: runs the repository's pipeline here. Returns 0, or 1 when a job failed. */
export async function runRun(context: CliContext, names: readonly string[], options: RunOptions): Promise<number> {
  const config = await loadPipeline(context, options.config);
  const { file } = config;
  const folder = dirname(file);
  const run = `${new Date(context.now()).toISOString().replace(/\D/g, "").slice(0, 14)}-${process.pid}`;
  requireInputs(config, options);
  const given = { ...defaultInputs(config), ...options.inputs };
  const facts = await localFacts(folder, run, { ...options, inputs: given }, context.signal);
  const refusal = options.event === undefined ? undefined : refusalOf(config.on, facts);
  if (refusal !== undefined) {
    context.stderr.write(`Nothing to run: ${refusal}.\n`);
    return 0;
  }
  const all = expandPipeline(config, facts);
  const graph = { ...all, jobs: selectJobs(all.jobs, names, options.platforms, unknownJob) };
  if (options.plan) {
    const style = makeStyle(usesColor(context.stdout, context.env));
    const lines = formatGraph(graph, `${file} for ${facts.event}`, { columns: context.stdout.columns || 120, style });
    context.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  }
  const secrets = await readSecrets(context, options);
  requireSecrets(graph, secrets);
  const machine = await localMachine(context);
  for (const job of graph.jobs) {
    if (job.work.kind === "steps" && job.skip === undefined)
      choosePlatform(job, machine, { platforms: config.platforms, emulation: options.emulation });
  }
  const lacking = await checkImages(context, config, graph, facts, { ...options, login: loginOf(config, secrets) });
  if (lacking !== 0) return lacking;
  const number = nextRunNumber(join(stateFolder(context.env), "run-numbers.sqlite"), folder);
  const counted = { ...facts, number };
  return execute(context, { config, folder, run, facts: counted, graph, options, secrets, machine });
}

/** Looks up the images of all jobs before anything runs: 0, or the exit code of what is wrong with them. */
async function checkImages(
  context: CliContext,
  config: PipelineConfig,
  graph: JobGraph,
  facts: RunFacts,
  { insecureRegistries, login }: RunOptions & { readonly login: Login },
): Promise<number> {
  const access = { registries: config.registries, insecureRegistries, login };
  const { registries, resolve } = openRegistries(access, context);
  try {
    const sources = { find: resolve, placeOf: await readPlaces(config), known: namesOfRun(facts) };
    const { problems } = await resolveImages(graph, sources, context.signal);
    // What could not be asked for may be in the engine: the job that needs it tells.
    const certain = problems.filter(({ kind }) => kind !== "unreachable");
    for (const { message } of problems.filter((one) => !certain.includes(one)))
      context.stderr.write(`warning: ${message}; going on with what the engine has\n`);
    return tellProblems(context, certain);
  } finally {
    await registries.close();
  }
}

interface Work {
  readonly config: Config;
  readonly folder: string;
  readonly run: string;
  readonly facts: RunFacts;
  readonly graph: JobGraph;
  readonly options: RunOptions;
  readonly secrets: ReadonlyMap<string, string>;
  readonly machine: LocalMachine;
}

async function execute(context: CliContext, work: Work): Promise<number> {
  const { config, folder, run, facts, graph, options, secrets } = work;
  const { signal, env, stderr, stdout } = context;
  const state = stateFolder(env);
  const runFolder = join(state, "runs", run);
  const eventFile = join(runFolder, "events.jsonl");
  const owner = await processMark();
  const login = loginOf(config, secrets);
  const registries = openRegistries(
    { registries: config.registries, insecureRegistries: options.insecureRegistries, login },
    context,
  );
  const needsEngine = graph.jobs.some(({ work: { kind } }) => kind === "steps");
  const engine = needsEngine
    ? await DockerEngine.open(
        await findEngine(options.host, env),
        imageSources(registries, login, { owner, folder: runFolder }),
        signal,
      )
    : undefined;
  if (engine !== undefined) await removeLeftovers(engine, isRunning, signal);
  await removeAbandonedWorkspaces(state, isRunning);
  await removeOldRuns(state, keptRuns);
  const volumizer = new Volumizer({ stateFolder: state, cacheFolder: cacheFolder(env), owner, run });
  const checkout = await volumizer.snapshot(await readWorkingTree(folder, signal), signal);
  const privateFolder = await volumizer.openPrivate();
  const log = await EventLog.create(eventFile, context.now);
  const projection = new RunProjection();
  const style = makeStyle(usesColor(stderr, env));
  const plain = new PlainRun(stderr, style);
  log.onEvent((event) => {
    projection.apply(event);
    if (options.progress === "plain") plain.show(event);
    else if (options.progress === "json") stderr.write(`${JSON.stringify(event)}\n`);
  });
  const emit = (event: RunEventBody) => log.append(event);
  const started = context.now();
  try {
    await emit(startEvent(work));
    const hosts = Object.keys(config.registries);
    const commands: CommandJobs = {
      context,
      folder,
      runFolder,
      privateFolder,
      configFile: config.file ?? "",
      publish: options.publish,
      insecureRegistries: options.insecureRegistries,
      dockerConfig: dockerConfig(hosts, login),
      secrets,
      images: new Map(),
      emit,
    };
    const performSteps = async (
      job: StepsJob | (JobSpec & { readonly work: StepsJob["work"] }),
      within: AbortSignal,
    ): Promise<JobResult> => {
      if (engine === undefined) throw new TypeError("a steps job without an engine");
      const { platform, mode, reason } = choosePlatform(job, work.machine, {
        platforms: config.platforms,
        emulation: options.emulation,
      });
      await emit({
        type: "placed",
        job: job.id,
        machine: "this machine",
        platform: formatPlatform(platform),
        mode,
        reason,
      });
      const surroundings = {
        run,
        containerizer: engine,
        volumizer,
        checkout,
        isEmulated: mode === "emulated",
        variables: variablesOf(facts),
        secret: (name: string) => secrets.get(name) ?? "",
        masked: [...secrets.values()],
        dockerConfig: (wanted: readonly string[]) => dockerConfig(wanted, login),
        owner,
        emit,
      };
      return runStepsJob({ ...job, platform }, surroundings, within);
    };
    const perform = (job: JobSpec, within: AbortSignal): Promise<JobResult> => {
      const { work: kind } = job;
      switch (kind.kind) {
        case "steps":
          return performSteps({ ...job, work: kind }, within);
        case "build":
          return performBuild({ ...job, work: kind }, commands, within);
        case "verify":
          return performVerify({ ...job, work: kind }, commands, within);
        case "image":
          return performImage({ ...job, work: kind }, commands, within);
        case "promote":
          return performPromote({ ...job, work: kind }, commands, within);
        case "approval":
          return approve({ ...context, signal: within }, { ...job, work: kind }, options.approved, emit);
      }
    };
    const hash = (globs: readonly string[]) => hashFiles(checkout, globs);
    const groups = { folder: join(state, "groups"), owner, now: context.now };
    const ended = await runPipeline(
      {
        graph,
        resolution: { facts, hash },
        slots: options.jobs,
        // Groups of runs are apart from those of jobs, which would else wait for their own run, and each repository has its own.
        joinGroup: (group, cancel, within, of) =>
          of === "job"
            ? joinGroup({ ...groups, group, cancel }, within)
            : joinGroup({ ...groups, folder: join(state, "run-groups"), group: `${folder}: ${group}`, cancel }, within),
        perform,
        emit,
      },
      signal,
    );
    await emit({ type: "run-ended", state: ended });
    const summary = summarize(projection, { run, state: ended, events: eventFile, started, ended: context.now() });
    if (options.format === "json") stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    if (options.progress === "plain")
      for (const line of formatSummary(summary, { style, columns: stderr.columns || 120 })) stderr.write(`${line}\n`);
    if (ended === "cancelled") return exitCodes.interrupted;
    const kinds = summary.jobs.flatMap(({ failure }) => (failure === undefined ? [] : [failure.kind]));
    if (ended === "succeeded") return 0;
    // With failures of both kinds the one that was decided counts (design, "Contracts").
    return kinds.every((kind) => kind === "infrastructure") ? exitCodes.unreachable : exitCodes.failed;
  } finally {
    await Promise.all([log.close(), volumizer.close(), engine?.close(AbortSignal.timeout(30_000))]);
    // A cache that cannot be cleaned now is cleaned by a later run.
    await volumizer.caches.collectGarbage({ ...cacheLimits, now: context.now() }).catch(() => undefined);
  }
}

function startEvent({ run, facts, config, graph }: Work): RunEventBody {
  const { event, branch, tag, sha } = facts;
  return {
    type: "run-started",
    version: 1,
    run,
    event,
    ...(branch === "" ? {} : { branch }),
    ...(tag === "" ? {} : { tag }),
    ...(sha === "" ? {} : { commit: sha }),
    platforms: config.platforms.map(formatPlatform),
    jobs: graph.jobs.map(({ id, name, work, platform, needs }) => ({
      job: id,
      name,
      kind: work.kind,
      ...(platform === undefined ? {} : { platform: formatPlatform(platform) }),
      needs,
    })),
  };
}

async function localMachine({ signal, env }: CliContext): Promise<LocalMachine> {
  const { platform, native, emulators } = describeHost(await probeMachine(signal, env));
  const linux = platform.os === "linux" ? platform : { ...platform, os: "linux" };
  return {
    platform: linux,
    native: native.length === 0 ? [linux] : native,
    emulated: emulators.flatMap((emulator) => emulator.platforms),
  };
}

function variablesOf({ run, number, event, branch, tag, sha }: RunFacts): Readonly<Record<string, string>> {
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

function unknownJob(name: string, known: readonly string[]): ArchwayError {
  const guess = nearestName(name, known);
  return new ArchwayError({
    code: "JOB_UNKNOWN",
    kind: "input",
    message: `The pipeline has no job "${name}".`,
    hint: guess ? `Did you mean "${guess}"?` : `Jobs: ${known.join(", ")}.`,
  });
}
