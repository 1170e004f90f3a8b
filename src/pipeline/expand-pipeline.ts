import type { Config } from "../config/config.ts";
import { type AllNeeds, allNeeds, findCycle, inOrderOfNeeds } from "../config/pipeline/needs.ts";
import type { JobContent } from "../config/pipeline/job.ts";
import { formatPlatform, parsePlatform, samePlatform, type Platform } from "../platform/platform.ts";
import { expandMatrix } from "../config/pipeline/expand-matrix.ts";
import { platformsOf, type Combination } from "../config/pipeline/matrix.ts";
import { platformFolder, type RunFacts } from "./facts.ts";
import { digestOf, shortName } from "./file-name.ts";
import type { InputSpec, JobGraph, PlannedJob } from "./job-spec.ts";
import { once, specifyHandlers } from "./job-steps.ts";
import { skipReason } from "./match-event.ts";
import { specifyWork } from "./job-work.ts";
import { SourceNames } from "./source-names.ts";

/** One of the jobs that a job of the file becomes. */
interface Instance {
  readonly id: string;
  readonly name: string;
  readonly platform?: Platform;
  readonly matrix: Combination;
}

/**
 * The jobs of a run: those of the file by their matrices and platforms, each after those that it needs. A job waits for all that a needed name became; only when both
 * run on the same platforms does each wait for the one of its own platform. That they are not too many, and none waits for itself, the configuration was checked for.
 *
 * @param facts Of the event; absent: the jobs and steps of all events, none of them left out
 */
export function expandPipeline(config: Config, facts: RunFacts | undefined): JobGraph {
  const { jobs } = config;
  const cycle = findCycle(jobs);
  if (cycle !== undefined) throw new TypeError(`cycle: ${cycle.join(", ")}`);
  const instances = new Map(
    Object.entries(jobs).map(([name, job]) => [name, instancesOf(name, job, config.platforms)]),
  );
  const needs = allNeeds(jobs);
  const planned = inOrderOfNeeds(jobs).flatMap((name) => {
    const job = jobs[name];
    if (job === undefined) return [];
    return (instances.get(name) ?? []).map((instance) => planJob(job, instance, { config, facts, instances, needs }));
  });
  const { env, concurrency } = config;
  return { env, ...(concurrency === undefined ? {} : { concurrency }), jobs: planned };
}

function instancesOf(name: string, job: JobContent, all: readonly Platform[]): readonly Instance[] {
  return expandMatrix(job.matrix, platformNames(job, all)).map(({ platform: written, ...matrix }): Instance => {
    const axes = Object.entries(matrix).map(([axis, value]) => `${axis}=${quoted(value)}`);
    const base = axes.length === 0 ? name : `${name}[${axes.join(",")}]`;
    if (written === undefined) return { id: base, name, matrix };
    return { id: `${base}@${written}`, name, platform: parsePlatform(written), matrix };
  });
}

/** A value as an id has it: quoted when something in it belongs to the form of ids, so that no two combinations have one id. */
function quoted(value: string): string {
  return /[,=[\]@"]/.test(value) ? JSON.stringify(value) : value;
}

function platformNames(job: JobContent, all: readonly Platform[]): readonly string[] | undefined {
  const platforms = platformsOf(job);
  return (platforms === "all" ? all : platforms)?.map(formatPlatform);
}

interface Surroundings {
  readonly config: Config;
  readonly facts: RunFacts | undefined;
  readonly instances: ReadonlyMap<string, readonly Instance[]>;
  readonly needs: AllNeeds;
}

function planJob(written: JobContent, instance: Instance, around: Surroundings): PlannedJob {
  const { config, facts, instances } = around;
  const { id, name, platform, matrix } = instance;
  const job = withOverride(written, platform);
  const { when, timeout, concurrency } = job;
  const skip = facts && skipReason(when, facts);
  const condition = when?.if;
  const inputs = Object.entries(job.inputs).map(([path, from]) => inputOf(path, from, instance, instances));
  const names = new SourceNames(sourcesOf(job));
  return {
    id,
    name,
    ...(platform === undefined ? {} : { platform }),
    matrix,
    axes: [...new Set((instances.get(name) ?? []).flatMap((one) => Object.keys(one.matrix)))],
    env: job.env,
    emulation: job.emulation,
    ...(timeout === undefined ? {} : { timeout }),
    retry: job.retry ?? once,
    mayFail: job.may_fail,
    work: specifyWork(job, { config, facts, inputs, names }),
    onFailure: specifyHandlers([...job.on_failure, ...config.on_failure], names, "on-failure"),
    needs: job.needs.flatMap((need) => neededBy(instance, need, instances).map((one) => one.id)),
    allNeeds: around.needs.of(name),
    when: when?.status ?? "success",
    ...(condition === undefined ? {} : { condition }),
    ...(skip === undefined ? {} : { skip }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

/** Names of logs that are there before anything is called otherwise: of steps by the file, or of the commands that a job without steps is. */
function sourcesOf({ steps }: JobContent): readonly string[] {
  return steps?.flatMap(({ name }) => name ?? []) ?? ["build", "verify", "image"];
}

/** The job as it is on a platform. */
function withOverride(job: JobContent, platform: Platform | undefined): JobContent {
  const [, override] =
    Object.entries(job.overrides).find(
      ([key]) => platform !== undefined && samePlatform(parsePlatform(key), platform),
    ) ?? [];
  if (override === undefined) return job;
  const { env, ...rest } = override;
  return { ...job, ...rest, env: { ...job.env, ...env } };
}

/** The ones of a needed job that an instance waits for. */
function neededBy(instance: Instance, need: string, instances: Surroundings["instances"]): readonly Instance[] {
  const others = instances.get(need) ?? [];
  const { platform } = instance;
  if (platform === undefined || platformSet(others) !== platformSet(instances.get(instance.name) ?? [])) return others;
  return others.filter((other) => other.platform !== undefined && samePlatform(other.platform, platform));
}

/** The platforms of a job, for comparison. */
function platformSet(instances: readonly Instance[]): string {
  const platforms = instances.map(({ platform }) => (platform === undefined ? "" : formatPlatform(platform)));
  return [...new Set(platforms)].sort().join();
}

function inputOf(
  path: string,
  { artifact: written, optional }: JobContent["inputs"][string],
  instance: Instance,
  instances: Surroundings["instances"],
): InputSpec {
  const [job = "", artifact = ""] = written.split(".");
  const makers = neededBy(instance, job, instances);
  const from =
    makers.length === 1
      ? makers.map(({ id }) => ({ job: id }))
      : foldersOf(makers).map(({ id, folder }) => ({ job: id, folder }));
  return { path, artifact, from, optional };
}

/** A folder for each of several makers: of its platform, and in there of its combination. Where two would be called the same a digest tells them apart. */
function foldersOf(makers: readonly Instance[]): readonly { readonly id: string; readonly folder: string }[] {
  const named = makers.map((maker) => ({ id: maker.id, folder: folderOf(maker) }));
  const counts = new Map<string, number>();
  for (const { folder } of named) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  return named.map(({ id, folder }) => ({
    id,
    folder: (counts.get(folder) ?? 0) > 1 ? `${folder}-${digestOf(id)}` : folder,
  }));
}

function folderOf({ platform, matrix }: Instance): string {
  const axes = Object.entries(matrix).map(([axis, value]) => `${axis}=${value.replaceAll("/", "_")}`);
  return [
    ...(platform === undefined ? [] : [platformFolder(platform)]),
    ...(axes.length === 0 ? [] : [shortName(axes.join(","))]),
  ].join("/");
}
