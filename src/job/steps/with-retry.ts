import type { RetrySpec } from "../../pipeline/job-spec.ts";
import type { Clock } from "../clock.ts";
import type { StepEnd, StepRun } from "./step-end.ts";

/** A run that is tried again after failures of the kinds that `retry` names. `onRetry` hears of each failed attempt that another follows. */
export function withRetry(
  run: StepRun,
  retry: RetrySpec,
  clock: Clock,
  onRetry: (end: StepEnd) => void | Promise<void>,
): StepRun {
  return async (signal) => {
    for (let attempt = 1; ; attempt++) {
      const end = { ...(await run(signal, attempt)), attempt };
      const { failure } = end;
      const isAgain =
        end.status === "failed" && failure !== undefined && retry.on.some((kind) => kind === failure.kind);
      if (!isAgain || attempt >= retry.attempts) return end;
      await onRetry(end);
      const isOver = await clock.sleep(retry.delay * 1000 * 2 ** (attempt - 1), signal).then(
        () => false,
        () => true,
      );
      // The next attempt was cancelled before it began.
      if (isOver) return { status: "cancelled", attempt: attempt + 1 };
    }
  };
}
