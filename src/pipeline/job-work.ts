import { dirname, relative } from "node:path";
import type { Config } from "../config/config.ts";
import { imageActionOf, stepsImageOf } from "../config/pipeline/job-kind.ts";
import type { JobContent } from "../config/pipeline/job.ts";
import { plainTemplate, type Template } from "../expression/template.ts";
import type { RunFacts } from "./facts.ts";
import type { ArtifactSpec, BuildWork, CacheSpec, InputSpec, JobWork } from "./job-spec.ts";
import { specifyServices, specifySteps } from "./job-steps.ts";
import type { SourceNames } from "./source-names.ts";

/** What a job of the file does. Its schema has made sure that it does one thing. */
export function specifyWork(
  job: JobContent,
  around: {
    readonly config: Config;
    readonly facts: RunFacts | undefined;
    readonly inputs: readonly InputSpec[];
    readonly names: SourceNames;
  },
): JobWork<Template> {
  const { config, facts, inputs, names } = around;
  const { build, verify, promote, approval, steps } = job;
  const action = imageActionOf(job);
  if (steps !== undefined) {
    return {
      kind: "steps",
      image: stepsImageOf(job) ?? plainTemplate(""),
      secrets: job.secrets,
      registries: job.registries,
      services: specifyServices(job.services),
      caches: job.cache.map(({ path, key, restore, max_size, save }): CacheSpec<Template> => ({
        path,
        key,
        restore,
        maxSize: max_size,
        save,
      })),
      inputs,
      artifacts: Object.entries(job.artifacts).map(([name, artifact]): ArtifactSpec<Template> => ({
        name,
        ...artifact,
      })),
      steps: specifySteps(steps, facts, names),
      resources: job.resources,
      ...(job.user === undefined ? {} : { user: job.user }),
      workspace: job.workspace,
    };
  }
  if (build !== undefined) return specifyBuild(build, job, config);
  if (verify !== undefined) {
    return { kind: "verify", images: verify.images, ...specifyProof(verify) };
  }
  if (action !== undefined) {
    const [name = "copy", copies] = Object.entries(action)[0] ?? [];
    const kind = name === "create" || name === "tag" ? name : "copy";
    return {
      kind: "image",
      action: kind,
      from: copies?.from ?? [],
      to: copies?.to ?? [],
      platforms: copies?.platforms ?? [],
    };
  }
  if (promote !== undefined) return { kind: "promote", from: promote.from, to: promote.to };
  const { message, timeout } = approval ?? {};
  return {
    kind: "approval",
    ...(message === undefined ? {} : { message }),
    ...(timeout === undefined ? {} : { wait: timeout }),
  };
}

function specifyBuild(
  build: NonNullable<JobContent["build"]>,
  { verify }: JobContent,
  config: Config,
): BuildWork<Template> {
  const {
    provenance,
    sbom,
    cache_from,
    cache_to,
    native_only,
    allow_missing,
    no_cache,
    secrets,
    platforms: own,
    tags,
    args,
    ...rest
  } = build;
  const { context, file, target } = { ...defaultsOf(config), ...rest };
  return {
    kind: "build",
    ...rest,
    platforms: own ?? config.platforms,
    tags: tags.length > 0 ? tags : config.build.tags.map(plainTemplate),
    args: { ...mapTexts(config.build.args), ...args },
    ...(context === undefined ? {} : { context }),
    ...(file === undefined ? {} : { file }),
    ...(target === undefined ? {} : { target }),
    ...(provenance === undefined ? {} : { provenance }),
    ...(sbom === undefined ? {} : { sbom }),
    cacheFrom: cache_from,
    cacheTo: cache_to,
    secrets: Object.entries(secrets).map(([id, secret]) => ({ id, secret })),
    nativeOnly: native_only,
    allowMissing: allow_missing,
    noCache: no_cache,
    ...(verify === undefined ? {} : { verify: specifyProof(verify) }),
  };
}

function specifyProof({ platforms, require, severity, run }: NonNullable<JobContent["verify"]>) {
  return { platforms, require, severity, ...(run === undefined ? {} : { run }) };
}

/** What `build` at the top of the file says of a build job that says nothing of it, relative to the file. */
function defaultsOf({ build: { context, file, target }, file: self }: Config): {
  readonly context?: Template;
  readonly file?: Template;
  readonly target?: Template;
} {
  const inside = (path: string) => plainTemplate((self && relative(dirname(self), path)) || ".");
  return {
    ...(context === undefined ? {} : { context: inside(context) }),
    ...(file === undefined ? {} : { file: inside(file) }),
    ...(target === undefined ? {} : { target: plainTemplate(target) }),
  };
}

function mapTexts(texts: Readonly<Record<string, string>>): Readonly<Record<string, Template>> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, plainTemplate(text)]));
}
