import type { Platform } from "../../platform/platform.ts";
import { formatPlatform } from "../../platform/platform.ts";
import type { Event } from "./conditions.ts";
import { sameWhen, whenOf } from "./conditions.ts";
import type { Fields } from "./containers.ts";
import { handlerDrafts, secretUses, serviceDraft, stepDraft } from "./containers.ts";
import type { Draft, Note, Plain } from "./draft.ts";
import { notesAt, notesUnder } from "./draft.ts";
import type { Profile } from "./profiles.ts";
import type { IceciBuild, IceciPipeline, IceciStep } from "./schema.ts";
import type { JoinedBuild, Segment } from "./segments.ts";
import { interpolate } from "./variables.ts";

/** What jobs are made with. */
export interface JobContext {
  readonly pipeline: IceciPipeline;
  /** Of a profile by name. */
  readonly profile: (name: string) => Profile & { readonly platform: Platform };
  /** Platform of what has no profile, where the pipeline has others too. */
  readonly usual?: Platform;
  /** Events that the pipeline runs for. */
  readonly triggers: readonly Event[];
  /** The earlier job whose workspace goes on here, if one wrote to it; one with conditions may leave none. */
  readonly workspaceFrom?: { readonly job: string; readonly hasConditions: boolean };
  /** Names of images (`docker.io/team/app:1`) that earlier jobs build, and those jobs. */
  readonly built: ReadonlyMap<string, string>;
  /** A later job goes on in the workspace of this one. */
  readonly keepsWorkspace: boolean;
}

/** Name of the artifact that carries a workspace from job to job. */
const workspaceArtifact = "workspace";

function workspaceOf({ job, hasConditions }: NonNullable<JobContext["workspaceFrom"]>): Plain {
  const artifact = `${job}.${workspaceArtifact}`;
  return hasConditions ? { artifact, optional: true } : artifact;
}

/** The steps of a segment as one job. */
export function stepsJob(segment: Extract<Segment, { kind: "steps" }>, context: JobContext): Draft<Fields> {
  const { pipeline } = context;
  const [first, ...others] = segment.steps;
  const shared =
    first !== undefined && others.every((step) => sameWhen(step.when, first.when)) ? first.when : undefined;
  const when = shared === undefined ? undefined : whenOf(shared, context.triggers);
  const services: Fields = {};
  const notes: Note[] = [];
  const begun = segment.begun.flatMap(({ serviceRun }) => serviceRun ?? []);
  for (const service of [...pipeline.services, ...begun]) {
    const draft = withBuiltImage(serviceDraft(service), context);
    services[service.name] = draft.value;
    notes.push(...notesUnder(["services", service.name], draft.notes));
  }
  const names = Object.keys(services);
  const steps: Fields[] = [];
  for (const step of segment.steps) {
    const draft = oneStep(step, context, names, shared === undefined);
    notes.push(...notesUnder(["steps", steps.length], draft.notes));
    steps.push(draft.value);
  }
  const placed = placement(segment.profile, context);
  const secrets = secretUses(pipeline.globals.environment, pipeline.globals.files);
  const usesPath = segment.steps.some(({ containerRun }) => containerRun?.script.includes("/workspace"));
  if (Object.keys(services).length > 0) {
    notes.push(
      ...notesAt(
        ["services"],
        ["A service that ended failed the pipeline of IceCI. Give each one `ready`, so that the steps wait for it."],
      ),
    );
  }
  for (const { name, serviceRun, when: ofService } of segment.begun) {
    if (serviceRun === undefined) continue;
    const condition =
      whenOf(ofService, context.triggers) === undefined ? "" : " Its `when` is gone: services have none.";
    const text = `Was begun by the step ${name}, and ran until the end. Each later job begins it anew.${condition}`;
    notes.push(...notesAt(["services", serviceRun.name], [text]));
  }
  const value: Fields = {
    ...(when === undefined ? {} : { when }),
    ...placed.value,
    ...(usesPath ? { workspace: "/workspace" } : {}),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(Object.keys(services).length === 0 ? {} : { services }),
    ...(context.workspaceFrom === undefined ? {} : { inputs: { ".": workspaceOf(context.workspaceFrom) } }),
    steps,
    ...(context.keepsWorkspace ? { artifacts: { [workspaceArtifact]: "**" } } : {}),
  };
  if (context.workspaceFrom !== undefined) {
    const text =
      "IceCI kept one workspace for all steps. A job has its own here, so the files of the earlier job come along; name only those that are needed in its artifacts, or leave both out.";
    notes.push(...notesAt(["inputs"], [text]));
  }
  return { value, notes: [...placed.notes, ...notes] };
}

function oneStep(
  step: IceciStep,
  context: JobContext,
  services: readonly string[],
  ownCondition: boolean,
): Draft<Fields> {
  if (!step.containerRun) throw new TypeError(`step ${step.name} has no container`);
  const { workingDir } = context.pipeline;
  const when = ownCondition ? whenOf(step.when, context.triggers) : undefined;
  const handlers = handlerDrafts(context.pipeline, step.onFailure);
  const draft = withBuiltImage(stepDraft(step.name, step.containerRun, services), context);
  return {
    value: {
      ...draft.value,
      ...(workingDir === undefined ? {} : { directory: workingDir }),
      ...(when === undefined ? {} : { when }),
      ...(handlers.value.length === 0 ? {} : { on_failure: handlers.value }),
    },
    notes: [...draft.notes, ...notesUnder(["on_failure"], handlers.notes)],
  };
}

/** An image that this pipeline builds is named as what the build gave: it is there before it is published. */
function withBuiltImage({ value, notes }: Draft<Fields>, { built }: JobContext): Draft<Fields> {
  const name = value["image"];
  if (typeof name !== "string") return { value, notes };
  const job = built.get(fullImage(name));
  if (job === undefined) return { value, notes };
  const text = `Was ${name}, which the job ${job} builds.`;
  const others = notes.filter(({ path }) => path[0] !== "image");
  return {
    value: { ...value, image: `\${{ jobs.${job}.reference }}` },
    notes: [...others, ...notesAt(["image"], [text])],
  };
}

/** The names of a build, in full. */
export function imagesOfBuild({ value }: Draft<Fields>): readonly string[] {
  const { build } = value;
  const tags = typeof build === "object" && "tags" in build && Array.isArray(build.tags) ? build.tags : [];
  return tags.map((tag) => fullImage(String(tag)));
}

/** `app` is `docker.io/library/app:latest`; the text may hold expressions. */
function fullImage(name: string): string {
  const host = hostOf(name);
  const rest = name.startsWith(`${host}/`) ? name.slice(host.length + 1) : name;
  const path = host === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest;
  return `${host}/${path}${/:[^/]*$/.test(path) ? "" : ":latest"}`;
}

/** The registry of an image. */
export function hostOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}

/** Where a job with a profile runs. */
function placement(name: string | undefined, context: JobContext): Draft<Fields> {
  if (name === undefined) return { value: {}, notes: [] };
  const { platform, limits, lost } = context.profile(name);
  const resources: Fields = {
    ...(limits.cpu === undefined ? {} : { cpus: cpus(limits.cpu) }),
    ...(limits.memory === undefined ? {} : { memory: size(limits.memory) }),
  };
  const hasResources = Object.keys(resources).length > 0;
  return {
    value: { platforms: [formatPlatform(platform)], ...(hasResources ? { resources } : {}) },
    notes: notesAt(
      ["platforms"],
      [
        `Was runtimeProfile ${name}.`,
        ...(lost.length === 0 ? [] : [`Of the profile these have no counterpart: ${lost.join(", ")}.`]),
      ],
    ),
  };
}

/** `500m` is half a processor. */
function cpus(quantity: string): number {
  return quantity.endsWith("m") ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity);
}

/** `128Mi` is 128MiB, `1G` is 1GB, and bytes are rounded up to KiB. */
function size(quantity: string): string {
  const [, count = "", unit = ""] = /^(\d+(?:\.\d+)?)([kKMGT]i?)$/.exec(quantity) ?? [];
  return unit === "" ? `${Math.ceil(Number(quantity) / 1024)}KiB` : `${count}${unit.replace("k", "K")}B`;
}

/** One build. */
export function buildJob(
  segment: { readonly step: IceciStep; readonly build: IceciBuild; readonly profile?: string },
  context: JobContext,
): Draft<Fields> {
  const { step, build, profile } = segment;
  const platform = profile === undefined ? context.usual : context.profile(profile).platform;
  const usualNote =
    context.usual === undefined
      ? []
      : ["Had no runtimeProfile. Add the other platforms here, and the image is for them too."];
  return finishBuild(
    {
      step,
      build,
      tags: build.tags,
      platforms: platform === undefined ? [] : [platform],
      notes: profile === undefined ? usualNote : [`Was runtimeProfile ${profile}.`],
    },
    context,
  );
}

/** Builds that manifest-tool joined: one build for all their platforms. */
export function joinedJob(segment: JoinedBuild, context: JobContext): Draft<Fields> {
  const [first] = segment.builds;
  if (first === undefined) throw new TypeError("no build is joined");
  const names = segment.builds.map(({ step }) => step.name);
  const differing = differingArgs(segment.builds.map(({ build }) => build.buildArgs));
  const build = { ...first.build, buildArgs: first.build.buildArgs.filter(({ name }) => !differing.includes(name)) };
  const notes = [
    `Was ${names.join(", ")}, one after the other, and ${segment.join.name}, which joined their tags. It is one build: the platforms are built side by side, proven, and published under one tag.`,
    ...differing.map(
      (name) =>
        `The build argument ${name} was another one for each platform. Derive it in the Dockerfile from TARGETARCH and TARGETVARIANT, which are always set.`,
    ),
    ...(segment.rest.length === 0 ? [] : [`Left out of ${segment.join.name}: ${segment.rest.join("; ")}`]),
  ];
  const platforms = segment.builds.map(({ profile }) => context.profile(profile).platform);
  return finishBuild({ step: first.step, build, tags: segment.tags, platforms, notes }, context);
}

function differingArgs(lists: readonly IceciBuild["buildArgs"][]): string[] {
  const names = new Set(lists.flatMap((list) => list.map(({ name }) => name)));
  return [...names].filter((name) => {
    const values = lists.map((list) => list.find((one) => one.name === name)?.value);
    return new Set(values).size > 1;
  });
}

function finishBuild(
  made: {
    readonly step: IceciStep;
    readonly build: IceciBuild;
    readonly tags: readonly string[];
    readonly platforms: readonly Platform[];
    readonly notes: readonly string[];
  },
  context: JobContext,
): Draft<Fields> {
  const { step, build } = made;
  const tags = made.tags.map((tag) => interpolate(`${build.registry}/${build.user}/${build.imageName}:${tag}`));
  const args = build.buildArgs.map(({ name, value }) => ({ name, ...interpolate(value) }));
  const handlers = handlerDrafts(context.pipeline, step.onFailure);
  const when = whenOf(step.when, context.triggers);
  const value: Fields = {
    ...(when === undefined ? {} : { when }),
    build: {
      ...(made.platforms.length === 0 ? {} : { platforms: made.platforms.map(formatPlatform) }),
      ...(build.contextPath === "." ? {} : { context: build.contextPath }),
      ...(build.dockerfilePath === "Dockerfile" && build.contextPath === "." ? {} : { file: build.dockerfilePath }),
      tags: tags.map(({ text }) => text),
      ...(args.length === 0 ? {} : { args: Object.fromEntries(args.map(({ name, text }) => [name, text])) }),
      push: true,
    },
    ...(handlers.value.length === 0 ? {} : { on_failure: handlers.value }),
  };
  const texts = [
    ...made.notes,
    ...[...tags, ...args].flatMap(({ notes }) => notes),
    ...(context.workspaceFrom === undefined
      ? []
      : [
          `The build sees the commit as it was checked out. What the job ${context.workspaceFrom.job} writes is not in it: make that in the Dockerfile.`,
        ]),
    ...(build.cache?.enable === true
      ? ["IceCI's cache is not needed: layers are cached by the engine; cacheTo and cacheFrom share them."]
      : []),
  ];
  return { value, notes: [...notesAt(["build"], texts), ...notesUnder(["on_failure"], handlers.notes)] };
}
