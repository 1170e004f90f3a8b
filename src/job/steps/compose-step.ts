import type { StepSpec } from "../../pipeline/job-spec.ts";
import type { AttemptPlace } from "../attempt-place.ts";
import { runInContainer } from "./run-in-container.ts";
import type { StepRun, StepsSoFar } from "./step-end.ts";
import { endOf, type AboutStep, withEnd, withStart } from "./with-events.ts";
import { withHandlers } from "./with-handlers.ts";
import { withLog } from "./with-log.ts";
import { withRetry } from "./with-retry.ts";
import { withTimeout } from "./with-timeout.ts";
import { withWhen } from "./with-when.ts";

/** A step: one run of a container, and around it, from the inside out, all that the pipeline asks for. */
export function composeStep(step: StepSpec, place: AttemptPlace, soFar: StepsSoFar): StepRun {
  const { job, emit, clock } = place;
  const { name, retry, timeout, mayFail } = step;
  const about: AboutStep = { type: "step", job: job.id, step: name };
  const container = runInContainer(step, place, place.held);
  const logged = withLog(container, step, place);
  const limited = withTimeout(logged, name, timeout, clock);
  const started = withStart(limited, about, place);
  const repeated = withRetry(started, retry, clock, (end) => emit(endOf(about, end, "it is tried again")));
  const ended = withEnd(repeated, about, { ...place, mayFail });
  const handled = withHandlers(ended, (failure) =>
    runHandlers(step.onFailure, { ...place, failed: { name, step, failure } }),
  );
  return withWhen(handled, step, about, { ...place, soFar });
}

/** Runs failure handlers, each whatever came of the others; their results change nothing. They go on for a while after a cancel. */
export async function runHandlers(handlers: readonly StepSpec[], place: AttemptPlace): Promise<void> {
  for (const handler of handlers) await composeHandler(handler, place)(place.late, 1);
}

/** A failure handler: the same without what a handler cannot have. What it does not say itself is as in the step that failed. */
function composeHandler(handler: StepSpec, place: AttemptPlace): StepRun {
  const { job, clock, failed } = place;
  const step = failed?.step === undefined ? handler : withEnvironmentOf(handler, failed.step);
  const about: AboutStep = { type: "step", job: job.id, step: step.name, handles: failed?.name ?? "" };
  const logged = withLog(runInContainer(step, place), step, place);
  const limited = withTimeout(logged, step.name, step.timeout, clock);
  return withEnd(withStart(limited, about, place), about, { ...place, mayFail: false });
}

function withEnvironmentOf(handler: StepSpec, failed: StepSpec): StepSpec {
  return {
    ...handler,
    ...(handler.image === undefined && failed.image !== undefined ? { image: failed.image } : {}),
    env: { ...failed.env, ...handler.env },
    secrets: [...failed.secrets, ...handler.secrets],
  };
}
