import type { Failure, RunEventBody } from "../event/run-event.ts";
import type { SecretUse, StepSpec } from "../pipeline/job-spec.ts";
import type { Platform } from "../platform/platform.ts";
import type { Clock } from "./clock.ts";
import type { Containerizer, Labels, Mount, NetworkId, PulledImage } from "./containerizer/containerizer.ts";
import type { SecretMasks } from "./mask-secrets.ts";
import type { HeldContainers } from "./keep/held-containers.ts";
import type { StepsJob } from "./steps-job.ts";
import type { JobFolder } from "./volumizer/job-folder.ts";

/** What failed. */
export interface Failed {
  /** Of the step; else `setup`, `services` or `artifacts` of a job with steps, and the kind of any other (`build`, …). */
  readonly name: string;
  readonly step?: StepSpec;
  readonly failure: Failure;
}

/** Where the containers of one attempt of a job run: its network, its folders, its environment. */
export interface AttemptPlace {
  readonly job: StepsJob;
  readonly platform: Platform;
  readonly isEmulated: boolean;
  readonly containerizer: Containerizer;
  readonly clock: Clock;
  readonly network: NetworkId;
  /** Addresses of the services by name. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly folder: JobFolder;
  /** Workspace, caches and Docker configuration. */
  readonly mounts: readonly Mount[];
  /** Variables that every container gets. */
  readonly variables: Readonly<Record<string, string>>;
  readonly labels: Labels;
  /** Takes the containers of steps when a failed one is to be kept. */
  readonly held?: HeldContainers;
  /** For all secrets of the run. */
  readonly masks: SecretMasks;
  /** For what runs whatever happens: aborted some time after the job was cancelled. */
  readonly late: AbortSignal;
  /** What the failure handlers that run are for. */
  readonly failed?: Failed;
  readonly emit: (event: RunEventBody) => void | Promise<void>;
  /** Lets the users of a container that is not root's change the job's files; done once. */
  readonly share: (image: PulledImage, signal: AbortSignal) => Promise<void>;
  /** An image of the job's platform; asked for once. */
  readonly pull: (image: string, signal: AbortSignal) => Promise<PulledImage>;
  /** Secrets as variables and files of a container. */
  readonly secretsOf: (
    uses: readonly SecretUse[],
  ) => Promise<{ readonly env: Readonly<Record<string, string>>; readonly mounts: readonly Mount[] }>;
  /** A name that no other container has. */
  readonly containerName: (purpose: string) => string;
}
