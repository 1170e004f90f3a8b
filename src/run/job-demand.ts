import type { JobWork } from "../pipeline/job-spec.ts";

/** What a job asks of the machine that it runs on. */
export interface JobDemand {
  /** Bytes. */
  readonly memory?: number;
  readonly processors?: number;
}

/**
 * What the `resources` of a job ask of its machine. Steps run one after the other, beside all services: memory is that of the largest step and of the services together. Processors are shared, and an engine only refuses
 * a container that by itself may use more than there are.
 */
export function demandOf(work: JobWork<unknown> | undefined): JobDemand {
  if (work?.kind !== "steps") return {};
  const steps = work.steps.map(({ resources }) => ({ ...work.resources, ...resources }));
  const services = work.services.map(({ resources }) => resources);
  const memory = most(steps.map((one) => one.memory)) + services.reduce((sum, one) => sum + (one.memory ?? 0), 0);
  const processors = most([...steps, ...services].map(({ cpus }) => cpus));
  return { ...(memory > 0 ? { memory } : {}), ...(processors > 0 ? { processors } : {}) };
}

function most(values: readonly (number | undefined)[]): number {
  return Math.max(0, ...values.map((value) => value ?? 0));
}
