import type { Scope } from "../expression/evaluate.ts";
import { isTrue, type Value } from "../expression/expression.ts";
import { evaluateTemplate, type Template } from "../expression/template.ts";
import { environmentOf, isTemplate, readEnvironment } from "./environment.ts";
import { namesOfPlatform, namesOfRun, type RunFacts } from "./facts.ts";
import type { JobGraph, JobOutputs, JobSpec, PlannedJob, StepSpec, StepsWork } from "./job-spec.ts";

/** What the texts of a job are made of, once all that it needs has ended. */
export interface Resolution {
  readonly graph: JobGraph;
  readonly facts: RunFacts;
  /** Of the needed jobs by name. */
  readonly outputs: ReadonlyMap<string, JobOutputs>;
  readonly hash: Scope["hash"];
}

/** A job with all its texts final, its concurrency group, and whether its condition lets it run. Throws `EXPRESSION_NAME` (kind `input`). */
export function resolveJob(
  planned: PlannedJob,
  resolution: Resolution,
): { readonly job: JobSpec; readonly runs: boolean; readonly group?: string } {
  const names = new Map([...namesOfRun(resolution.facts), ...namesOfJob(planned, resolution)]);
  const shared = readEnvironment(resolution.graph.env, { names, hash: resolution.hash }, evaluateTemplate);
  const own = readEnvironment(planned.env, shared.scope, evaluateTemplate);
  const env = { ...shared.env, ...own.env };
  const { scope } = own;
  const { needs: _, allNeeds: _all, axes: _axes, when: _when, condition, skip: _skip, concurrency, ...all } = planned;
  const { env: _env, ...rest } = all;
  const runs = condition === undefined || isTrue(evaluateTemplate(condition, scope));
  // Every template of the specification has become its text, which is what tells the two types apart.
  const job = (runs ? { ...(withTexts(rest, scope) as object), env } : { ...rest, env }) as JobSpec;
  const group = runs && concurrency !== undefined ? { group: evaluateTemplate(concurrency.group, scope) } : {};
  return { job, runs, ...group };
}

/**
 * What is left of a job whose own texts cannot be made final: its failure handlers, as far as theirs can, with the variables and the image that are known. `broken` says why the others cannot.
 */
export function resolveHandlers(
  planned: PlannedJob,
  resolution: Resolution,
): { readonly job: JobSpec; readonly broken: readonly string[] } {
  const names = new Map([...namesOfRun(resolution.facts), ...namesOfJob(planned, resolution)]);
  const shared = readEnvironment(resolution.graph.env, { names, hash: resolution.hash }, textOrNothing);
  const own = readEnvironment(planned.env, shared.scope, textOrNothing);
  const broken: string[] = [];
  const onFailure = planned.onFailure.flatMap((handler): readonly StepSpec[] => {
    try {
      // As in `resolveJob`: without its templates it is of the other type.
      return [withTexts(handler, own.scope) as StepSpec];
    } catch (error) {
      broken.push(`${handler.name}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  });
  const { id, name, platform, matrix, emulation, mayFail, retry, work } = planned;
  const place = { ...(platform === undefined ? {} : { platform }), matrix, env: { ...shared.env, ...own.env } };
  const job = { id, name, ...place, emulation, mayFail, retry, work: withoutWork(work, own.scope), onFailure };
  return { job, broken };
}

/** Where handlers run: as the steps of the job would have. */
function withoutWork(work: PlannedJob["work"], scope: Scope): StepsWork {
  const nothing = { services: [], caches: [], inputs: [], artifacts: [], steps: [] };
  if (work.kind !== "steps")
    return {
      kind: "steps",
      image: "",
      secrets: [],
      registries: [],
      ...nothing,
      resources: {},
      workspace: "/workspace",
    };
  return { ...work, image: textOrNothing(work.image, scope) ?? "", ...nothing };
}

function textOrNothing(template: Template, scope: Scope): string | undefined {
  try {
    return evaluateTemplate(template, scope);
  } catch {
    // The failure of the job tells it.
    return undefined;
  }
}

/** The concurrency group of the whole run; undefined where it is in none. Throws `EXPRESSION_NAME` (kind `input`). */
export function resolveRunGroup(
  { concurrency }: JobGraph,
  { facts, hash }: Pick<Resolution, "facts" | "hash">,
): string | undefined {
  return concurrency && evaluateTemplate(concurrency.group, { names: namesOfRun(facts), hash });
}

function namesOfJob(planned: PlannedJob, { outputs }: Resolution): (readonly [string, Value])[] {
  const { platform, matrix, axes, allNeeds } = planned;
  return [
    ...(platform === undefined ? [] : namesOfPlatform(platform)),
    ...axes.map((axis) => [`matrix.${axis}`, matrix[axis] ?? ""] as const),
    ...allNeeds.flatMap((need) => {
      const { status = "skipped", reference = "", digest = "" } = outputs.get(need) ?? {};
      return [
        [`jobs.${need}.status`, status],
        [`jobs.${need}.reference`, reference],
        [`jobs.${need}.digest`, digest],
      ] as const;
    }),
  ];
}

/** A value in which each template has become its text. */
function withTexts(value: unknown, scope: Scope): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withTexts(item, scope));
  if (isTemplate(value)) return evaluateTemplate(value, scope);
  // A step knows its own variables, and so do its handlers.
  const templates = environmentOf(value);
  const { env, scope: inside } =
    templates === undefined ? { env: undefined, scope } : readEnvironment(templates, scope, evaluateTemplate);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      env !== undefined && key === "env" ? env : withTexts(inner, inside),
    ]),
  );
}
