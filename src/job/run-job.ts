import type { RunEventBody, Failure } from "../event/run-event.ts";
import type { JobOutputs, JobSpec, StepsWork } from "../pipeline/job-spec.ts";
import type { Platform } from "../platform/platform.ts";
import type { Containerizer } from "./containerizer/containerizer.ts";
import type { Checkout, Volumizer } from "./volumizer/volumizer.ts";

/** A steps job with a place to run. */
export type StepsJob = JobSpec & { readonly work: StepsWork; readonly platform: Platform };

/** What a job needs of the world around it; `archway run` and a worker each give their own. */
export interface JobSurroundings {
  readonly run: string;
  readonly containerizer: Containerizer;
  readonly volumizer: Volumizer;
  readonly checkout: Checkout;
  /** Whether the machine runs the platform itself. */
  readonly isEmulated: boolean;
  /** Variables that every step gets (`CI`, `ARCHWAY_RUN`, `ARCHWAY_BRANCH`, …). */
  readonly variables: Readonly<Record<string, string>>;
  /** Value of a secret. Throws `SECRET_MISSING` (kind `input`). */
  readonly secret: (name: string) => string;
  /** Every secret's value of the run, for masking. */
  readonly masked: readonly string[];
  /** `config.json` of Docker for these hosts. */
  readonly dockerConfig: (hosts: readonly string[]) => string;
  readonly owner: string;
  /** Keep container, network and workspace of a failed job. */
  readonly keep: boolean;
  /** Appends to the stream of the run. Waits when the reader is behind. */
  readonly emit: (event: RunEventBody) => void | Promise<void>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How a job ended. */
export interface JobResult {
  readonly status: "succeeded" | "failed" | "cancelled";
  readonly failure?: Failure;
  readonly outputs: JobOutputs;
}

/**
 * Runs one steps job, with its retries, services, caches, artifacts and failure handlers, and removes all it made however it ends. Never throws for what happens in the job.
 *
 * @param signal cancels: SIGTERM to the step's processes, grace, SIGKILL, then `always` steps within a limit.
 */
export declare function runStepsJob(job: StepsJob, around: JobSurroundings, signal: AbortSignal): Promise<JobResult>;
