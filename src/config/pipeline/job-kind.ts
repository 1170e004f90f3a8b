import type { Template } from "../../expression/template.ts";
import type { JobContent } from "./job.ts";

/** What a job does. */
export type JobKind = "steps" | "build" | "verify" | "image" | "promote" | "approval";

type ImageAction = Exclude<JobContent["image"], Template | undefined>;

/** The mapping of an image job; undefined where `image` names the image of steps. */
export function imageActionOf({ image }: JobContent): ImageAction | undefined {
  return image === undefined || "parts" in image ? undefined : image;
}

/** The image of a job's steps. */
export function stepsImageOf({ image }: JobContent): Template | undefined {
  return image !== undefined && "parts" in image ? image : undefined;
}

/** The keys of a job that say what it does; one is right, and `build` may have `verify` beside it. */
export function kindsOf(job: JobContent): readonly JobKind[] {
  const kinds: JobKind[] = [];
  if (job.steps !== undefined) kinds.push("steps");
  if (job.build !== undefined) kinds.push("build");
  if (job.verify !== undefined && job.build === undefined) kinds.push("verify");
  if (imageActionOf(job) !== undefined) kinds.push("image");
  if (job.promote !== undefined) kinds.push("promote");
  if (job.approval !== undefined) kinds.push("approval");
  return kinds;
}
