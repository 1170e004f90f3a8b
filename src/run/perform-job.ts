import { setTimeout as sleep } from "node:timers/promises";
import type { RunEventBody } from "../event/run-event.ts";
import type { JobResult } from "../job/run-job.ts";
import type {
  ApprovalWork,
  BuildWork,
  ImageWork,
  JobSpec,
  PromoteWork,
  StepsWork,
  VerifyWork,
} from "../pipeline/job-spec.ts";
import type { Choice } from "./choose-machine.ts";
import { failureOfError } from "./job-failure.ts";

/** A job of one kind. */
type JobOf<Work> = JobSpec & { readonly work: Work };
type Emit = (event: RunEventBody) => void | Promise<void>;

/** What does the jobs; the command line and a server each give their own. What is thrown becomes the job's failure. */
export interface Performers {
  /** At the place that was chosen. Does the job's retries and its timeout itself. */
  steps(job: JobOf<StepsWork>, place: Choice, signal: AbortSignal): Promise<JobResult>;
  build(job: JobOf<BuildWork>, signal: AbortSignal): Promise<JobResult>;
  verify(job: JobOf<VerifyWork>, signal: AbortSignal): Promise<JobResult>;
  image(job: JobOf<ImageWork>, signal: AbortSignal): Promise<JobResult>;
  promote(job: JobOf<PromoteWork>, signal: AbortSignal): Promise<JobResult>;
  /** Asks a person. */
  approve(
    job: JobOf<ApprovalWork>,
    signal: AbortSignal,
  ): Promise<{ readonly given: boolean; readonly by: string }>;
}

/** Does one job with the performer of its kind, and again as its `retry` says; steps jobs do that themselves. Throws only what `emit` throws. */
export async function performJob(
  job: JobSpec,
  place: Choice | undefined,
  performers: Performers,
  emit: Emit,
  signal: AbortSignal,
): Promise<JobResult> {
  const isOwn = job.work.kind === "steps" || job.work.kind === "approval";
  const limit = isOwn || job.timeout === undefined ? undefined : AbortSignal.timeout(job.timeout * 1000);
  const within = limit === undefined ? signal : AbortSignal.any([signal, limit]);
  for (let attempt = 1; ; attempt += 1) {
    const result = await attemptJob(job, place, performers, emit, within);
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
    await emit({ type: "job", job: job.id, state: "running", attempt: attempt + 1 });
  }
}

async function attemptJob(
  job: JobSpec,
  place: Choice | undefined,
  performers: Performers,
  emit: Emit,
  signal: AbortSignal,
): Promise<JobResult> {
  if (signal.aborted) return { status: "cancelled", outputs: {} };
  const { work } = job;
  try {
    switch (work.kind) {
      case "steps":
        if (place === undefined) throw new TypeError("a steps job without a place");
        return await performers.steps({ ...job, work }, place, signal);
      case "build":
        return await performers.build({ ...job, work }, signal);
      case "verify":
        return await performers.verify({ ...job, work }, signal);
      case "image":
        return await performers.image({ ...job, work }, signal);
      case "promote":
        return await performers.promote({ ...job, work }, signal);
      case "approval":
        return await approveJob({ ...job, work }, performers, emit, signal);
    }
  } catch (error) {
    if (signal.aborted) return { status: "cancelled", outputs: {} };
    return { status: "failed", failure: failureOfError(error), outputs: {} };
  }
}

async function approveJob(
  job: JobOf<ApprovalWork>,
  performers: Performers,
  emit: Emit,
  signal: AbortSignal,
): Promise<JobResult> {
  const { given, by } = await performers.approve(job, signal);
  await emit({ type: "approval", job: job.id, answer: given ? "given" : "refused", by });
  if (given) return { status: "succeeded", outputs: {} };
  const message = `"${job.id}" was not approved: ${by} refused it.`;
  return { status: "failed", failure: { kind: "user", code: "APPROVAL_REFUSED", message }, outputs: {} };
}
