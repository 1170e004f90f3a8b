import { isTrue } from "../../expression/expression.ts";
import type { StepSpec } from "../../pipeline/job-spec.ts";
import type { AttemptPlace } from "../attempt-place.ts";
import { endOf, type AboutStep } from "./with-events.ts";
import type { StepEnd, StepRun, StepsSoFar } from "./step-end.ts";

/**
 * A run that happens only when the step's `when` and condition say so, and is told as skipped otherwise. What runs whatever happens, or after a failure, has a signal of its
 * own: it goes on for a while after a cancel.
 */
export function withWhen(
  run: StepRun,
  step: StepSpec,
  about: AboutStep,
  { emit, late, soFar }: Pick<AttemptPlace, "emit" | "late"> & { readonly soFar: StepsSoFar },
): StepRun {
  return async (signal, attempt) => {
    const reason = reasonToSkip(step, soFar);
    if (reason === undefined) return run(step.when === "success" ? signal : late, attempt);
    const end: StepEnd = { status: "skipped" };
    await emit(endOf(about, end, reason));
    return end;
  };
}

function reasonToSkip({ when, condition }: StepSpec, { failure }: StepsSoFar): string | undefined {
  if (when === "success" && failure !== undefined)
    return failure.kind === "cancelled" ? "the job was cancelled" : "a step before it failed";
  if (when === "failure" && (failure === undefined || failure.kind === "cancelled")) return "nothing failed";
  return condition !== undefined && !isTrue(condition) ? "its condition is not met" : undefined;
}
