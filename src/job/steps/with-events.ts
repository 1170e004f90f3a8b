import type { Failure, RunEventBody } from "../../event/run-event.ts";
import type { AttemptPlace } from "../attempt-place.ts";
import type { StepEnd, StepRun } from "./step-end.ts";

type Told = Pick<AttemptPlace, "emit" | "isEmulated">;

/** What all events of one step have in common. */
export type AboutStep = Pick<RunEventBody & { readonly type: "step" }, "type" | "job" | "step" | "handles">;

/** A run that tells when it begins. */
export function withStart(run: StepRun, about: AboutStep, { emit, isEmulated }: Told): StepRun {
  return async (signal, attempt) => {
    await emit({ ...about, state: "running", attempt, emulated: isEmulated });
    return run(signal, attempt);
  };
}

/** A run that tells how it ended. */
export function withEnd(run: StepRun, about: AboutStep, place: Told & { readonly mayFail: boolean }): StepRun {
  return async (signal, first) => {
    const end = await run(signal, first);
    const reason = place.mayFail && end.status === "failed" ? "it may fail" : undefined;
    await place.emit(endOf(about, end, reason));
    return end;
  };
}

/** The event of a step that has ended. */
export function endOf(about: AboutStep, end: StepEnd, reason?: string): RunEventBody {
  const { status, attempt = 1, exitCode, failure } = end;
  const more: { exitCode?: number; failure?: Failure; reason?: string } = {};
  if (exitCode !== undefined) more.exitCode = exitCode;
  if (failure !== undefined) more.failure = failure;
  if (reason !== undefined) more.reason = reason;
  return { ...about, state: status, attempt, ...more };
}
