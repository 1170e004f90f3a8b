import { setTimeout as sleep } from "node:timers/promises";
import type { Failure } from "../event/run-event.ts";
import { runAttempt } from "./run-attempt.ts";
import type { JobResult, JobSurroundings, StepsJob } from "./steps-job.ts";

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
