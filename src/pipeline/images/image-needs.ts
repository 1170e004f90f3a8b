import type { ErrorPlace } from "../../error/error.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Template } from "../expression/template.ts";
import type { JobGraph, PlannedJob, StepSpec } from "../job-spec.ts";
import { literalText, templateText } from "../show/template-text.ts";

/** One place of a pipeline that runs an image. */
export interface ImageUse {
  readonly image: Template;
  /** Id of the job. */
  readonly job: string;
  /** What it runs as; absent where any machine will do. */
  readonly platform?: Platform;
}

/** The images that a run needs before it starts. */
export interface ImageNeeds {
  /** Uses of each image by its name as written. */
  readonly images: ReadonlyMap<string, readonly ImageUse[]>;
  /** Names that are only known when the run has come to them: images that it builds itself, above all. */
  readonly late: readonly { readonly text: string; readonly place: ErrorPlace }[];
}

/** Collects the images of steps, services and failure handlers of all jobs that are not skipped. */
export function imageNeeds(graph: JobGraph): ImageNeeds {
  const images = new Map<string, ImageUse[]>();
  const late = new Map<string, ErrorPlace>();
  for (const job of graph.jobs.filter(({ skip }) => skip === undefined)) {
    for (const image of imagesOf(job)) {
      const name = literalText(image);
      if (name === undefined) late.set(templateText(image), image.place);
      else {
        const uses = images.get(name) ?? [];
        uses.push({ image, job: job.id, ...(job.platform === undefined ? {} : { platform: job.platform }) });
        images.set(name, uses);
      }
    }
  }
  return { images, late: [...late].map(([text, place]) => ({ text, place })) };
}

function imagesOf({ work, onFailure }: PlannedJob): Template[] {
  if (work.kind !== "steps") return imagesOfSteps(onFailure, undefined);
  const services = work.services.map(({ image }) => image);
  return [...services, ...imagesOfSteps([...work.steps, ...onFailure], work.image)];
}

/** @param usual Image of the steps that name none. */
function imagesOfSteps(steps: readonly StepSpec<Template>[], usual: Template | undefined): Template[] {
  return steps.flatMap((step) => {
    const image = step.service?.image ?? step.image ?? usual;
    return [...(image === undefined ? [] : [image]), ...imagesOfSteps(step.onFailure, usual)];
  });
}
