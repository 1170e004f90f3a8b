import type { Failure } from "../../event/run-event.ts";
import type { StepSpec } from "../../pipeline/job-spec.ts";

/** How a step ended. */
export interface StepEnd {
  readonly status: "succeeded" | "failed" | "cancelled" | "skipped";
  readonly exitCode?: number;
  readonly failure?: Failure;
  /** Which run of it this was; 1 when absent. */
  readonly attempt?: number;
}

/** One run of a step; decorators take one and give one. Never throws for what happens in the step. */
export type StepRun = (signal: AbortSignal, attempt: number) => Promise<StepEnd>;

/** What the steps of a job have come to so far. */
export interface StepsSoFar {
  /** The first failure, or the cancel. */
  readonly failure?: Failure;
  /** The step that failed, or was cut off by what failed. */
  readonly failedStep?: StepSpec;
}
