import { setTimeout as sleep } from "node:timers/promises";
import type { Failure, RunEventBody } from "../event/run-event.ts";
import type { JobOutputs, JobSpec, StepsWork } from "../pipeline/job-spec.ts";
import type { Platform } from "../platform/platform.ts";
import type { Containerizer } from "./containerizer/containerizer.ts";
import { runAttempt } from "./run-attempt.ts";
import type { Volumizer } from "./volumizer/volumizer.ts";
import type { Checkout } from "./volumizer/working-tree.ts";

/** A steps job with a place to run. */
export type StepsJob = JobSpec & { readonly work: StepsWork; readonly platform: Platform };

/** What a job needs of the world around it. */
export interface JobSurroundings {
  readonly run: string;
  readonly containerizer: Containerizer;
  readonly volumizer: Volumizer;
  readonly checkout: Checkout;
  /** Whether the machine needs an emulator for the platform. */
  readonly isEmulated: boolean;
  /** Variables that every step gets (`CI`, `ARCHWAY_RUN`, `ARCHWAY_BRANCH`, …). */
  readonly variables: Readonly<Record<string, string>>;
  /** Value of a secret. Throws `SECRET_MISSING` (kind `input`). */
  readonly secret: (name: string) => string;
  /** Every secret's value of the run, for masking. */
  readonly masked: readonly string[];
  /** `config.json` of Docker for these hosts. */
  readonly dockerConfig: (hosts: readonly string[]) => string;
  /** Mark of this process. */
  readonly owner: string;
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
}

/**
 * Runs one steps job, with its retries, services, caches, artifacts and failure handlers, and removes all it made however it ends. Another attempt begins with a fresh
 * workspace. Never throws for what happens in the job.
 *
 * @param signal cancels: SIGTERM to the step's processes, grace, SIGKILL, then `always` steps within a limit.
 */
export async function runStepsJob(job: StepsJob, around: JobSurroundings, signal: AbortSignal): Promise<JobResult> {
  const limit = job.timeout === undefined ? undefined : AbortSignal.timeout(job.timeout * 1000);
  const within = limit === undefined ? signal : AbortSignal.any([signal, limit]);
  for (let attempt = 1; ; attempt++) {
    const end = await runAttempt(job, around, within);
    const failure =
      end.failure !== undefined && limit?.aborted === true && !signal.aborted ? timedOut(job) : end.failure;
    if (signal.aborted) return { status: "cancelled", outputs: {} };
    if (failure === undefined) return { status: "succeeded", outputs: {} };
    const isAgain =
      job.retry.on.some((kind) => kind === failure.kind) && attempt < job.retry.attempts && limit?.aborted !== true;
    if (!isAgain) return { status: "failed", failure, outputs: {} };
    await around.emit({
      type: "note",
      job: job.id,
      text: `Attempt ${attempt} of ${job.retry.attempts} failed: ${failure.message}`,
    });
    await sleep(job.retry.delay * 1000 * 2 ** (attempt - 1), undefined, { signal: within }).catch(() => undefined);
  }
}

function timedOut({ id, timeout = 0 }: StepsJob): Failure {
  return { kind: "timeout", code: "JOB_TIMEOUT", message: `The job "${id}" did not end within ${timeout} s.` };
}
