import type { RunEventBody } from "../event/run-event.ts";
import type { JobResult } from "../job/run-job.ts";
import type {
  JobGraph,
  JobSpec,
  ApprovalWork,
  BuildWork,
  ImageWork,
  PromoteWork,
  VerifyWork,
} from "../pipeline/job-spec.ts";
import type { Platform } from "../platform/platform.ts";

/** A machine that runs jobs: its Engine API, and the platforms it runs itself or emulates. */
export interface Machine {
  /** Endpoint, or `local`. */
  readonly name: string;
  readonly native: readonly Platform[];
  readonly emulated: readonly Platform[];
  /** Jobs at a time. */
  readonly slots: number;
}

/** What does the jobs; the command line and a server each give their own. */
export interface Performers {
  /** Of the machine that was chosen. */
  steps(job: JobSpec, machine: Machine, mode: "native" | "emulated", signal: AbortSignal): Promise<JobResult>;
  build(job: JobSpec & { readonly work: BuildWork }, signal: AbortSignal): Promise<JobResult>;
  verify(job: JobSpec & { readonly work: VerifyWork }, signal: AbortSignal): Promise<JobResult>;
  image(job: JobSpec & { readonly work: ImageWork }, signal: AbortSignal): Promise<JobResult>;
  promote(job: JobSpec & { readonly work: PromoteWork }, signal: AbortSignal): Promise<JobResult>;
  /** Asks a person. */
  approve(
    job: JobSpec & { readonly work: ApprovalWork },
    signal: AbortSignal,
  ): Promise<{ readonly given: boolean; readonly by: string }>;
}

export interface RunRequest {
  readonly graph: JobGraph;
  readonly machines: readonly Machine[];
  readonly performers: Performers;
  readonly emit: (event: RunEventBody) => void | Promise<void>;
  readonly now: () => number;
}

/**
 * Runs a graph of jobs: each when those that it needs have ended, on a machine with a free slot, native before emulated as its `emulation` allows. Resolves with the state of
 * the run; what happened is in the events.
 */
export declare function runPipeline(
  request: RunRequest,
  signal: AbortSignal,
): Promise<"succeeded" | "failed" | "cancelled">;
