import { nearestName } from "../../error/nearest.ts";
import { foreignNameHint } from "../../expression/foreign-names.ts";
import { namesOfTemplate, type Template } from "../../expression/template.ts";
import { kindsOf } from "./job-kind.ts";
import type { JobContent } from "./job.ts";
import { axesOf, runsOnPlatforms } from "./matrix.ts";
import type { AllNeeds } from "./needs.ts";
import type { HandlerContent } from "./step.ts";
import type { Triggers } from "./triggers.ts";

/** What the names of expressions are about. */
export interface NamedContent {
  readonly on: Triggers;
  readonly env: Environment;
  readonly jobs: Readonly<Record<string, JobContent>>;
  readonly on_failure: readonly HandlerContent[];
  readonly concurrency?: { readonly group: Template };
}

type Environment = Readonly<Record<string, Template>>;
type Path = readonly PropertyKey[];

/** Reports a mistake at a value, or at a character of its text. */
export type ReportName = (path: Path, message: string, hint: () => string, character: number) => void;

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
  "run.number",
] as const;

/** Names of a platform, where a job has one. The last is what those write who have it in the matrix. */
export const platformNames = [
  "platform",
  "platform.os",
  "platform.arch",
  "platform.variant",
  "platform.slug",
  "matrix.platform",
] as const;

/** Reports names of expressions that are unknown where they stand. */
export function checkNames(content: NamedContent, needs: AllNeeds, report: ReportName): void {
  const inputs = Object.keys(content.on.manual?.inputs ?? {}).map((name) => `inputs.${name}`);
  const general = new KnownNames([...generalNames, ...inputs]);
  const walk = new NameWalk(content, report);
  const shared = walk.environment(content.env, ["env"], general);
  walk.value(content.on_failure, ["on_failure"], shared);
  walk.value(content.concurrency, ["concurrency"], general);
  for (const [name, job] of Object.entries(content.jobs)) {
    const { overrides, ...rest } = job;
    const results = once(() => needs.of(name).flatMap((need) => resultNames(need, content.jobs[need])));
    const known = new KnownNames(axisNames(job), shared, results);
    const at = ["jobs", name];
    walk.value(rest, at, known);
    const own = new KnownNames(namesOfEnvironment(job.env), known);
    for (const [platform, { env, ...override }] of Object.entries(overrides)) {
      const path = [...at, "overrides", platform];
      walk.environment({ ...job.env, ...env }, [...path, "env"], known, env);
      walk.value(override, path, new KnownNames(namesOfEnvironment(env), own));
    }
  }
}

/** Names that an expression knows, over those that what is around it knows. */
class KnownNames {
  readonly #own: Set<string>;
  readonly #outer: KnownNames | undefined;
  /** Results of jobs are many where a job needs many, and few expressions name one. */
  readonly #results: () => ReadonlySet<string>;

  constructor(own: readonly string[], outer?: KnownNames, results = outer?.results ?? (() => new Set<string>())) {
    this.#own = new Set(own);
    this.#outer = outer;
    this.#results = results;
  }

  get results(): () => ReadonlySet<string> {
    return this.#results;
  }

  add(name: string): void {
    this.#own.add(name);
  }

  has(name: string): boolean {
    if (name.startsWith("jobs.")) return this.#results().has(name);
    return this.#own.has(name) || this.#outer?.has(name) === true;
  }

  /** All of them, the outermost first. */
  all(): readonly string[] {
    return [...new Set([...this.#plain(), ...this.#results()])];
  }

  #plain(): readonly string[] {
    return [...(this.#outer === undefined ? [] : this.#outer.#plain()), ...this.#own];
  }
}

function once(make: () => readonly string[]): () => ReadonlySet<string> {
  let made: ReadonlySet<string> | undefined;
  return () => (made ??= new Set(make()));
}

function namesOfEnvironment(env: Environment): string[] {
  return Object.keys(env).map((name) => `env.${name}`);
}

/** Goes through values that hold templates. What has an `env` knows its variables, each of which knows those above it. */
class NameWalk {
  readonly #content: NamedContent;
  readonly #report: ReportName;

  constructor(content: NamedContent, report: ReportName) {
    this.#content = content;
    this.#report = report;
  }

  value(value: unknown, path: Path, known: KnownNames): void {
    if (typeof value !== "object" || value === null) return;
    if (isTemplate(value)) {
      this.#template(value, path, known);
      return;
    }
    const env = environmentOf(value);
    const names = env === undefined ? known : this.environment(env, [...path, "env"], known);
    for (const [key, inner] of Object.entries(value)) {
      if (env === undefined || key !== "env")
        this.value(inner, [...path, Array.isArray(value) ? Number(key) : key], names);
    }
  }

  /**
   * Returns the known names with those of the environment.
   *
   * @param told Variables whose mistakes are reported; all when not given
   */
  environment(env: Environment, path: Path, known: KnownNames, told = env): KnownNames {
    const names = new KnownNames([], known);
    for (const [name, template] of Object.entries(env)) {
      if (told[name] === template) this.#template(template, [...path, name], names, env);
      names.add(`env.${name}`);
    }
    return names;
  }

  #template(template: Template, path: Path, known: KnownNames, later: Environment = {}): void {
    for (const { name, at } of namesOfTemplate(template)) {
      if (known.has(name)) continue;
      const variable = name.slice("env.".length);
      const isLater = name.startsWith("env.") && Object.hasOwn(later, variable);
      const hint = () =>
        isLater
          ? `A variable knows those above it: move ${variable} up.`
          : hintFor(name, path, known.all(), this.#content);
      this.#report(path, `\${{ ${name} }} names nothing that is known here`, hint, at);
    }
  }
}

/** Names of the platform and of the matrix of a job. */
function axisNames(job: JobContent): readonly string[] {
  return [...(runsOnPlatforms(job) ? platformNames : []), ...axesOf(job).map((axis) => `matrix.${axis}`)];
}

/** Names of what a job came to, for those that need it. */
function resultNames(name: string, job: JobContent | undefined): readonly string[] {
  const images = job !== undefined && kindsOf(job).includes("build") ? ["reference", "digest"] : [];
  return ["status", ...images].map((field) => `jobs.${name}.${field}`);
}

function hintFor(name: string, path: Path, known: readonly string[], { jobs }: NamedContent): string {
  const foreign = foreignNameHint(name);
  if (foreign !== undefined) return foreign;
  if (known.includes(`env.${name}`)) return `Variables stand under env: write env.${name}.`;
  const guess = nearestName(name, known);
  if (guess !== undefined) return `Did you mean "${guess}"?`;
  const [room = "", part = ""] = name.split(".");
  const ofRoom = known.filter((one) => one.startsWith(`${room}.`));
  if (room === "jobs" && path[0] !== "jobs") return "The results of jobs are known in jobs alone.";
  if (room === "jobs" && Object.hasOwn(jobs, part)) {
    const ofJob = ofRoom.filter((one) => one.startsWith(`jobs.${part}.`));
    return ofJob.length > 0
      ? `Known of it: ${ofJob.join(", ")}.`
      : `The results of a job are known to those that need it: add needs: ${part}.`;
  }
  if (room === "platform")
    return "The job has no platforms: of a job that runs anywhere the platform is in $ARCHWAY_PLATFORM.";
  if (room === "matrix" && ofRoom.length === 0) return `The job has no matrix: add matrix: { ${part}: [VALUE, …] }.`;
  if (room === "inputs" && ofRoom.length === 0)
    return `Inputs are declared: on: { manual: { inputs: { ${part}: {} } } }.`;
  return `Known here: ${(ofRoom.length > 0 ? ofRoom : known).join(", ")}.`;
}

function environmentOf(value: object): Environment | undefined {
  if (!("env" in value) || typeof value.env !== "object" || value.env === null) return undefined;
  const entries = Object.entries(value.env).filter((entry): entry is [string, Template] => isTemplate(entry[1]));
  return Object.fromEntries(entries);
}

function isTemplate(value: unknown): value is Template {
  return typeof value === "object" && value !== null && "parts" in value && Array.isArray(value.parts);
}
