import type { Failure } from "../event/run-event.ts";
import type { AttemptPlace, Failed } from "./attempt-place.ts";
import type { Clock } from "./clock.ts";
import { failureOf } from "./job-failure.ts";
import { keepFailed } from "./keep/keep-failed.ts";
import type { WhileWaiting } from "./network-queue.ts";
import { openPlace, type OpenPlace, removeAll, type Removals } from "./open-place.ts";
import { runSteps } from "./run-steps.ts";
import { saveResults } from "./save-results.ts";
import { type RunningServices, startServices } from "./services.ts";
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
  /** Waits for what a job cannot run without and has no part in: it is shown as queued with the reason, and its time stands still. */
  readonly whileWaiting: WhileWaiting;
}

/**
 * One attempt of a job with steps: a fresh workspace and network, services, all of its steps, artifacts, caches, what follows a failure, and nothing left of it. Throws only what `emit` throws.
 */
export async function runAttempt(
  job: StepsJob,
  around: JobSurroundings,
  { signal, isFinal, whileWaiting }: Attempt,
): Promise<JobResult> {
  const removals: Removals = [];
  try {
    const late = lateSignal(signal, around.clock);
    const open = await openPlace(job, around, { removals, late, signal, whileWaiting });
    const { failure, isKept = false, ...about } = await runAll(open, around, { signal, isFinal });
    if (isKept) {
      removals.length = 0;
      around.networks.give();
      await open.place.held?.release();
    }
    if (failure === undefined) return { status: "succeeded", outputs: {} };
    return { status: failure.kind === "cancelled" ? "cancelled" : "failed", failure, outputs: {}, ...about };
  } catch (error) {
    return { status: "failed", failure: failureOf(error), outputs: {} };
  } finally {
    await removeAll(removals, job, around);
  }
}

/** Services, steps, results, and what follows a failure. */
async function runAll(
  { place: alone, caches }: OpenPlace,
  around: JobSurroundings,
  { signal, isFinal }: Pick<Attempt, "signal" | "isFinal">,
): Promise<{
  readonly failure?: Failure;
  readonly isHandled: boolean;
  readonly failedStep?: string;
  readonly isKept?: boolean;
}> {
  const { job, clock } = alone;
  const conclude = async (failed: Failed, place: AttemptPlace) => {
    const { failure } = failed;
    // Where the engine has gone nothing runs here: whoever asked for the job knows other places.
    const isHandled = failure.kind !== "cancelled" && failure.code !== "ENGINE_LOST" && isFinal(failure);
    if (!isHandled) return { failure, isHandled, failedStep: failed.name };
    await runHandlers(job.onFailure, { ...place, failed });
    return { failure, isHandled, isKept: await keepFailed(failed, place, around) };
  };
  let services: RunningServices;
  try {
    services = await startServices(job.work.services, alone, signal);
  } catch (error) {
    return conclude({ name: "services", failure: failureOf(signal.aborted ? signal.reason : error) }, alone);
  }
  const broken = new AbortController();
  services.lost.catch((error: unknown) => broken.abort(error));
  const within = AbortSignal.any([signal, broken.signal]);
  const place = { ...alone, hosts: services.hosts, late: lateSignal(within, clock) };
  try {
    const { failure: failed, failedStep: step } = await runSteps(place, within);
    const later = await saveResults({ place, caches }, failed, signal).then(() => undefined, failureOf);
    // What failed first is what the user has to know.
    if (failed !== undefined) {
      const about = step === undefined ? { name: "services" } : { name: step.name, step };
      return await conclude({ ...about, failure: failed }, place);
    }
    return later === undefined ? { isHandled: false } : await conclude({ name: "artifacts", failure: later }, place);
  } finally {
    await services.stop();
  }
}

/** A signal that is aborted some time after another. */
export function lateSignal(signal: AbortSignal, clock: Clock): AbortSignal {
  const late = new AbortController();
  const begin = () => {
    const limit = clock.timeout(afterCancel);
    limit.addEventListener("abort", () => late.abort(limit.reason), { once: true });
  };
  if (signal.aborted) begin();
  else signal.addEventListener("abort", begin, { once: true });
  return late.signal;
}
