import type { Failure } from "../../event/run-event.ts";

/** How a step ended. */
export interface StepEnd {
  readonly status: "succeeded" | "failed" | "cancelled";
  readonly exitCode?: number;
  readonly failure?: Failure;
}

/** One run of a step; decorators take one and give one. Never throws. */
export type StepRun = (signal: AbortSignal, attempt: number) => Promise<StepEnd>;
