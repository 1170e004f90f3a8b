import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RunProjection } from "../event/project-run.ts";
import type { RunEventBody } from "../event/run-event.ts";
import { systemClock } from "../job/clock.ts";
import { forgetKept, listKept, withKept } from "../job/keep/kept-job.ts";
import { SecretMasks } from "../job/mask-secrets.ts";
import { hashFiles, readWorkingTree } from "../job/volumizer/working-tree.ts";
import type { Platform } from "../platform/platform.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { MachinePool } from "../run/machine-pool.ts";
import { placeJob } from "../run/place-job.ts";
import { nextRunNumber } from "../run/run-number.ts";
import { runPipeline, type RunState } from "../run/run-pipeline.ts";
import { isRunning, processMark } from "../store/process-mark.ts";
import type { CliContext } from "./context.ts";
import { stateFolder } from "./folders.ts";
import { openRegistries } from "./registries.ts";
import { checkImages } from "./run-check-images.ts";
import { explainDisk } from "./run-disk-error.ts";
import { summaryFile } from "./run-earlier.ts";
import { groupsOf } from "./run-groups.ts";
import { jobPerformer } from "./run-jobs.ts";
import { imageSources } from "./run-images.ts";
import { loginHintOf, loginOf, withLoginHints, withoutHostLogins } from "./run-logins.ts";
import { closeMachines, openMachines, type RunMachine, thisMachine } from "./run-machine.ts";
import type { RunOptions } from "./run-options.ts";
import { RunPins } from "./run-pins.ts";
import { openPlace, type RunPlace } from "./run-place.ts";
import { planRun, type RunPlan, showRunPlan, startEvent } from "./run-plan.ts";
import { progressMode, startRunProgress } from "./run-progress.ts";
import { readSecrets, requireSecrets } from "./run-secrets.ts";
import { openSource, type RunSource } from "./run-source.ts";
import { exitCodeOf, summarize } from "./run-summary.ts";
import { formatSummary } from "./run-summary-text.ts";

/** `archway run`: runs the repository's pipeline here. Returns 0, or 1 when a job failed. */
export async function runRun(context: CliContext, names: readonly string[], options: RunOptions): Promise<number> {
  const secrets = await readSecrets(context, options);
  const source = await openSource(context, options, secrets);
  try {
    return await runFrom(context, names, options, { secrets, source });
  } catch (error) {
    throw explainDisk(error, stateFolder(context.env));
  } finally {
    await source?.remove();
  }
}

/** Runs the pipeline of a source, or of the working tree. */
async function runFrom(
  context: CliContext,
  names: readonly string[],
  options: RunOptions,
  { secrets, source }: { readonly secrets: ReadonlyMap<string, string>; readonly source: RunSource | undefined },
): Promise<number> {
  const plan = await planRun(context, names, options, source);
  if (plan.refusal !== undefined) {
    context.stderr.write(`Nothing to run: ${plan.refusal}.\n`);
    return 0;
  }
  if (options.plan) {
    showRunPlan(context, plan);
    return 0;
  }
  const mode = progressMode(options, context);
  await requireSecrets(plan, secrets, options);
  const owner = await processMark();
  const runFolder = join(stateFolder(context.env), "runs", plan.run);
  const login = loginOf(plan.config, secrets);
  const { insecureRegistries } = options;
  const registries = openRegistries(
    { registries: plan.config.registries, insecureRegistries, login },
    { env: withoutHostLogins(context.env) },
  );
  const pins = new RunPins(withLoginHints(registries.resolve, loginHintOf(plan.config, secrets)), context.signal);
  const images = imageSources({ ...registries, resolve: pins.resolve }, login, { owner, folder: runFolder });
  const state = stateFolder(context.env);
  if (options.keep) await forgetKept(state);
  const isInUse = withKept(state, isRunning);
  // Three that wait for others and leave no trace: they go side by side, and end when one says that there is no run.
  const early = new AbortController();
  const begun = { ...context, signal: AbortSignal.any([context.signal, early.signal]) };
  const free = Promise.withResolvers<Platform | undefined>();
  const checking = checkImages(begun, plan, pins, free.promise);
  const files = source === undefined ? { tree: readWorkingTree(plan.folder, begun) } : { source };
  for (const one of [checking, files.tree]) one?.catch(() => undefined);
  let machines: readonly RunMachine[] = [];
  try {
    machines = await openMachines(context, { plan, options, images, isInUse });
    free.resolve(platformOfFree(machines, plan, options));
    const lacking = await checking;
    if (lacking !== 0) return lacking;
    const place = await openPlace(context, plan, options, { machines, owner, runFolder, files, isInUse });
    try {
      const number = nextRunNumber(join(place.state, "run-numbers.sqlite"), plan.repository);
      const counted = { ...plan, facts: { ...plan.facts, number } };
      return await perform({ mode, context, plan: counted, options, secrets, place, pins });
    } finally {
      await place.close();
    }
  } finally {
    early.abort();
    free.resolve(undefined);
    await closeMachines(machines);
    await registries.registries.close();
  }
}

/** What a job that names no platform runs as on these machines. */
function platformOfFree(
  machines: readonly RunMachine[],
  { config }: RunPlan,
  options: RunOptions,
): Platform | undefined {
  if (machines.length === 0) return undefined;
  const idle = machines.map((machine) => ({ ...machine, running: [] }));
  const policy = { platforms: config.platforms, emulation: options.emulation };
  const placed = placeJob({ id: "any", emulation: "fallback" }, idle, policy);
  return "placement" in placed ? placed.placement.platform : undefined;
}

interface RunParts {
  readonly mode: Exclude<RunOptions["progress"], "auto">;
  readonly context: CliContext;
  readonly plan: RunPlan;
  readonly options: RunOptions;
  readonly secrets: ReadonlyMap<string, string>;
  readonly place: RunPlace;
  readonly pins: RunPins;
}

/** Runs the jobs, shows what happens and what came of it. */
async function perform(parts: RunParts): Promise<number> {
  const { context, plan, options, place, mode } = parts;
  const { env, now, signal, stderr, stdout } = context;
  const { config, repository, run, facts, graph, earlier } = plan;
  const { log, checkout, eventFile, runFolder, owner, state } = place;
  const projection = new RunProjection();
  const style = makeStyle(usesColor(stderr, env));
  const progress = startRunProgress(mode, projection, context, style);
  log.onEvent((event) => {
    if (event.type === "image" && event.published) parts.pins.forget(event.tags ?? []);
    projection.apply(event);
    progress.show(event);
    if (options.events === "-") stdout.write(`${JSON.stringify(event)}\n`);
  });
  const emit = (event: RunEventBody) => log.append(event);
  const asking = progress.ask === undefined ? {} : { ask: progress.ask };
  const pool = new MachinePool({
    machines: place.machines,
    own: { name: thisMachine, slots: options.jobs },
    policy: { platforms: config.platforms, emulation: options.emulation },
    seconds: ({ id }) => place.times.of(config.file, id),
    now,
  });
  const started = now();
  let ended: RunState;
  try {
    await earlier.placeArtifacts(run);
    await emit(startEvent(plan));
    ended = await runPipeline(
      {
        graph,
        earlier: earlier.outputs,
        resolution: { facts, hash: (globs) => hashFiles(checkout, globs) },
        machines: pool,
        joinGroup: groupsOf({ state, repository, owner, now }),
        ...jobPerformer({ ...parts, pool, masks: new SecretMasks(parts.secrets.values()), emit, ...asking }),
        clock: systemClock,
        emit,
      },
      signal,
    );
    await emit({ type: "run-ended", state: ended });
  } finally {
    progress.end();
  }
  const kept = (await listKept(state)).flatMap((one) => (one.run === run ? [one.job] : []));
  const about = { run, state: ended, kept, pipeline: config.file, events: eventFile, started, ended: now() };
  const summary = summarize(projection, about);
  await writeFile(join(runFolder, summaryFile), `${JSON.stringify(summary)}\n`);
  if (options.format === "json") stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  if (mode !== "json") {
    const shows = ({ plain: "all", live: "graph", quiet: "failures" } as const)[mode];
    for (const line of formatSummary(summary, { style, columns: stderr.columns || 120, shows }))
      stderr.write(`${line}\n`);
  }
  return exitCodeOf(summary);
}
