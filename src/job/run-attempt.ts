import type { Failure } from "../event/run-event.ts";
import type { Clock } from "./clock.ts";
import { failureOf } from "./job-failure.ts";
import { openPlace, type OpenPlace } from "./open-place.ts";
import { runSteps } from "./run-steps.ts";
import { saveResults } from "./save-results.ts";
import { startServices } from "./services.ts";
import { runHandlers } from "./steps/compose-step.ts";
import type { JobResult, JobSurroundings, StepsJob } from "./steps-job.ts";

/** Milliseconds that `always` steps and failure handlers of a cancelled job have together. */
const afterCancel = 60_000;

/** How one attempt stands among the others. */
export interface Attempt {
  /** Cancels: SIGTERM to the step's processes, grace, SIGKILL, then `always` steps within a limit. */
  readonly signal: AbortSignal;
  /** Whether the job ends with this failure: no other attempt follows. */
  readonly isFinal: (failure: Failure) => boolean;
}

/**
 * One attempt of a job with steps: a fresh workspace and network, services, all of its steps, artifacts, caches, what follows a failure, and nothing left of it. Throws only what `emit` throws.
 */
export async function runAttempt(
  job: StepsJob,
  around: JobSurroundings,
  { signal, isFinal }: Attempt,
): Promise<JobResult> {
  const removals: (() => Promise<unknown>)[] = [];
  try {
    const late = lateSignal(signal, around.clock);
    const open = await openPlace(job, around, { removals, late, signal });
    const failure = await runAll(open, { signal, isFinal });
    if (failure === undefined) return { status: "succeeded", outputs: {} };
    return { status: failure.kind === "cancelled" ? "cancelled" : "failed", failure, outputs: {} };
  } catch (error) {
    return { status: "failed", failure: failureOf(error), outputs: {} };
  } finally {
    for (const remove of removals.reverse()) {
      await remove().catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        return around.emit({ type: "note", job: job.id, text: `Something was not removed: ${why}` });
      });
    }
  }
}

/** Services, steps, results, and what follows a failure. */
async function runAll({ place: alone, caches }: OpenPlace, { signal, isFinal }: Attempt): Promise<Failure | undefined> {
  const { job, clock } = alone;
  const services = await startServices(job.work.services, alone, signal);
  const place = { ...alone, hosts: services.hosts };
  const broken = new AbortController();
  services.lost.catch((error: unknown) => broken.abort(error));
  const within = AbortSignal.any([signal, broken.signal]);
  const late = lateSignal(within, clock);
  try {
    const { failure: failed, failedStep } = await runSteps({ ...place, late }, within);
    const later = await saveResults({ place, caches }, failed).then(() => undefined, failureOf);
    // What failed first is what the user has to know.
    const failure = failed ?? later;
    if (failure !== undefined && failure.kind !== "cancelled" && isFinal(failure))
      await runHandlers(job.onFailure, { ...place, late, ...(failedStep === undefined ? {} : { failedStep }) });
    return failure;
  } finally {
    await services.stop();
  }
}

/** A signal that is aborted some time after another. */
function lateSignal(signal: AbortSignal, clock: Clock): AbortSignal {
  const late = new AbortController();
  const begin = () => {
    const limit = clock.timeout(afterCancel);
    limit.addEventListener("abort", () => late.abort(limit.reason), { once: true });
  };
  if (signal.aborted) begin();
  else signal.addEventListener("abort", begin, { once: true });
  return late.signal;
}
