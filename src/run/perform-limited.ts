import type { Failure } from "../event/run-event.ts";
import { failureOf, JobFailure } from "../job/job-failure.ts";
import type { Attempt } from "../job/run-attempt.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { JobSpec } from "../pipeline/job-spec.ts";
import { JobLimit } from "./job-limit.ts";
import type { RunRequest } from "./run-pipeline.ts";

/** Does a job once. */
type Perform = (job: JobSpec, attempt: Attempt) => Promise<JobResult>;
type Performing = Pick<RunRequest, "handleFailure" | "emit" | "clock"> & { readonly perform: Perform };

/** Does one job as its `timeout`, `retry` and `on_failure` say. Throws only what `emit` throws. */
export async function performLimited(job: JobSpec, around: Performing, signal: AbortSignal): Promise<JobResult> {
  const result = await performAll(job, around, signal);
  const { status, failure, failedStep, isHandled = false } = result;
  if (status === "failed" && failure !== undefined && !isHandled && job.onFailure.length > 0)
    await around.handleFailure(job, failure, failedStep);
  return result;
}

/** All attempts of a job within its time; a person is asked once, and waits on their own. */
async function performAll(job: JobSpec, { perform, emit, clock }: Performing, signal: AbortSignal): Promise<JobResult> {
  const seconds = job.work.kind === "approval" ? Infinity : (job.timeout ?? Infinity);
  const limit = new JobLimit(clock, seconds * 1000, new JobFailure(timedOut(job)));
  const within = AbortSignal.any([signal, limit.signal]);
  const whileWaiting: Attempt["whileWaiting"] = (reason, work) =>
    limit.pause(async () => {
      await emit({ type: "job", job: job.id, state: "queued", reason });
      await emit({ type: "note", job: job.id, text: `It waits ${reason}.` });
      const result = await work();
      await emit({ type: "job", job: job.id, state: "running" });
      return result;
    });
  const attempts = job.work.kind === "approval" ? 1 : job.retry.attempts;
  for (let attempt = 1; ; attempt += 1) {
    const isFinal = ({ kind }: Failure) =>
      within.aborted || attempt >= attempts || !job.retry.on.some((one) => one === kind);
    const result = await attemptJob(job, perform, { signal: within, isFinal, whileWaiting });
    if (result.status !== "succeeded" && signal.aborted) return { status: "cancelled", outputs: {} };
    if (limit.signal.aborted && !isOwnEnd(job, result)) return { ...result, status: "failed", failure: timedOut(job) };
    const { failure } = result;
    if (failure === undefined || isFinal(failure)) return result;
    const text = `Attempt ${attempt} of ${attempts} failed: ${failure.message}`;
    await emit({ type: "note", job: job.id, text });
    // A cancel or the timeout ends the pause; the next attempt then sees it.
    await clock.sleep(job.retry.delay * 1000 * 2 ** (attempt - 1), within).catch(() => undefined);
  }
}

/** Whether a job whose time is over came to its end by itself: it succeeded in the last moment, or its steps failed before. */
function isOwnEnd({ work }: JobSpec, { status, failure }: JobResult): boolean {
  return status === "succeeded" || (work.kind === "steps" && failure !== undefined && failure.kind !== "cancelled");
}

async function attemptJob(job: JobSpec, perform: Perform, attempt: Attempt): Promise<JobResult> {
  if (attempt.signal.aborted) return { status: "cancelled", outputs: {} };
  try {
    return await perform(job, attempt);
  } catch (error) {
    return { status: "failed", failure: failureOf(error), outputs: {} };
  }
}

function timedOut({ id, timeout = 0 }: JobSpec): Failure {
  return { kind: "timeout", code: "JOB_TIMEOUT", message: `The job "${id}" did not end within ${timeout} s.` };
}
