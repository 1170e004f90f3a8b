import type { Failure } from "../../event/run-event.ts";
import type { StepRun } from "./step-end.ts";

/** A run whose failure is followed by something, which changes nothing of it. */
export function withHandlers(run: StepRun, handle: (failure: Failure) => Promise<void>): StepRun {
  return async (signal, attempt) => {
    const end = await run(signal, attempt);
    if (end.status === "failed" && end.failure !== undefined) await handle(end.failure);
    return end;
  };
}
