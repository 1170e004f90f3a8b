import { formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";
import { namesOfTemplate, type Template } from "../expression/template.ts";
import { resolveJob, type Resolution } from "./resolve-job.ts";
import type { JobGraph, PlannedJob } from "./job-spec.ts";

/** An image that jobs run, and what they run it as. */
export interface NeededImage {
  readonly image: string;
  readonly platforms: readonly Platform[];
  /** Ids of the jobs. */
  readonly jobs: readonly string[];
}

/**
 * The images of steps, services and handlers, with all platforms that each runs on. Images that come from other jobs of the run are left out: nobody knows them before.
 *
 * @param any platform of jobs that name none
 */
export function imagesOf(
  graph: JobGraph,
  resolution: Omit<Resolution, "graph" | "outputs">,
  any: Platform,
): readonly NeededImage[] {
  const found = new Map<string, { image: string; platforms: Platform[]; jobs: string[] }>();
  for (const planned of graph.jobs) {
    if (planned.work.kind !== "steps" || planned.skip !== undefined) continue;
    const platform = planned.platform ?? any;
    const { job } = resolveJob(withKnownImages(planned), { ...resolution, graph, outputs: new Map() });
    if (job.work.kind !== "steps") continue;
    const { image, services, steps } = job.work;
    const images = [
      ...(steps.some((step) => step.image === undefined) ? [image] : []),
      ...[...steps, ...job.onFailure, ...steps.flatMap(({ onFailure }) => onFailure)].flatMap(
        (step) => step.image ?? [],
      ),
      ...services.map((service) => service.image),
    ];
    for (const name of images.filter((text) => text !== "")) {
      const entry = found.get(name) ?? { image: name, platforms: [], jobs: [] };
      found.set(name, entry);
      if (!entry.platforms.some((one) => samePlatform(one, platform))) entry.platforms.push(platform);
      if (!entry.jobs.includes(planned.id)) entry.jobs.push(planned.id);
    }
  }
  return [...found.values()].sort((a, b) => formatKey(a).localeCompare(formatKey(b)));
}

function formatKey({ image, platforms }: NeededImage): string {
  return `${image} ${platforms.map(formatPlatform).join(",")}`;
}

const none: Template = { parts: [] };

/** The job with an empty text for each image that another job makes; a condition is not asked before the run. */
function withKnownImages(job: PlannedJob): PlannedJob {
  const known = (template: Template) => (namesOfTemplate(template).some(([room]) => room === "jobs") ? none : template);
  const { condition: _, ...rest } = job;
  if (job.work.kind !== "steps") return rest;
  const { image, steps, services } = job.work;
  const knownStep = <Step extends { readonly image?: Template }>(step: Step): Step =>
    step.image === undefined ? step : { ...step, image: known(step.image) };
  return {
    ...rest,
    work: {
      ...job.work,
      image: known(image),
      steps: steps.map(knownStep),
      services: services.map((service) => ({ ...service, image: known(service.image) })),
    },
  };
}
