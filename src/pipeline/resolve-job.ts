import type { Scope } from "../expression/evaluate.ts";
import { isTrue, type Value } from "../expression/expression.ts";
import { evaluateTemplate, type Template } from "../expression/template.ts";
import { namesOfPlatform, namesOfRun, withNames, type RunFacts } from "./facts.ts";
import type { JobGraph, JobOutputs, JobSpec, PlannedJob } from "./job-spec.ts";

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
  let scope: Scope = {
    names: new Map([...namesOfRun(resolution.facts), ...namesOfJob(planned, resolution)]),
    hash: resolution.hash,
  };
  const env: Record<string, string> = {};
  for (const templates of [resolution.graph.env, planned.env]) {
    const values = Object.entries(templates).map(([name, value]) => [name, evaluateTemplate(value, scope)] as const);
    for (const [name, value] of values) env[name] = value;
    scope = withNames(
      scope,
      values.map(([name, value]) => [`env.${name}`, value]),
    );
  }
  const { needs: _, allNeeds: _all, axes: _axes, when: _when, condition, skip: _skip, concurrency, ...rest } = planned;
  const runs = condition === undefined || isTrue(evaluateTemplate(condition, scope));
  // Every template of the specification has become its text, which is what tells the two types apart.
  const job = (runs ? { ...(withTexts(rest, scope) as object), env } : { ...rest, env }) as JobSpec;
  const group = runs && concurrency !== undefined ? { group: evaluateTemplate(concurrency.group, scope) } : {};
  return { job, runs, ...group };
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
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withTexts(inner, scope)]));
}

function isTemplate(value: object): value is Template {
  return "parts" in value && Array.isArray(value.parts);
}
