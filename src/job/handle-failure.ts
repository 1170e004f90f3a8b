import type { Failure } from "../event/run-event.ts";
import type { JobSpec, StepsWork } from "../pipeline/job-spec.ts";
import type { Platform } from "../platform/platform.ts";
import { failureOf } from "./job-failure.ts";
import type { WhileWaiting } from "./network-queue.ts";
import { openPlace, removeAll, type Removals } from "./open-place.ts";
import { runHandlers } from "./steps/compose-step.ts";
import type { JobSurroundings } from "./steps-job.ts";

/** Milliseconds that the handlers of a job have together. */
const patience = 60_000;

/** A job with steps that does nothing: what failure handlers of other jobs run in. */
const nothing: StepsWork = {
  kind: "steps",
  image: "",
  secrets: [],
  registries: [],
  services: [],
  caches: [],
  inputs: [],
  artifacts: [],
  steps: [],
  resources: {},
  workspace: "/workspace",
};

/**
 * Runs the failure handlers of a job that has no place of its own: it failed before it had one, or has no steps. They get a fresh workspace and network. Throws only what `emit` throws; handlers
 * that cannot run are told.
 */
export async function handleFailure(
  job: JobSpec,
  failure: Failure,
  {
    failedStep,
    platform,
    around,
  }: { readonly failedStep?: string | undefined; readonly platform: Platform; readonly around: JobSurroundings },
): Promise<void> {
  const { work } = job;
  const own = work.kind === "steps" ? { ...work, services: [], caches: [], inputs: [], artifacts: [] } : nothing;
  const alone = { ...job, platform, work: own };
  const removals: Removals = [];
  const limit = around.clock.timeout(patience);
  try {
    const whileWaiting: WhileWaiting = async (reason, wait) => {
      await around.emit({ type: "note", job: job.id, text: `The failure handlers wait ${reason}.` });
      return wait();
    };
    const { place } = await openPlace(alone, around, { removals, late: limit, signal: limit, whileWaiting });
    const name = failedStep ?? (work.kind === "steps" ? "setup" : work.kind);
    await runHandlers(job.onFailure, { ...place, failed: { name, failure } });
  } catch (error) {
    const { message } = failureOf(error);
    await around.emit({ type: "note", job: job.id, text: `The failure handlers did not run: ${message}` });
  } finally {
    await removeAll(removals, alone, around);
  }
}
