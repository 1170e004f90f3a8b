import type { Failure } from "../event/run-event.ts";
import type { StepSpec } from "../pipeline/job-spec.ts";
import type { AttemptPlace } from "./attempt-place.ts";
import { failureOf } from "./job-failure.ts";
import { composeStep } from "./steps/compose-step.ts";
import type { StepsSoFar } from "./steps/step-end.ts";

/** Runs the steps of a job one after the other, and tells what they came to: the first failure that counts, or what ended them from outside. Throws only what `emit` throws. */
export async function runSteps(place: AttemptPlace, signal: AbortSignal): Promise<StepsSoFar> {
  let soFar: StepsSoFar = {};
  const outside = (): Failure | undefined => (signal.aborted ? failureOf(signal.reason) : undefined);
  const note = (failure: Failure | undefined, failedStep?: StepSpec) => {
    if (failure === undefined || soFar.failure !== undefined) return;
    soFar = failedStep === undefined ? { failure } : { failure, failedStep };
  };
  for (const step of place.job.work.steps) {
    note(outside());
    const end = await composeStep(step, place, soFar)(signal, 1);
    const failure = end.status === "cancelled" ? outside() : step.mayFail ? undefined : end.failure;
    note(failure, step);
  }
  note(outside());
  return soFar;
}
