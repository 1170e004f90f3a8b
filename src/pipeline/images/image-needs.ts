import { ArchwayError } from "../../error/error.ts";
import type { Scope } from "../../expression/evaluate.ts";
import type { Value } from "../../expression/expression.ts";
import type { Template } from "../../expression/template.ts";
import { formatReference, parseReference, withTag } from "../../oci/reference.ts";
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
  /** What it runs as; absent where it is only read, and where any machine will do. */
  readonly platform?: Platform;
  /** It is run, as whatever the machine is that the job comes to. */
  readonly isFree?: true;
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
  /** Platforms that it must have; absent: the one that the job runs as. */
  readonly platforms?: readonly Platform[];
}

/**
 * Collects the images of all jobs that are not skipped: of steps, services and failure handlers, and those that verify, image and promote jobs read. What a job that
 * comes before makes is known late, also where it is named as it will be called. `known` are names that expressions may have beside those of the job.
 */
export function imageNeeds(graph: JobGraph, known: Iterable<readonly [string, Value]>): ImageNeeds {
  const images = new Map<string, ImageUse[]>();
  const late = new Set<string>();
  const names = new Map(known);
  const jobs = graph.jobs.filter(({ skip }) => skip === undefined);
  const isMadeBefore = imagesMade(graph, names);
  for (const job of jobs) {
    const scope = knownScope(job, graph, names);
    for (const { image, env, path, platforms = job.platform && [job.platform] } of imagesOf(job)) {
      const own = env.reduce((outer, one) => readEnvironment(one, outer, knownText).scope, scope);
      const name = knownText(image, own);
      if (name === undefined || isMadeBefore(job, name)) late.add(name ?? templateText(image));
      else if (!isElsewhere(name)) {
        const uses = images.get(name) ?? [];
        if (platforms === undefined) uses.push({ job: job.id, path, isFree: true });
        else if (platforms.length === 0) uses.push({ job: job.id, path });
        for (const platform of platforms ?? []) uses.push({ job: job.id, path, platform });
        images.set(name, uses);
      }
    }
  }
  return { images, late: [...late] };
}

/** Tells whether an image gets its name from a job that ends before another one. */
export function imagesMade(
  graph: JobGraph,
  known: Iterable<readonly [string, Value]>,
): (job: PlannedJob, image: string) => boolean {
  const names = new Map(known);
  const jobs = graph.jobs.filter(({ skip }) => skip === undefined);
  const made = Map.groupBy(jobs, ({ name }) => name);
  const namesOf = new Map(
    [...made].map(([name, ones]) => [
      name,
      new Set(ones.flatMap((one) => [...imagesMadeBy(one, knownScope(one, graph, names))])),
    ]),
  );
  return ({ allNeeds }, image) => allNeeds.some((need) => namesOf.get(need)?.has(fullName(image)) === true);
}

/** Names that a job gives to images, as far as they are known. */
function imagesMadeBy({ work }: PlannedJob, scope: Scope): ReadonlySet<string> {
  const texts = (templates: readonly Template[]) => templates.flatMap((template) => knownText(template, scope) ?? []);
  if (work.kind === "build") return new Set(texts(work.tags).map(fullName));
  if (work.kind === "promote") return new Set(texts(work.to).map(fullName));
  if (work.kind !== "image") return new Set();
  if (work.action !== "tag") return new Set(texts(work.to).map(fullName));
  // What an image is tagged with stands beside it.
  const names = texts(work.from).flatMap((from) => texts(work.to).map((tag) => tagged(from, tag)));
  return new Set(names);
}

function tagged(name: string, tag: string): string {
  try {
    return formatReference(withTag(parseReference(name), tag));
  } catch (error) {
    if (error instanceof ArchwayError) return name;
    throw error;
  }
}

/** A name as registries know it; what is no name of an image stays as it is, and is told by whoever looks it up. */
function fullName(name: string): string {
  try {
    const reference = parseReference(name);
    return formatReference((reference.tag ?? reference.digest) ? reference : withTag(reference, "latest"));
  } catch (error) {
    if (error instanceof ArchwayError) return name;
    throw error;
  }
}

/** Layouts and archives of this machine, and bare digests of images of the run. */
function isElsewhere(name: string): boolean {
  return /^(oci|oci-archive|docker-archive|docker|sha256):/.test(name);
}

function imagesOf({ name, work, onFailure }: PlannedJob): NamedImage[] {
  const at = ["jobs", name];
  if (work.kind !== "steps")
    return [...imagesReadBy(work, at), ...imagesOfSteps(onFailure, undefined, [...at, "on_failure"])];
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

/** The images that a job without steps reads. */
function imagesReadBy(work: PlannedJob["work"], at: readonly PropertyKey[]): NamedImage[] {
  const named = (images: readonly Template[], path: readonly PropertyKey[], platforms: readonly Platform[]) =>
    images.map((image, index) => ({ image, env: [], path: [...at, ...path, index], platforms }));
  if (work.kind === "verify") return named(work.images, ["verify", "images"], [...work.platforms, ...work.require]);
  if (work.kind === "image") return named(work.from, ["image", work.action, "from"], work.platforms);
  return work.kind === "promote" ? named([work.from], ["promote", "from"], []) : [];
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
