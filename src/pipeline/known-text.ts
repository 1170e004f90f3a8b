import { ArchwayError } from "../error/error.ts";
import type { Scope } from "../expression/evaluate.ts";
import type { Value } from "../expression/expression.ts";
import { evaluateTemplate, type Template } from "../expression/template.ts";
import { readEnvironment } from "./environment.ts";
import { namesOfPlatform } from "./facts.ts";
import type { JobGraph, PlannedJob } from "./job-spec.ts";

/** What is known of a job before the run; `known` are names that there are beside its own. */
export function knownScope(
  job: PlannedJob,
  graph: Pick<JobGraph, "env">,
  known: Iterable<readonly [string, Value]>,
): Scope {
  const names = new Map([
    ...known,
    ...(job.platform === undefined ? [] : namesOfPlatform(job.platform)),
    ...job.axes.map((axis) => [`matrix.${axis}`, job.matrix[axis] ?? ""] as const),
  ]);
  const shared = readEnvironment(graph.env, { names, hash: unknownYet }, knownText);
  return readEnvironment(job.env, shared.scope, knownText).scope;
}

/** The text of a template; `undefined` for one with a name that is known later. */
export function knownText(template: Template, scope: Scope): string | undefined {
  try {
    return evaluateTemplate(template, scope);
  } catch (error) {
    if (error instanceof ArchwayError && error.code === "EXPRESSION_NAME") return undefined;
    throw error;
  }
}

/** Files are read when there is a workspace. */
function unknownYet(): never {
  throw new ArchwayError({ code: "EXPRESSION_NAME", kind: "input", message: "hash() is known when the run has begun" });
}
