import { nearestName } from "../../error/nearest.ts";
import { namesOfTemplate, type Template } from "../../expression/template.ts";
import { kindsOf } from "./job-kind.ts";
import type { JobContent } from "./job.ts";
import { withAllNeeds } from "./needs.ts";
import type { HandlerContent } from "./step.ts";
import type { Triggers } from "./triggers.ts";

/** What the names of expressions are about. */
export interface NamedContent {
  readonly on: Triggers;
  readonly env: Readonly<Record<string, Template>>;
  readonly jobs: Readonly<Record<string, JobContent>>;
  readonly on_failure: readonly HandlerContent[];
}

/** Names that every expression knows. */
export const generalNames = [
  "git.branch",
  "git.tag",
  "git.sha",
  "git.short_sha",
  "git.ref",
  "git.message",
  "git.author_name",
  "git.author_email",
  "event.name",
  "run.id",
] as const;

/** Names of a platform, where a job has one. */
export const platformNames = ["platform", "platform.os", "platform.arch", "platform.variant", "platform.slug"] as const;

type Path = readonly PropertyKey[];

/** Reports names of expressions that are unknown where they stand. */
export function checkNames(content: NamedContent, report: (path: Path, message: string, hint?: string) => void): void {
  const inputs = Object.keys(content.on.manual?.inputs ?? {}).map((name) => `inputs.${name}`);
  const general = [...generalNames, ...inputs];
  const pipelineEnv = Object.keys(content.env).map((name) => `env.${name}`);
  const check = (value: unknown, path: Path, known: readonly string[]) => {
    for (const [at, template] of templatesIn(value, path)) {
      for (const name of namesOfTemplate(template).map((parts) => parts.join("."))) {
        if (!known.includes(name))
          report(at, `\${{ ${name} }} names nothing that is known here`, hintFor(name, known, content));
      }
    }
  };
  check(content.env, ["env"], general);
  check(content.on_failure, ["on_failure"], [...general, ...pipelineEnv]);
  for (const [name, job] of Object.entries(content.jobs)) {
    const known = [...general, ...pipelineEnv, ...jobNames(name, content.jobs)];
    const { env, steps = [], ...rest } = job;
    const own = Object.keys(env).map((variable) => `env.${variable}`);
    check(env, ["jobs", name, "env"], known);
    check(rest, ["jobs", name], [...known, ...own]);
    steps.forEach((step, index) => check(step, ["jobs", name, "steps", index], [...known, ...own]));
  }
}

/** Names that the expressions of one job know besides the general ones. */
function jobNames(name: string, jobs: Readonly<Record<string, JobContent>>): readonly string[] {
  const job = jobs[name];
  if (job === undefined) return [];
  const { include = [], exclude: _, ...axes } = job.matrix ?? { exclude: [] };
  const axisNames = new Set([...Object.keys(axes), ...include.flatMap((one) => Object.keys(one))]);
  const needed = [...withAllNeeds(name, jobs)].flatMap((need) => {
    const other = jobs[need];
    const images = other !== undefined && kindsOf(other).includes("build") ? ["reference", "digest"] : [];
    return ["status", ...images].map((field) => `jobs.${need}.${field}`);
  });
  return [
    ...(job.platforms === undefined ? [] : platformNames),
    ...[...axisNames].map((axis) => `matrix.${axis}`),
    ...needed,
  ];
}

function hintFor(name: string, known: readonly string[], { jobs }: NamedContent): string {
  const guess = nearestName(name, known);
  if (guess !== undefined) return `Did you mean "${guess}"?`;
  const [room = "", part = ""] = name.split(".");
  if (room === "jobs" && Object.hasOwn(jobs, part)) {
    return known.some((one) => one.startsWith(`jobs.${part}.`))
      ? `Known of it: ${known.filter((one) => one.startsWith(`jobs.${part}.`)).join(", ")}.`
      : `The results of a job are known to those that need it: add needs: ${part}.`;
  }
  if (room === "platform")
    return "The job has no platforms: of a job that runs anywhere the platform is in $ARCHWAY_PLATFORM.";
  return `Known here: ${known.join(", ")}.`;
}

/** All templates in a value, with their paths. */
function* templatesIn(value: unknown, path: Path): Generator<readonly [Path, Template]> {
  if (typeof value !== "object" || value === null) return;
  if (isTemplate(value)) {
    yield [path, value];
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    yield* templatesIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

function isTemplate(value: object): value is Template {
  return "parts" in value && Array.isArray(value.parts);
}
