import type { RunEventBody } from "../event/run-event.ts";
import type { SecretMasks } from "../job/mask-secrets.ts";
import type { MachinePool } from "../run/machine-pool.ts";
import type { RunRequest } from "../run/run-pipeline.ts";
import type { CliContext } from "./context.ts";
import { approve } from "./run-approve.ts";
import { performHandlers, performSteps } from "./run-steps-job.ts";
import { type CommandJobs, performBuild, performImage, performPromote, performVerify } from "./run-commands.ts";
import { dockerConfig, loginOf } from "./run-logins.ts";
import type { RunOptions } from "./run-options.ts";
import type { Ask } from "./run-questions.ts";
import type { RunPlace } from "./run-place.ts";
import type { RunPlan } from "./run-plan.ts";

/** What the jobs of a run are performed with. */
export interface JobParts {
  readonly context: CliContext;
  readonly plan: RunPlan;
  readonly options: RunOptions;
  readonly secrets: ReadonlyMap<string, string>;
  /** For all secrets of the run. */
  readonly masks: SecretMasks;
  readonly pool: MachinePool;
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
  const perform: RunRequest["perform"] = (job, attempt, slot) => {
    const { work } = job;
    const within = attempt.signal;
    switch (work.kind) {
      case "steps":
        if (slot === undefined) throw new TypeError("a steps job without a machine");
        return performSteps({ ...job, work }, parts, { attempt, slot });
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
  return { perform, handleFailure: (job, failure, failedStep) => performHandlers(job, { failure, failedStep }, parts) };
}

function commandJobs({ context, plan, options, secrets, masks, place, emit }: JobParts): CommandJobs {
  const { config } = plan;
  const { checkout, runFolder, privateFolder } = place;
  const { publish, insecureRegistries } = options;
  return {
    context,
    folder: checkout.folder,
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
