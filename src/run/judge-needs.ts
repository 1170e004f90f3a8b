import type { Failure } from "../event/run-event.ts";
import type { JobOutputs, PlannedJob } from "../pipeline/job-spec.ts";

/** A job that has come to its final state. */
export interface EndedJob {
  readonly job: PlannedJob;
  readonly status: JobOutputs["status"];
  readonly failure?: Failure;
  readonly reason?: string;
  /** It was left out because of what it needs, and so are those that need it. */
  readonly lacksNeeds?: boolean;
  readonly outputs: Omit<JobOutputs, "status">;
}

/** Whether a job is left out because of its own conditions or of what its needs came to, and why. */
export function judgeNeeds(
  { skip, needs, when }: PlannedJob,
  ended: ReadonlyMap<string, EndedJob>,
): { readonly reason?: string; readonly lacksNeeds: boolean } {
  if (skip !== undefined) return { reason: skip, lacksNeeds: false };
  const broken = needs.filter((need) => !isGood(ended.get(need)));
  if (when === "success" && broken.length > 0) return { reason: `it needs ${broken.join(", ")}`, lacksNeeds: true };
  if (when === "failure" && broken.length === 0)
    return { reason: "nothing that it needs failed", lacksNeeds: false };
  return { lacksNeeds: false };
}

/** Whether dependents go on: also after a failure that is allowed, and after a job that its own conditions left out. */
function isGood(ended: EndedJob | undefined): boolean {
  if (ended === undefined) return false;
  if (ended.status === "failed") return ended.job.mayFail;
  return ended.status === "succeeded" || (ended.status === "skipped" && ended.lacksNeeds !== true);
}
