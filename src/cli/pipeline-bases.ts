import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { baseConfigReader } from "../build/base-configs.ts";
import { type BaseImage, hasPlatform, type MissingPlatform, missingPlatformsError } from "../build/bases.ts";
import { located } from "../build/located.ts";
import { baseLookup } from "../build/plan.ts";
import { unknownMark } from "../check/value.ts";
import type { Config } from "../config/config.ts";
import { evaluateDockerfile } from "../dockerfile/evaluate.ts";
import type { EvaluateOptions, ImageUse } from "../dockerfile/evaluation.ts";
import { parseDockerfile } from "../dockerfile/parse.ts";
import { ArchwayError } from "../error/error.ts";
import { parseGitUrl } from "../git/git-url.ts";
import { imagesMade } from "../pipeline/images/image-needs.ts";
import type { ImageSources, ResolvedImage, ResolvedImages } from "../pipeline/images/resolve-images.ts";
import type { BuildWork, JobGraph, PlannedJob } from "../pipeline/job-spec.ts";
import { knownScope, knownText } from "../pipeline/known-text.ts";
import type { Template } from "../expression/template.ts";
import { type Platform, samePlatform } from "../platform/platform.ts";
import { requireInside } from "./build-confine.ts";
import type { OpenRegistries } from "./registries.ts";

/** What the base images of a pipeline are looked up with. */
export interface BaseSources extends Pick<ImageSources, "placeOf" | "known" | "freePlatform"> {
  readonly config: Config;
  /** Where paths of the pipeline begin. */
  readonly folder: string;
  readonly resolve: OpenRegistries["resolve"];
  /** The platform of the engine of this machine. */
  readonly localPlatform: () => Promise<Platform>;
}

/** A build job with the texts that are known before the run. */
interface KnownBuild {
  readonly job: PlannedJob;
  readonly work: BuildWork<Template>;
  /** Absolute paths. */
  readonly context: string;
  readonly file: string;
  readonly target?: string;
  /** With {@link unknownMark} where a value is known later, as in the named contexts. */
  readonly args: Readonly<Record<string, string>>;
  readonly contexts: Readonly<Record<string, string>>;
}

/**
 * Looks up what the Dockerfiles of build jobs take from registries, as `archway build` does when it starts: for every platform of the job, and the platforms that may build it. What a job before makes is left
 * out, and so are contexts from Git and Dockerfiles whose names are known later.
 *
 * The problems are `DOCKERFILE_INVALID`, `DOCKERFILE_MISSING`, `CONTEXT_INVALID`, `BASE_NOT_FOUND` (kind `input`), `BASE_PLATFORM_MISSING` (kind `failed`), and what stores throw when they cannot be asked. Throws only
 * when the signal is aborted.
 */
export async function resolveBases(
  graph: JobGraph,
  sources: BaseSources,
  signal: AbortSignal,
): Promise<ResolvedImages> {
  const known = [...(sources.known ?? [])];
  const isMadeBefore = imagesMade(graph, known);
  const builds = graph.jobs.flatMap((job) => {
    const { work, skip } = job;
    return work.kind === "build" && skip === undefined ? [{ job, work }] : [];
  });
  const local = await sources.localPlatform();
  const builders = unique([local, ...sources.config.nodes.map(({ platform }) => platform)]);
  const images = new Map<string, ResolvedImage>();
  const problems = new Map<string, ArchwayError>();
  const late = new Set<string>();
  for (const { job, work } of builds) {
    const build = knownBuild({ job, work }, graph, { ...sources, known });
    if (build === undefined) {
      late.add(`base images of ${job.name}`);
      continue;
    }
    try {
      const platforms = work.platforms.length === 0 ? [local] : work.platforms;
      const isLate = (image: string) => image.includes(unknownMark) || isMadeBefore(job, image);
      for (const { base, uses } of await basesOf(build, { platforms, builders, isLate, late }, sources, signal)) {
        const { name, descriptor } = base;
        const needed = unique([...(images.get(name)?.needed ?? []), ...uses.map(({ platform }) => platform)]);
        images.set(name, { name, digest: descriptor.digest, needed });
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ArchwayError)) throw error;
      const told = neededBy(build, error, sources);
      // The jobs of a matrix share their Dockerfile.
      const key = `${told.place?.file}:${told.place?.line}: ${error.message}`;
      if (!problems.has(key)) problems.set(key, told);
    }
  }
  return { images: [...images.values()], problems: [...problems.values()], late: [...late] };
}

/** Undefined where something of it is known later or lies elsewhere. */
function knownBuild(
  { job, work }: Pick<KnownBuild, "job" | "work">,
  graph: JobGraph,
  { folder, known: names = [] }: Pick<BaseSources, "folder" | "known">,
): KnownBuild | undefined {
  const scope = knownScope(job, graph, names);
  const texts = [work.context, work.file, work.target].map((text) => text && { text: knownText(text, scope) });
  if (texts.some((one) => one !== undefined && one.text === undefined)) return undefined;
  const [context = ".", file, target] = texts.map((one) => one?.text);
  if (parseGitUrl(context) !== undefined) return undefined;
  const known = (texts: Readonly<Record<string, Template>>) =>
    Object.entries(texts).map(([name, value]) => [name, knownText(value, scope) ?? unknownMark] as const);
  const directory = resolve(folder, context);
  return {
    job,
    work,
    context: directory,
    file: file === undefined ? resolve(directory, "Dockerfile") : resolve(folder, file),
    ...(target === undefined ? {} : { target }),
    args: Object.fromEntries(known(work.args)),
    contexts: Object.fromEntries(known(work.contexts ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
  };
}

/** The images that a build takes from registries, with their uses. Throws the problems of {@link resolveBases}. */
async function basesOf(
  { work, context, file, target, args, contexts }: KnownBuild,
  about: {
    readonly platforms: readonly Platform[];
    readonly builders: readonly Platform[];
    readonly isLate: (image: string) => boolean;
    /** Takes what is known later. */
    readonly late: Set<string>;
  },
  sources: BaseSources,
  signal: AbortSignal,
): Promise<readonly { readonly base: BaseImage; readonly uses: readonly ImageUse[] }[]> {
  await requireInside(sources.folder, "context", relative(sources.folder, context));
  await requireInside(sources.folder, "file", relative(sources.folder, file));
  await located(context, file);
  // Named in full: what is wrong in it is shown with its line.
  const dockerfile = parseDockerfile(await readFile(file), file);
  const lookUp = baseLookup({ dockerfileName: file }, sources.resolve, signal);
  const readConfig = baseConfigReader(signal);
  const isPartlyUnknown = Object.values(args).includes(unknownMark);
  const evaluateAll = (baseImage?: EvaluateOptions["baseImage"]) =>
    about.platforms.map((targetPlatform) => ({
      targetPlatform,
      onBuilders: about.builders.map((buildPlatform) => {
        const { images } = evaluateDockerfile(dockerfile, {
          targetPlatform,
          buildPlatform,
          buildArgs: args,
          contexts,
          ...(target === undefined ? {} : { target }),
          ...(baseImage === undefined ? {} : { baseImage }),
          ...(isPartlyUnknown ? { unknownMark } : {}),
        });
        for (const { reference } of images) if (about.isLate(reference)) about.late.add(shown(reference));
        return images.filter(({ reference }) => !about.isLate(reference));
      }),
    }));
  const lookAll = async (all: ReturnType<typeof evaluateAll>) =>
    Promise.all(
      all.flatMap(({ onBuilders }) => onBuilders.flat()).map(async (use) => ({ use, base: await lookUp(use) })),
    );
  const seen = await lookAll(evaluateAll());
  const configs = await Promise.all(
    seen
      .filter(({ use }) => use.use === "base")
      .map(async ({ use, base }) => ({ ...use, config: await readConfig(base, use.platform) })),
  );
  // Only the bases tell which triggers fire, and these may need more images.
  const evaluations = evaluateAll(
    (image, platform) =>
      configs.find(({ reference, platform: other }) => reference === image && samePlatform(other, platform))?.config,
  );
  const found = await lookAll(evaluations);
  const baseOf = new Map(found.map(({ use, base }) => [use.reference, base]));
  const lackedBy = (uses: readonly ImageUse[]): MissingPlatform[] =>
    uses.flatMap(({ reference, platform, line }) => {
      const base = baseOf.get(reference);
      return base === undefined || hasPlatform(base, platform) ? [] : [{ base, platform, line }];
    });
  const missing = evaluations.flatMap(({ targetPlatform, onBuilders }) => {
    if (work.allowMissing.some((one) => samePlatform(one, targetPlatform))) return [];
    const lacking = onBuilders.map(lackedBy);
    return lacking.every((one) => one.length > 0) ? (lacking[0] ?? []) : [];
  });
  if (missing.length > 0) throw await missingPlatformsError(missing, file, signal);
  return [...Map.groupBy(found, ({ base }) => base)].map(([base, ones]) => ({
    base,
    uses: ones.map(({ use }) => use),
  }));
}

/** What to do in a pipeline, where the commands have options for it. */
const hints: Readonly<Record<string, (job: string) => string>> = {
  BASE_PLATFORM_MISSING: (job) =>
    `Take a tag or an image that has the platform, or build without it: allow_missing of jobs.${job}.build.`,
  BASE_NOT_FOUND: (job) => `Check its name and tag. When a job of this run makes it, "${job}" needs that job.`,
  DOCKERFILE_MISSING: () => "Name it with build: { file: FILE }, or the folder that holds it with context.",
};

/** The problem with the job that has it, and where nothing nearer is known with the place of its build. */
function neededBy({ job: { name }, work }: KnownBuild, error: ArchwayError, { placeOf }: BaseSources): ArchwayError {
  const hint = hints[error.code]?.(name) ?? error.hint;
  return new ArchwayError({
    code: error.code,
    kind: error.kind,
    message: `${error.message}\n  needed by: ${name}`,
    ...(hint === undefined ? {} : { hint }),
    place: error.place ?? placeOf(["jobs", name, "build", ...(work.file === undefined ? [] : ["file"])]),
    cause: error,
  });
}

/** A name of which a part is known later. */
function shown(reference: string): string {
  return reference.replaceAll(unknownMark, "…");
}

function unique(platforms: readonly Platform[]): readonly Platform[] {
  return platforms.filter((platform, index) => platforms.findIndex((other) => samePlatform(other, platform)) === index);
}
