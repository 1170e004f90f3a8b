import type { z } from "zod";
import { nearestName } from "../../error/nearest.ts";
import { formatPlatform, type Platform, samePlatform } from "../../platform/platform.ts";
import { type AllNeeds, allNeeds, findCycle } from "./needs.ts";
import { imageActionOf, kindsOf, stepsImageOf } from "./job-kind.ts";
import type { JobContent } from "./job.ts";
import { checkNames, type NamedContent } from "./check-names.ts";
import { checkPlatforms } from "./check-platforms.ts";
import { checkScripts } from "./check-scripts.ts";
import { checkSize } from "./check-size.ts";
import { runsOnPlatforms } from "./matrix.ts";
import { onKey, type Path, type Report } from "./problem.ts";
import type { HandlerContent } from "./step.ts";

/** The part of the configuration that is the pipeline. */
export interface PipelineContent extends NamedContent {
  readonly platforms: readonly Platform[];
  /** Defaults of build jobs. */
  readonly build: { readonly tags: readonly string[] };
  readonly registries: Readonly<
    Record<string, { readonly username?: string; readonly password?: { readonly secret: string } }>
  >;
}

/** Jobs of a cycle that are told by name. */
const maxShown = 20;

/** Mistakes that are looked for what was meant; of a file with more only the first are told. */
const maxHints = 100;

/** Adds what no single key shows: unknown jobs, cycles, keys that do not go together, names that expressions do not know. */
export function checkPipeline(content: PipelineContent, context: z.RefinementCtx): void {
  let reported = 0;
  const report: Report = (path, message, hint, where = {}) => {
    const text = typeof hint !== "function" ? hint : reported < maxHints ? hint() : undefined;
    reported++;
    const params = { ...(text === undefined ? {} : { hint: text }), ...where };
    context.addIssue({ code: "custom", path: [...path], message, params });
  };
  if (!checkSize(content, report)) return;
  const needs = allNeeds(content.jobs);
  for (const [name, job] of Object.entries(content.jobs)) {
    const at = ["jobs", name];
    checkKind(job, at, report);
    checkNeeds(name, content, at, report);
    checkInputs(name, content, needs, at, report);
    checkRegistries(job, content, at, report);
    checkPlatforms(job, content.platforms, at, report);
    checkImageWork(job, at, report);
    checkBuildProof(job, content.platforms, at, report);
    if (job.build?.push === true && job.build.tags.length === 0 && content.build.tags.length === 0) {
      const hint = 'Name the image, here or in build.tags at the top: tags: ["registry.example/app:1"].';
      report([...at, "build", "push"], `"${name}" is to be pushed, and has no tags`, hint);
    }
  }
  checkHandlers(content.on_failure, ["on_failure"], undefined, report);
  const cycle = findCycle(content.jobs);
  if (cycle?.length === 1) return;
  if (cycle !== undefined) {
    const [first = ""] = cycle;
    const shown = cycle.length > maxShown ? [...cycle.slice(0, maxShown), "…"] : cycle;
    report(
      ["jobs", first, "needs"],
      `the jobs wait for each other: ${shown.join(" → ")} → ${first}`,
      "Take one of these needs away.",
    );
    return;
  }
  checkScripts(content, report);
  checkNames(content, needs, (path, message, hint, character) => report(path, message, hint, { character }));
}

function checkKind(job: JobContent, at: readonly string[], report: Report): void {
  const kinds = kindsOf(job);
  const name = at.at(-1) ?? "";
  if (kinds.length === 0) {
    const hint = "A job has steps (with an image), or one of build, verify, image, promote and approval.";
    report(at, `the job "${name}" does nothing`, hint, onKey);
    return;
  }
  if (kinds.length > 1) {
    report(
      at,
      `the job "${name}" has ${kinds.join(" and ")}: a job does one thing`,
      "Make two jobs, and let one need the other.",
      onKey,
    );
    return;
  }
  if (kinds[0] === "steps") {
    const image = stepsImageOf(job);
    checkHandlers(job.on_failure, [...at, "on_failure"], image, report);
    job.steps?.forEach((step, index) => {
      const path = [...at, "steps", index];
      checkCommand(step, path, report, true);
      const own = "image" in step ? step.image : undefined;
      if (own === undefined && image === undefined)
        report(path, "the step has no image, and its job has none", `Give ${at.join(".")}.image.`);
      checkHandlers(step.on_failure, [...path, "on_failure"], own ?? image, report);
    });
    const names = (job.steps ?? []).flatMap((step) => ("name" in step && step.name !== undefined ? [step.name] : []));
    for (const step of twice(names))
      report([...at, "steps"], `two steps are called "${step}"`, "Names of steps tell their logs apart.");
    for (const [service, content] of Object.entries(job.services))
      checkCommand(content, [...at, "services", service], report, false);
    if (job.verify !== undefined) report([...at, "verify"], "verify belongs to a build, or is a job of its own");
    return;
  }
  checkHandlers(job.on_failure, [...at, "on_failure"], undefined, report);
  const stray = strayKeys(job);
  for (const key of stray)
    report(
      [...at, key],
      `${key} is for jobs with steps; "${name}" is ${articleOf(kinds[0] ?? "")}`,
      kinds[0] === "build" && key === "platforms"
        ? "A build is one job for all platforms: those at the top, or build: { platforms: [linux/amd64] }."
        : undefined,
    );
  if (kinds[0] === "verify" && job.verify?.images.length === 0)
    report([...at, "verify"], "verify names no images", 'Give images: ["${{ jobs.NAME.reference }}"].');
}

/** What is in a list before already, each time that it comes again. */
function twice(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return names.filter((name) => seen.has(name) || !seen.add(name));
}

function articleOf(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind} job`;
}

/** Keys of steps jobs that another job has. */
function strayKeys(job: JobContent): string[] {
  const filled: Readonly<Record<string, boolean>> = {
    image: stepsImageOf(job) !== undefined,
    services: Object.keys(job.services).length > 0,
    cache: job.cache.length > 0,
    inputs: Object.keys(job.inputs).length > 0,
    artifacts: Object.keys(job.artifacts).length > 0,
    secrets: job.secrets.length > 0,
    registries: job.registries.length > 0,
    platforms: runsOnPlatforms(job),
    overrides: Object.keys(job.overrides).length > 0,
  };
  return Object.keys(filled).filter((key) => filled[key]);
}

function checkHandlers(handlers: readonly HandlerContent[], at: Path, image: object | undefined, report: Report): void {
  handlers.forEach((handler, index) => {
    checkCommand(handler, [...at, index], report, true);
    if (handler.image === undefined && image === undefined) {
      report(
        [...at, index],
        "the handler has no image",
        "Handlers of a pipeline, and of jobs without steps, name theirs: image: IMAGE.",
      );
    }
  });
}

function checkCommand(
  command: {
    readonly run?: object | undefined;
    readonly args?: object | undefined;
    readonly entrypoint?: object | undefined;
  },
  at: Path,
  report: Report,
  required: boolean,
): void {
  const { run, args, entrypoint } = command;
  if (run !== undefined && (args !== undefined || entrypoint !== undefined)) {
    report(at, "run is a script of its own: args and entrypoint go without it");
  }
  if (required && run === undefined && args === undefined && entrypoint === undefined) {
    report(at, "there is nothing to run", "Give run: SCRIPT, or args: [ARGUMENT, …] for the image's own entrypoint.");
  }
}

function checkNeeds(name: string, { jobs }: PipelineContent, at: readonly string[], report: Report): void {
  const needs = jobs[name]?.needs ?? [];
  const seen = new Set<string>();
  needs.forEach((need, index) => {
    const path = [...at, "needs", index];
    if (need === name) report(path, `the job "${name}" needs itself`);
    else if (seen.has(need)) report(path, `"${need}" is listed twice`);
    seen.add(need);
    if (Object.hasOwn(jobs, need)) return;
    report(path, `there is no job "${need}"`, () => {
      const guess = nearestName(need, Object.keys(jobs));
      return guess ? `Did you mean "${guess}"?` : `Jobs: ${Object.keys(jobs).join(", ")}.`;
    });
  });
}

function checkRegistries(job: JobContent, { registries }: PipelineContent, at: Path, report: Report): void {
  job.registries.forEach((host, index) => {
    if (registries[host]?.password !== undefined) return;
    report([...at, "registries", index], `there is no login of the registry "${host}"`, () => {
      const known = Object.keys(registries).filter((one) => registries[one]?.password !== undefined);
      const guess = nearestName(host, known);
      return guess
        ? `Did you mean "${guess}"?`
        : `Add registries: { ${host}: { username: NAME, password: { secret: SECRET } } } at the top.`;
    });
  });
}

function checkInputs(
  name: string,
  { jobs }: PipelineContent,
  needs: AllNeeds,
  at: readonly string[],
  report: Report,
): void {
  for (const [folder, written] of Object.entries(jobs[name]?.inputs ?? {})) {
    const path = [...at, "inputs", folder];
    const [from = "", artifact = ""] = written.artifact.split(".");
    const maker = Object.hasOwn(jobs, from) ? jobs[from] : undefined;
    if (maker === undefined) {
      report(path, `there is no job "${from}"`, () => {
        const guess = nearestName(from, Object.keys(jobs));
        return guess && `Did you mean "${guess}.${artifact}"?`;
      });
    } else if (!Object.hasOwn(maker.artifacts, artifact)) {
      report(path, `the job "${from}" makes no artifact "${artifact}"`, () => {
        const known = Object.keys(maker.artifacts);
        const guess = nearestName(artifact, known) ?? (known.length === 1 ? known[0] : undefined);
        return guess && `Did you mean "${from}.${guess}"?`;
      });
    } else if (!needs.has(name, from)) {
      report(path, `"${name}" does not wait for "${from}", which makes it`, `Add needs: ${from}.`);
    }
  }
}

/** `verify` beside a build is about the image of that, and the platforms that it has. */
function checkBuildProof({ build, verify }: JobContent, all: readonly Platform[], at: Path, report: Report): void {
  if (build === undefined || verify === undefined) return;
  if (verify.images.length > 0) {
    const hint = "Make a job of its own for other images: { needs: JOB, verify: { images: [IMAGE] } }.";
    report([...at, "verify", "images"], "beside a build its image is proven, and no other", hint);
  }
  const built = build.platforms ?? all;
  if (built.length === 0) return;
  for (const key of ["require", "platforms"] as const) {
    verify[key].forEach((platform, index) => {
      if (built.some((one) => samePlatform(one, platform))) return;
      const hint = `It is built for: ${built.map(formatPlatform).join(", ")}.`;
      report([...at, "verify", key, index], `the image is not built for ${formatPlatform(platform)}`, hint);
    });
  }
}

function checkImageWork(job: JobContent, at: Path, report: Report): void {
  const action = imageActionOf(job);
  if (action?.tag !== undefined && action.tag.from.length > 1)
    report([...at, "image", "tag", "from"], "tag takes one image");
  for (const name of ["create", "tag"] as const)
    if ((action?.[name]?.platforms.length ?? 0) > 0)
      report(
        [...at, "image", name, "platforms"],
        `${name} takes images whole`,
        "copy takes some platforms of an image.",
        onKey,
      );
}
