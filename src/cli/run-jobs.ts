import type { Failure, RunEventBody } from "../event/run-event.ts";
import { systemClock } from "../job/clock.ts";
import type { Containerizer } from "../job/containerizer/containerizer.ts";
import { handleFailure } from "../job/handle-failure.ts";
import type { SecretMasks } from "../job/mask-secrets.ts";
import { type Attempt, runAttempt } from "../job/run-attempt.ts";
import type { JobResult, JobSurroundings, StepsJob } from "../job/steps-job.ts";
import type { JobSpec } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import { choosePlatform, type LocalMachine, type Placement } from "../run/choose-platform.ts";
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

/** What does one job of a run, whatever its kind, and what handles the failure of one. */
export function jobPerformer(parts: JobParts): Pick<RunRequest, "perform" | "handleFailure"> {
  const { context, options, emit, ask } = parts;
  const asking = ask === undefined ? {} : { ask };
  const commands = commandJobs(parts);
  const perform: RunRequest["perform"] = (job, attempt) => {
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
  return { perform, handleFailure: (job, failure) => handle(job, failure, parts) };
}

/** Runs the failure handlers of a job that could not do it itself: on its platform, else on this machine's. */
async function handle(job: JobSpec, failure: Failure, parts: JobParts): Promise<void> {
  if (parts.place.engine === undefined) {
    const text = "The failure handlers did not run: there is no container engine.";
    return parts.emit({ type: "note", job: job.id, text });
  }
  const { platform, mode } = handlerPlacement(job, parts);
  return handleFailure(job, failure, { platform, around: surroundingsOf(parts, parts.place.engine, mode) });
}

function handlerPlacement(job: JobSpec, parts: JobParts): Placement {
  try {
    return placementOf(job, parts);
  } catch {
    // That nothing runs its platform may be the failure itself.
    return placementOf({ id: job.id, emulation: job.emulation }, parts);
  }
}

/** Git takes a repository only from its owner, and the user of a container is often another one. */
const ownRepository = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*" };

/** Runs a job with steps on this machine. */
async function performSteps(
  job: JobSpec & { readonly work: StepsJob["work"] },
  parts: JobParts,
  attempt: Attempt,
): Promise<JobResult> {
  const { engine } = parts.place;
  if (engine === undefined) throw new TypeError("a steps job without an engine");
  const { platform, mode, reason } = placementOf(job, parts);
  await parts.emit({
    type: "placed",
    job: job.id,
    machine: "this machine",
    platform: formatPlatform(platform),
    mode,
    reason,
  });
  return runAttempt({ ...job, platform }, surroundingsOf(parts, engine, mode), attempt);
}

function placementOf(
  job: Pick<JobSpec, "id" | "platform" | "emulation">,
  { plan, options, machine }: JobParts,
): Placement {
  const { emulation } = options;
  return choosePlatform(job, machine, { platforms: plan.config.platforms, emulation });
}

function surroundingsOf(
  { plan, secrets, masks, place, emit }: JobParts,
  engine: Containerizer,
  mode: Placement["mode"],
): JobSurroundings {
  const { volumizer, checkout, owner } = place;
  const { config, facts, run } = plan;
  const login = loginOf(config, secrets);
  return {
    run,
    containerizer: engine,
    clock: systemClock,
    openFolder: (opening: AbortSignal) => volumizer.openJob(checkout, opening),
    isEmulated: mode === "emulated",
    variables: { ...variablesOf(facts), ...(checkout.hasRepository === true ? ownRepository : {}) },
    secret: (name: string) => secrets.get(name) ?? "",
    masks,
    dockerConfig: (wanted: readonly string[]) => dockerConfig(wanted, login),
    owner,
    emit,
  };
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
