import type { StepRun } from "./step-end.ts";

/** A run whose failure is followed by something, which changes nothing of it. */
export function withHandlers(run: StepRun, handle: () => Promise<void>): StepRun {
  return async (signal, attempt) => {
    const end = await run(signal, attempt);
    if (end.status === "failed") await handle();
    return end;
  };
}
