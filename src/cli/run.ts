import { join } from "node:path";
import { RunProjection } from "../event/project-run.ts";
import type { RunEventBody } from "../event/run-event.ts";
import { systemClock } from "../job/clock.ts";
import { SecretMasks } from "../job/mask-secrets.ts";
import { hashFiles } from "../job/volumizer/working-tree.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { joinGroup } from "../run/concurrency-group.ts";
import { MachinePool } from "../run/machine-pool.ts";
import { runPipeline } from "../run/run-pipeline.ts";
import { processMark } from "../store/process-mark.ts";
import type { CliContext } from "./context.ts";
import { stateFolder } from "./folders.ts";
import { openRegistries } from "./registries.ts";
import { checkImages } from "./run-check-images.ts";
import { jobPerformer } from "./run-jobs.ts";
import { imageSources } from "./run-images.ts";
import { loginOf } from "./run-logins.ts";
import { closeMachines, openMachines, thisMachine } from "./run-machine.ts";
import type { RunOptions } from "./run-options.ts";
import { openPlace, type RunPlace } from "./run-place.ts";
import { planRun, type RunPlan, showRunPlan, startEvent } from "./run-plan.ts";
import { PlainRun } from "./run-plain.ts";
import { readSecrets, requireSecrets } from "./run-secrets.ts";
import { exitCodeOf, summarize } from "./run-summary.ts";
import { formatSummary } from "./run-summary-text.ts";

/** `archway run`: runs the repository's pipeline here. Returns 0, or 1 when a job failed. */
export async function runRun(context: CliContext, names: readonly string[], options: RunOptions): Promise<number> {
  const plan = await planRun(context, names, options);
  if (plan.refusal !== undefined) {
    context.stderr.write(`Nothing to run: ${plan.refusal}.\n`);
    return 0;
  }
  if (options.plan) {
    showRunPlan(context, plan);
    return 0;
  }
  const secrets = await readSecrets(context, options);
  requireSecrets(plan.graph, secrets);
  const owner = await processMark();
  const runFolder = join(stateFolder(context.env), "runs", plan.run);
  const { insecureRegistries } = options;
  const registries = openRegistries({ registries: plan.config.registries, insecureRegistries }, context);
  const images = imageSources(registries, loginOf(plan.config, secrets), { owner, folder: runFolder });
  const machines = await openMachines(context, { plan, options, images });
  try {
    const lacking = await checkImages(context, plan, options);
    if (lacking !== 0) return lacking;
    const place = await openPlace(context, plan, options, { machines, owner, runFolder });
    try {
      return await perform({ context, plan, options, secrets, place });
    } finally {
      await place.close();
    }
  } finally {
    await closeMachines(machines);
  }
}

interface RunParts {
  readonly context: CliContext;
  readonly plan: RunPlan;
  readonly options: RunOptions;
  readonly secrets: ReadonlyMap<string, string>;
  readonly place: RunPlace;
}

/** Runs the jobs, shows what happens and what came of it. */
async function perform(parts: RunParts): Promise<number> {
  const { context, plan, options, place } = parts;
  const { env, now, signal, stderr, stdout } = context;
  const { run, facts, graph } = plan;
  const { log, checkout, eventFile, owner, state } = place;
  const projection = new RunProjection();
  const style = makeStyle(usesColor(stderr, env));
  const plain = new PlainRun(stderr, style);
  log.onEvent((event) => {
    projection.apply(event);
    if (options.events === "-") stdout.write(`${JSON.stringify(event)}\n`);
    if (options.progress === "plain") plain.show(event);
    else if (options.progress === "json") stderr.write(`${JSON.stringify(event)}\n`);
  });
  const emit = (event: RunEventBody) => log.append(event);
  const groups = { folder: join(state, "groups"), owner, now };
  const { emulation } = options;
  const pool = new MachinePool({
    machines: place.machines,
    own: { name: thisMachine, slots: options.jobs },
    policy: { platforms: plan.config.platforms, emulation },
    seconds: ({ id }) => place.times.of(plan.config.file, id),
    now,
  });
  const started = now();
  await emit(startEvent(plan));
  const ended = await runPipeline(
    {
      graph,
      resolution: { facts, hash: (globs) => hashFiles(checkout, globs) },
      machines: pool,
      joinGroup: (group, cancel, within) => joinGroup({ ...groups, group, cancel }, within),
      perform: jobPerformer({ ...parts, pool, masks: new SecretMasks(parts.secrets.values()), emit }),
      clock: systemClock,
      emit,
    },
    signal,
  );
  await emit({ type: "run-ended", state: ended });
  const summary = summarize(projection, { run, state: ended, events: eventFile, started, ended: now() });
  if (options.format === "json") stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  if (options.progress === "plain")
    for (const line of formatSummary(summary, { style, columns: stderr.columns || 120 })) stderr.write(`${line}\n`);
  return exitCodeOf(summary);
}
