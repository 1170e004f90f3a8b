import type { IceciBuild, IceciPipeline, IceciStep } from "./schema.ts";

/** A run of IceCI's steps that becomes one job. */
export type Segment =
  | {
      readonly kind: "steps";
      readonly profile?: string;
      readonly steps: readonly IceciStep[];
      /** Services that serviceRun steps have begun before. */
      readonly begun: readonly IceciStep[];
    }
  | { readonly kind: "build"; readonly step: IceciStep; readonly build: IceciBuild; readonly profile?: string }
  | { readonly kind: "approval"; readonly step: IceciStep; readonly timeout: number }
  | JoinedBuild;

/** Builds of one image for several platforms, and the step that joined them with manifest-tool: one build job. */
export interface JoinedBuild {
  readonly kind: "joined";
  readonly builds: readonly { readonly step: IceciStep; readonly build: IceciBuild; readonly profile: string }[];
  /** Without the suffixes of the platforms. */
  readonly tags: readonly string[];
  readonly join: IceciStep;
  /** Lines of the joining script that do more than join. */
  readonly rest: readonly string[];
}

/** Cuts the steps where a job of Archway must begin: at a build, an approval, a service that begins, and where the profile changes. */
export function segmentsOf(pipeline: IceciPipeline): Segment[] {
  const segments: Segment[] = [];
  const begun: IceciStep[] = [];
  const { steps, globals } = pipeline;
  for (let index = 0; index < steps.length; index += 1) {
    const step = steps[index];
    if (step === undefined) break;
    const joined = joinedAt(steps, index);
    if (joined !== undefined) {
      segments.push(joined);
      index += joined.builds.length;
      continue;
    }
    const name = step.runtimeProfile ?? globals.runtimeProfile;
    const profile = name === undefined ? {} : { profile: name };
    if (step.containerBuild) segments.push({ kind: "build", step, build: step.containerBuild, ...profile });
    else if (step.waitForAccept) segments.push({ kind: "approval", step, timeout: step.waitForAccept.timeout });
    else if (step.serviceRun) begun.push(step);
    else {
      const last = segments.at(-1);
      if (last?.kind === "steps" && last.profile === name && last.begun.length === begun.length) {
        segments[segments.length - 1] = { ...last, steps: [...last.steps, step] };
      } else segments.push({ kind: "steps", steps: [step], begun: [...begun], ...profile });
    }
  }
  return segments;
}

function joinedAt(steps: readonly IceciStep[], from: number): JoinedBuild | undefined {
  const builds: { step: IceciStep; build: IceciBuild; profile: string }[] = [];
  for (const step of steps.slice(from)) {
    const first = builds[0]?.build ?? step.containerBuild;
    if (!step.containerBuild || step.runtimeProfile === undefined || !first) break;
    if (!isSameImage(first, step.containerBuild)) break;
    builds.push({ step, build: step.containerBuild, profile: step.runtimeProfile });
  }
  const join = steps[from + builds.length];
  const script = join?.containerRun?.script ?? "";
  if (builds.length < 2 || join === undefined || !/\bmanifest-tool\b/.test(script)) return undefined;
  if (new Set(builds.map(({ profile }) => profile)).size < builds.length) return undefined;
  const tags = commonTags(builds.map(({ build }) => build.tags));
  if (tags === undefined) return undefined;
  return { kind: "joined", builds, tags, join, rest: otherLines(script) };
}

function isSameImage(a: IceciBuild, b: IceciBuild): boolean {
  const keys = ["registry", "user", "imageName", "contextPath", "dockerfilePath"] as const;
  return keys.every((key) => a[key] === b[key]) && a.tags.length === b.tags.length;
}

/** The tags of all builds without what each build appends to all of its own; `undefined` when they differ in more. */
function commonTags(lists: readonly (readonly string[])[]): readonly string[] | undefined {
  const [first = [], ...others] = lists;
  const name = first[0] ?? "";
  const starts = [...name.matchAll(/-/g)].map(({ index }) => index).toReversed();
  for (const start of starts) {
    const suffix = name.slice(start);
    if (!first.every((tag) => tag.endsWith(suffix))) continue;
    const base = first.map((tag) => tag.slice(0, -suffix.length));
    const fits = others.every((list) => {
      const rest = list[0]?.slice(base[0]?.length) ?? "";
      return rest.startsWith("-") && list.every((tag, index) => tag === `${base[index]}${rest}`);
    });
    if (fits) return base;
  }
  return undefined;
}

/** What a script does besides manifest-tool and telling about it. */
function otherLines(script: string): string[] {
  return script
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(?:#|echo\b|set\b|manifest-tool\b|\.\/manifest-tool\b)/.test(line));
}
