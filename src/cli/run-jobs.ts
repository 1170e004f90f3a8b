import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunEventBody } from "../event/run-event.ts";
import type { SecretMasks } from "../job/mask-secrets.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { JobSpec } from "../pipeline/job-spec.ts";
import type { MachinePool } from "../run/machine-pool.ts";
import type { RunRequest } from "../run/run-pipeline.ts";
import type { CliContext } from "./context.ts";
import { approve } from "./run-approve.ts";
import { performHandlers, performSteps } from "./run-steps-job.ts";
import { type CommandJobs, performBuild, performImage, performPromote, performVerify } from "./run-commands.ts";
import { writeDockerConfig } from "./run-docker-config.ts";
import { dockerConfig, hostsOfJob, loginOf } from "./run-logins.ts";
import type { RunOptions } from "./run-options.ts";
import type { Ask } from "./run-questions.ts";
import type { RunPins } from "./run-pins.ts";
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
  readonly pins: Pick<RunPins, "pinned">;
  readonly emit: (event: RunEventBody) => void | Promise<void>;
  /** Asks a person; absent where nobody can answer. */
  readonly ask?: Ask;
}

/** What does one job of a run, whatever its kind, and what handles the failure of one. */
export function jobPerformer(parts: JobParts): Pick<RunRequest, "perform" | "handleFailure"> {
  const { context, options, emit, ask } = parts;
  const asking = ask === undefined ? {} : { ask };
  const images = new Map(parts.plan.earlier.images.map(({ digest, reference }) => [digest, reference]));
  const perform: RunRequest["perform"] = (job, attempt, slot) => {
    const { work } = job;
    const within = attempt.signal;
    const command = (run: (around: CommandJobs) => Promise<JobResult>) => performCommand(job, images, parts, run);
    switch (work.kind) {
      case "steps":
        if (slot === undefined) throw new TypeError("a steps job without a machine");
        return performSteps({ ...job, work }, parts, { attempt, slot });
      case "build":
        return command((around) => performBuild({ ...job, work }, around, within));
      case "verify":
        return command((around) => performVerify({ ...job, work }, around, within));
      case "image":
        return command((around) => performImage({ ...job, work }, around, within));
      case "promote":
        return command((around) => performPromote({ ...job, work }, around, within));
      case "approval":
        return approve({ ...job, work }, { ...asking, approved: options.approved, emit, env: context.env }, within);
    }
  };
  return { perform, handleFailure: (job, failure, failedStep) => performHandlers(job, { failure, failedStep }, parts) };
}

/** Makes one attempt of a job that is a command. Its logins and secrets lie in a folder of its own, which goes with it; what a killed run left goes with the next start. */
async function performCommand(
  { work }: JobSpec,
  images: Map<string, string>,
  { context, plan, options, secrets, masks, place, pins, emit }: JobParts,
  run: (around: CommandJobs) => Promise<JobResult>,
): Promise<JobResult> {
  const { config } = plan;
  const { checkout, runFolder } = place;
  const { publish, insecureRegistries } = options;
  const folder = await mkdtemp(join(place.privateFolder, "job-"));
  try {
    const own = join(folder, "docker");
    await mkdir(own);
    const logins = await writeDockerConfig(own, {
      logins: dockerConfig(hostsOfJob(work, images, config.registries), loginOf(config, secrets)),
      env: context.env,
      startsDocker: work.kind === "build" || (work.kind === "verify" && work.run !== undefined),
    });
    return await run({
      context,
      folder: checkout.folder,
      runFolder,
      privateFolder: folder,
      configFile: config.file,
      publish,
      insecureRegistries,
      logins,
      secrets,
      masks,
      images,
      pins,
      emit,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
