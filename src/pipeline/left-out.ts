import { namesOfTemplate, type Template } from "../expression/template.ts";
import type { PlannedJob } from "./job-spec.ts";

/** What chosen jobs take from jobs that do not run with them. */
export interface LeftOut {
  /** Files of another job. */
  readonly artifacts: readonly { readonly job: string; readonly artifact: string; readonly by: string }[];
  /** Names of jobs whose image is named (`jobs.NAME.reference`, `jobs.NAME.digest`). */
  readonly images: readonly { readonly name: string; readonly by: string }[];
}

/** The named jobs without what they need: they start at once, whatever their conditions on other jobs are. */
export function withoutNeeds(jobs: readonly PlannedJob[], names: readonly string[]): readonly PlannedJob[] {
  const chosen = jobs.filter(({ id, name }) => names.includes(name) || names.includes(id));
  const ids = new Set(chosen.map(({ id }) => id));
  return chosen.map((job) => {
    const needs = job.needs.filter((need) => ids.has(need));
    return { ...job, needs, when: needs.length === job.needs.length ? job.when : "always" };
  });
}

/** What jobs take from others that are not among them. */
export function leftOut(jobs: readonly PlannedJob[]): LeftOut {
  const ids = new Set(jobs.map(({ id }) => id));
  const names = new Set(jobs.map(({ name }) => name));
  const artifacts = jobs.flatMap(({ id, work }) =>
    work.kind !== "steps"
      ? []
      : work.inputs.flatMap(({ artifact, from }) => from.map(({ job }) => ({ job, artifact, by: id }))),
  );
  const images = jobs.flatMap((job) =>
    [...new Set(templatesIn(job).flatMap(imagesNamedBy))].map((name) => ({ name, by: job.id })),
  );
  return {
    artifacts: artifacts.filter(({ job }) => !ids.has(job)),
    images: images.filter(({ name }) => !names.has(name)),
  };
}

function imagesNamedBy(template: Template): readonly string[] {
  return namesOfTemplate(template).flatMap((use) => {
    const [root, name, key] = use.name.split(".");
    return root === "jobs" && name !== undefined && (key === "reference" || key === "digest") ? [name] : [];
  });
}

function templatesIn(value: unknown): readonly Template[] {
  if (typeof value !== "object" || value === null) return [];
  if (isTemplate(value)) return [value];
  return Object.values(value).flatMap(templatesIn);
}

function isTemplate(value: object): value is Template {
  return "parts" in value && Array.isArray(value.parts);
}
