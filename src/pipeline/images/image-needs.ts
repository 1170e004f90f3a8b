import type { Value } from "../../expression/expression.ts";
import type { Template } from "../../expression/template.ts";
import type { Platform } from "../../platform/platform.ts";
import { readEnvironment } from "../environment.ts";
import { knownScope, knownText } from "../known-text.ts";
import type { JobGraph, PlannedJob, StepSpec } from "../job-spec.ts";
import { templateText } from "../show/template-text.ts";

/** One place of a pipeline that runs an image. */
export interface ImageUse {
  /** Id of the job. */
  readonly job: string;
  /** Where the file names it, as keys from the top; where a job has overrides the nearest key that is there. */
  readonly path: readonly PropertyKey[];
  /** What it runs as; absent where any machine will do. */
  readonly platform?: Platform;
}

/** The images that a run needs before it starts. */
export interface ImageNeeds {
  /** Uses of each image by its name. */
  readonly images: ReadonlyMap<string, readonly ImageUse[]>;
  /** Names that are only known when the run has come to them, as they are written: images that it builds itself, above all. */
  readonly late: readonly string[];
}

interface NamedImage {
  readonly image: Template;
  /** Variables of what names it, over those of the job. */
  readonly env: readonly Readonly<Record<string, Template>>[];
  readonly path: readonly PropertyKey[];
}

/** Collects the images of steps, services and failure handlers of all jobs that are not skipped. `known` are names that expressions may have beside those of the job. */
export function imageNeeds(graph: JobGraph, known: Iterable<readonly [string, Value]>): ImageNeeds {
  const images = new Map<string, ImageUse[]>();
  const late = new Set<string>();
  const names = new Map(known);
  for (const job of graph.jobs.filter(({ skip }) => skip === undefined)) {
    const scope = knownScope(job, graph, names);
    for (const { image, env, path } of imagesOf(job)) {
      const own = env.reduce((outer, one) => readEnvironment(one, outer, knownText).scope, scope);
      const name = knownText(image, own);
      if (name === undefined) late.add(templateText(image));
      else {
        const uses = images.get(name) ?? [];
        uses.push({ job: job.id, path, ...(job.platform === undefined ? {} : { platform: job.platform }) });
        images.set(name, uses);
      }
    }
  }
  return { images, late: [...late] };
}

function imagesOf({ name, work, onFailure }: PlannedJob): NamedImage[] {
  const at = ["jobs", name];
  if (work.kind !== "steps") return imagesOfSteps(onFailure, undefined, [...at, "on_failure"]);
  const usual = { image: work.image, env: [], path: [...at, "image"] };
  return [
    ...work.services.map(({ name: service, image, env }) => ({
      image,
      env: [env],
      path: [...at, "services", service, "image"],
    })),
    ...imagesOfSteps(work.steps, usual, [...at, "steps"]),
    ...imagesOfSteps(onFailure, usual, [...at, "on_failure"]),
  ];
}

/**
 * @param usual Image of the steps that name none
 * @param outer Variables of the step that they are handlers of
 */
function imagesOfSteps(
  steps: readonly StepSpec<Template>[],
  usual: NamedImage | undefined,
  path: readonly PropertyKey[],
  outer: NamedImage["env"] = [],
): NamedImage[] {
  return steps.flatMap((step, index) => {
    const at = [...path, index];
    const own = { env: [...outer, step.env], path: [...at, "image"] };
    const image = step.image === undefined ? usual : { ...own, image: step.image };
    const handlers = imagesOfSteps(step.onFailure, image, [...at, "on_failure"], own.env);
    return [...(image === undefined ? [] : [image]), ...handlers];
  });
}
