import type { Platform } from "../../platform/platform.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { ArchwayError } from "../../error/error.ts";
import { eventsOf, whenOf } from "./conditions.ts";
import type { Fields } from "./containers.ts";
import { handlerDrafts, plainName, secretName } from "./containers.ts";
import type { Draft, Note } from "./draft.ts";
import { notesAt, notesUnder } from "./draft.ts";
import { buildJob, hostOf, imagesOfBuild, joinedJob, stepsJob } from "./jobs.ts";
import type { JobContext } from "./jobs.ts";
import type { Profile } from "./profiles.ts";
import { profileByName } from "./profiles.ts";
import type { IceciPipeline } from "./schema.ts";
import type { Segment } from "./segments.ts";
import { segmentsOf } from "./segments.ts";

/** What the repository's cluster knows besides the file. */
export interface ConvertOptions {
  /** Runtime profiles by name; those that are missing are understood by their names. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Absolute path of the file, for error places. */
  readonly file: string;
}

/** Platform of the steps that have no profile: IceCI's nodes were x86 unless a profile said otherwise. */
const usualPlatform: Platform = { os: "linux", architecture: "amd64" };

/**
 * A pipeline of IceCI in the language of Archway, with notes where the meaning changed.
 *
 * @throws ArchwayError `PROFILE_UNKNOWN` (kind `input`) for a runtime profile whose platform nobody told.
 */
export function convertIceci(pipeline: IceciPipeline, options: ConvertOptions): Draft<Fields> {
  const segments = segmentsOf(pipeline);
  const triggers = eventsOf(pipeline.steps.map(({ when }) => when));
  const profile = (name: string) => platformOf(name, options);
  const names = jobNames(segments);
  const jobs: Record<string, Fields> = {};
  const notes: Note[] = [];
  const built = new Map<string, string>();
  let workspaceFrom: JobContext["workspaceFrom"];
  const top = topLevel(pipeline, segments, profile);
  const usual = top.platforms.length > 1 ? { usual: usualPlatform } : {};
  segments.forEach((segment, index) => {
    const name = names[index] ?? segment.kind;
    const context: JobContext = {
      pipeline,
      profile,
      triggers,
      built,
      ...usual,
      ...(workspaceFrom === undefined ? {} : { workspaceFrom }),
      keepsWorkspace: segments.slice(index + 1).some(({ kind }) => kind === "steps"),
    };
    const draft = jobOf(segment, context);
    const before = names[index - 1];
    const previous = before === undefined ? undefined : jobs[before]?.["when"];
    if (previous !== undefined && JSON.stringify(previous) !== JSON.stringify(draft.value["when"])) {
      const text = `IceCI passed over ${before} where its \`when\` did not fit, and went on. Let this job need an earlier one if it has to run then.`;
      notes.push(...notesAt(["jobs", name, "needs"], [text]));
    }
    jobs[name] = { ...(before === undefined ? {} : { needs: before }), ...draft.value };
    notes.push(...notesUnder(["jobs", name], draft.notes));
    for (const image of imagesOfBuild(draft)) built.set(image, name);
    if (segment.kind === "steps") workspaceFrom = { job: name, hasConditions: draft.value["when"] !== undefined };
  });
  notes.push(...notesAt(["jobs"], lostServices(pipeline, segments)));
  const value: Fields = {
    ...top.value,
    on: Object.fromEntries(triggers.map((event) => [event, event === "tag" ? ["**"] : {}])),
    ...globalEnv(pipeline),
    jobs,
  };
  const handlers = handlerDrafts(pipeline, pipeline.globals.onFailure);
  notes.push(...top.notes, ...notesUnder(["on_failure"], handlers.notes));
  return { value: { ...value, ...(handlers.value.length === 0 ? {} : { on_failure: handlers.value }) }, notes };
}

/** Services that begin when nothing is left to reach them. */
function lostServices(pipeline: IceciPipeline, segments: readonly Segment[]): string[] {
  const last = segments.findLast((segment) => segment.kind === "steps");
  const reached = last?.kind === "steps" ? last.begun : [];
  return pipeline.steps.flatMap((step) => {
    if (!step.serviceRun || reached.includes(step)) return [];
    return [`The step ${step.name} began the service ${step.serviceRun.name} for no later step, and is left out.`];
  });
}

function jobOf(segment: Segment, context: JobContext): Draft<Fields> {
  if (segment.kind === "steps") return stepsJob(segment, context);
  if (segment.kind === "build") return buildJob(segment, context);
  if (segment.kind === "joined") return joinedJob(segment, context);
  const { step, timeout } = segment;
  const when = whenOf(step.when, context.triggers);
  const handlers = handlerDrafts(context.pipeline, step.onFailure);
  return {
    value: {
      ...(when === undefined ? {} : { when }),
      approval: timeout === 0 ? {} : { timeout: `${timeout}s` },
      ...(handlers.value.length === 0 ? {} : { on_failure: handlers.value }),
    },
    notes: notesUnder(["on_failure"], handlers.notes),
  };
}

/** A job is called after its step; one of several steps `steps`, with a number where there are more. */
function jobNames(segments: readonly Segment[]): string[] {
  const taken = new Set<string>();
  return segments.map((segment) => {
    const wanted = plainName(wantedName(segment));
    let name = wanted;
    for (let count = 2; taken.has(name); count += 1) name = `${wanted}-${count}`;
    taken.add(name);
    return name;
  });
}

function wantedName(segment: Segment): string {
  if (segment.kind === "build" || segment.kind === "approval") return segment.step.name;
  if (segment.kind === "joined") return "image";
  const [only, second] = segment.steps;
  return second === undefined && only !== undefined ? only.name : "steps";
}

function platformOf(name: string, { profiles, file }: ConvertOptions): Profile & { readonly platform: Platform } {
  const known = profiles.get(name);
  const platform = known?.platform ?? profileByName(name)?.platform;
  if (platform !== undefined) return { limits: {}, lost: [], ...known, platform };
  if (known !== undefined) return { ...known, platform: usualPlatform };
  throw new ArchwayError({
    code: "PROFILE_UNKNOWN",
    kind: "input",
    message: `The runtime profile ${name} does not say what platform it is for.`,
    hint: `Say it with --profile ${name}=linux/arm64, or give the cluster's manifests with --profiles FILE.`,
    place: { file },
  });
}

/** Platforms, and the logins of registries. */
function topLevel(
  pipeline: IceciPipeline,
  segments: readonly Segment[],
  profile: JobContext["profile"],
): Draft<Fields> & { readonly platforms: readonly string[] } {
  const used = segments.flatMap((segment) => {
    if (segment.kind === "joined") return segment.builds.map((build) => build.profile);
    return segment.kind === "approval" ? [] : (segment.profile ?? []);
  });
  const platforms = [...new Set(used.map((name) => formatPlatform(profile(name).platform)))];
  const hasPlain = segments.some(
    (segment) => (segment.kind === "steps" || segment.kind === "build") && segment.profile === undefined,
  );
  const usual = formatPlatform(usualPlatform);
  const all = hasPlain && !platforms.includes(usual) ? [usual, ...platforms] : platforms;
  const logins = registryLogins(pipeline);
  const notes: Note[] = [];
  for (const [host, [secret = "", ...others]] of logins) {
    for (const other of others) {
      const text = `The dockerSecret ${other} was used for this registry too: a registry has one login.`;
      notes.push(...notesAt(["registries", host], [text]));
    }
    const text = `Was the dockerSecret ${secret}: its password becomes the secret ${secretName(secret)}_PASSWORD. Check the user's name.`;
    notes.push(...notesAt(["registries", host], [text]));
  }
  const registries = Object.fromEntries(
    [...logins].map(([host, [secret = ""]]) => [
      host,
      { username: userOf(pipeline, host), password: { secret: `${secretName(secret)}_PASSWORD` } },
    ]),
  );
  return {
    platforms: all,
    value: { version: 1, platforms: all, ...(logins.size === 0 ? {} : { registries }) },
    notes,
  };
}

/** Hosts that builds push to or images come from, with the docker secrets for it; the first one is taken. */
function registryLogins(pipeline: IceciPipeline): Map<string, string[]> {
  const logins = new Map<string, string[]>();
  const usual = pipeline.globals.dockerSecret;
  const add = (host: string, secret: string | undefined) => {
    const name = secret || usual;
    if (name) logins.set(host, [...new Set([...(logins.get(host) ?? []), name])]);
  };
  for (const { containerBuild: build } of pipeline.steps) if (build) add(build.registry, build.dockerSecret);
  const containers = [
    ...pipeline.steps.flatMap(({ containerRun, serviceRun }) => containerRun ?? serviceRun ?? []),
    ...pipeline.services,
    ...pipeline.failureHandlers,
  ];
  for (const { image, dockerSecret } of containers) if (dockerSecret || usual) add(hostOf(image), dockerSecret);
  return logins;
}

function userOf(pipeline: IceciPipeline, host: string): string {
  const build = pipeline.steps.find(({ containerBuild }) => containerBuild?.registry === host)?.containerBuild;
  return build?.user ?? "CHANGE-ME";
}

function globalEnv({ globals }: IceciPipeline): Fields {
  const env = globals.environment.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  return env.length === 0 ? {} : { env: Object.fromEntries(env) };
}
