import type { RunEventBody } from "../event/run-event.ts";
import { systemClock } from "../job/clock.ts";
import type { SecretMasks } from "../job/mask-secrets.ts";
import { type Attempt, runAttempt } from "../job/run-attempt.ts";
import type { JobResult, StepsJob } from "../job/steps-job.ts";
import type { JobSpec } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import { choosePlatform, type LocalMachine } from "../run/choose-platform.ts";
import type { RunRequest } from "../run/run-pipeline.ts";
import type { CliContext } from "./context.ts";
import { approve } from "./run-approve.ts";
import { type CommandJobs, performBuild, performImage, performPromote, performVerify } from "./run-commands.ts";
import { dockerConfig, loginOf } from "./run-logins.ts";
import type { RunOptions } from "./run-options.ts";
import type { Ask } from "./run-questions.ts";
import type { RunPlace } from "./run-place.ts";
import { type RunPlan, variablesOf } from "./run-plan.ts";

/** What the jobs of a run are performed with. */
export interface JobParts {
  readonly context: CliContext;
  readonly plan: RunPlan;
  readonly options: RunOptions;
  readonly secrets: ReadonlyMap<string, string>;
  /** For all secrets of the run. */
  readonly masks: SecretMasks;
  readonly machine: LocalMachine;
  readonly place: RunPlace;
  readonly emit: (event: RunEventBody) => void | Promise<void>;
  /** Asks a person; absent where nobody can answer. */
  readonly ask?: Ask;
}

/** The function that does one job of a run, whatever its kind. */
export function jobPerformer(parts: JobParts): RunRequest["perform"] {
  const { context, options, emit, ask } = parts;
  const asking = ask === undefined ? {} : { ask };
  const commands = commandJobs(parts);
  return (job, attempt) => {
    const { work } = job;
    const within = attempt.signal;
    switch (work.kind) {
      case "steps":
        return performSteps({ ...job, work }, parts, attempt);
      case "build":
        return performBuild({ ...job, work }, commands, within);
      case "verify":
        return performVerify({ ...job, work }, commands, within);
      case "image":
        return performImage({ ...job, work }, commands, within);
      case "promote":
        return performPromote({ ...job, work }, commands, within);
      case "approval":
        return approve({ ...job, work }, { ...asking, approved: options.approved, emit, env: context.env }, within);
    }
  };
}

/** Runs a job with steps on this machine. */
async function performSteps(
  job: JobSpec & { readonly work: StepsJob["work"] },
  { plan, options, secrets, masks, machine, place, emit }: JobParts,
  attempt: Attempt,
): Promise<JobResult> {
  const { engine, volumizer, checkout, owner } = place;
  if (engine === undefined) throw new TypeError("a steps job without an engine");
  const { config, facts, run } = plan;
  const { emulation } = options;
  const { platform, mode, reason } = choosePlatform(job, machine, { platforms: config.platforms, emulation });
  await emit({
    type: "placed",
    job: job.id,
    machine: "this machine",
    platform: formatPlatform(platform),
    mode,
    reason,
  });
  const login = loginOf(config, secrets);
  const surroundings = {
    run,
    containerizer: engine,
    clock: systemClock,
    openFolder: (opening: AbortSignal) => volumizer.openJob(checkout, opening),
    isEmulated: mode === "emulated",
    variables: variablesOf(facts),
    secret: (name: string) => secrets.get(name) ?? "",
    masks,
    dockerConfig: (wanted: readonly string[]) => dockerConfig(wanted, login),
    owner,
    emit,
  };
  return runAttempt({ ...job, platform }, surroundings, attempt);
}

function commandJobs({ context, plan, options, secrets, masks, place, emit }: JobParts): CommandJobs {
  const { config, folder } = plan;
  const { runFolder, privateFolder } = place;
  const { publish, insecureRegistries } = options;
  return {
    context,
    folder,
    runFolder,
    privateFolder,
    configFile: config.file,
    publish,
    insecureRegistries,
    dockerConfig: dockerConfig(Object.keys(config.registries), loginOf(config, secrets)),
    secrets,
    masks,
    images: new Map(plan.earlier.images.map(({ digest, reference }) => [digest, reference])),
    emit,
  };
}
