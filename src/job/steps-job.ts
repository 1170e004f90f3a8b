import type { Failure, RunEventBody } from "../event/run-event.ts";
import type { JobOutputs, JobSpec, StepsWork } from "../pipeline/job-spec.ts";
import type { Platform } from "../platform/platform.ts";
import type { Clock } from "./clock.ts";
import type { Containerizer } from "./containerizer/containerizer.ts";
import type { KeptStep } from "./keep/kept-job.ts";
import type { SecretMasks } from "./mask-secrets.ts";
import type { NetworkQueue } from "./network-queue.ts";
import type { JobFolder } from "./volumizer/job-folder.ts";

/** A steps job with a place to run. */
export type StepsJob = JobSpec & { readonly work: StepsWork; readonly platform: Platform };

/** What a job needs of the world around it. */
export interface JobSurroundings {
  readonly run: string;
  readonly containerizer: Containerizer;
  /** For the networks of all jobs there. */
  readonly networks: NetworkQueue;
  readonly clock: Clock;
  /** Files for one attempt, with a workspace as the run found it, where the containerizer can mount them. */
  readonly openFolder: (signal: AbortSignal) => Promise<JobFolder>;
  /** Whether the machine needs an emulator for the platform. */
  readonly isEmulated: boolean;
  /** Variables that every step gets (`CI`, `ARCHWAY_RUN`, `ARCHWAY_BRANCH`, …). */
  readonly variables: Readonly<Record<string, string>>;
  /** Value of a secret. Throws `SECRET_MISSING` (kind `input`). */
  readonly secret: (name: string) => string;
  /** For all secrets of the run. */
  readonly masks: SecretMasks;
  /** `config.json` of Docker for these hosts. */
  readonly dockerConfig: (hosts: readonly string[]) => string;
  /** Mark of this process. */
  readonly owner: string;
  /** Takes note of a failed step whose container, network and files are left; absent when nothing is kept. */
  readonly keep?: (kept: KeptStep) => Promise<void>;
  /** Appends to the stream of the run. Waits when the disk is behind. */
  readonly emit: (event: RunEventBody) => void | Promise<void>;
}

/** How a job ended. */
export interface JobResult {
  readonly status: "succeeded" | "failed" | "cancelled" | "skipped";
  readonly failure?: Failure;
  /** Why it was skipped. */
  readonly reason?: string;
  readonly outputs: Omit<JobOutputs, "status">;
  /** The step that failed, for handlers that have not run. */
  readonly failedStep?: string;
  /** Its failure handlers have run. */
  readonly isHandled?: boolean;
}
