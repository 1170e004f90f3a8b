import type { Clock } from "../clock.ts";
import type { StepRun } from "./step-end.ts";

/** A run that is ended after some seconds, and is then a failure of kind `timeout`. */
export function withTimeout(run: StepRun, name: string, seconds: number | undefined, clock: Clock): StepRun {
  if (seconds === undefined) return run;
  return async (signal, attempt) => {
    const limit = clock.timeout(seconds * 1000);
    const end = await run(AbortSignal.any([signal, limit]), attempt);
    if (end.status !== "cancelled" || signal.aborted) return end;
    const message = `The step "${name}" did not end within ${seconds} s.`;
    return { ...end, status: "failed", failure: { kind: "timeout", code: "STEP_TIMEOUT", message } };
  };
}
