import { setTimeout as sleep } from "node:timers/promises";
import type { RunEventBody } from "../event/run-event.ts";
import { failureOf } from "../job/job-failure.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { JobSpec } from "../pipeline/job-spec.ts";

/** Does one job as its `timeout` and `retry` say. Steps jobs do that themselves, and a person is asked once. Throws only what `emit` throws. */
export async function performLimited(
  job: JobSpec,
  perform: (job: JobSpec, signal: AbortSignal) => Promise<JobResult>,
  emit: (event: RunEventBody) => void | Promise<void>,
  signal: AbortSignal,
): Promise<JobResult> {
  const isOwn = job.work.kind === "steps" || job.work.kind === "approval";
  const limit = isOwn || job.timeout === undefined ? undefined : AbortSignal.timeout(job.timeout * 1000);
  const within = limit === undefined ? signal : AbortSignal.any([signal, limit]);
  for (let attempt = 1; ; attempt += 1) {
    const result = await attemptJob(job, perform, within);
    if (signal.aborted) return { status: "cancelled", outputs: {} };
    if (limit?.aborted === true && result.status !== "succeeded") {
      const message = `The job "${job.id}" did not end within ${job.timeout} s.`;
      return { status: "failed", failure: { kind: "timeout", code: "JOB_TIMEOUT", message }, outputs: {} };
    }
    const { failure } = result;
    const isAgain =
      !isOwn && failure !== undefined && attempt < job.retry.attempts && job.retry.on.some((on) => on === failure.kind);
    if (!isAgain) return result;
    const text = `Attempt ${attempt} of ${job.retry.attempts} failed: ${failure.message}`;
    await emit({ type: "note", job: job.id, text });
    // A cancel or the timeout ends the pause; the next attempt then sees it.
    await sleep(job.retry.delay * 1000 * 2 ** (attempt - 1), undefined, { signal: within }).catch(() => undefined);
  }
}

async function attemptJob(
  job: JobSpec,
  perform: (job: JobSpec, signal: AbortSignal) => Promise<JobResult>,
  signal: AbortSignal,
): Promise<JobResult> {
  if (signal.aborted) return { status: "cancelled", outputs: {} };
  try {
    return await perform(job, signal);
  } catch (error) {
    return { status: "failed", failure: failureOf(error), outputs: {} };
  }
}
