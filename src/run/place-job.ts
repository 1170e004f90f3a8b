import type { JobSpec, JobWork } from "../pipeline/job-spec.ts";
import { formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";
import { demandOf, type JobDemand } from "./job-demand.ts";
import { fits, platformUnavailable, resourcesUnavailable } from "./place-refusal.ts";

/** A machine with a container engine. */
export interface Machine {
  /** {@link thisMachine}, or the endpoint of a node. */
  readonly name: string;
  /** Its own platform. */
  readonly platform: Platform;
  readonly native: readonly Platform[];
  readonly emulated: readonly Platform[];
  /** Jobs that it runs at a time. */
  readonly slots: number;
  /** Absent where its engine does not tell. */
  readonly size?: MachineSize;
}

/** What a machine has altogether. */
export type MachineSize = Required<JobDemand>;

/** Name of the machine that the run itself is on. */
export const thisMachine = "this machine";

/** A machine with what it does at the moment. */
export interface BusyMachine extends Machine {
  /** For each job that runs there the seconds that it will still take; undefined where nothing is known of it. */
  readonly running: readonly (number | undefined)[];
  /** Why it takes no jobs any more. */
  readonly lost?: string;
}

/** Where and how a job runs. */
export interface Placement {
  readonly machine: string;
  readonly platform: Platform;
  readonly mode: "native" | "emulated";
  readonly reason: string;
}

/** A job that starts now, or one that waits and why. */
export type Placed = { readonly placement: Placement } | { readonly waits: string };

/** Seconds that a job took in earlier runs, by how it ran. */
export interface JobSeconds {
  readonly native?: number;
  readonly emulated?: number;
}

export type PlacedJob = Pick<JobSpec, "id" | "platform" | "emulation"> & {
  /** Whose `resources` the machine must have; absent where anything will do. */
  readonly work?: JobWork<unknown>;
};

/** How the user and the pipeline want jobs placed. */
export interface PlacePolicy {
  /** The pipeline's platforms, for jobs that name none. */
  readonly platforms: readonly Platform[];
  /** False with `--no-emulation`. */
  readonly emulation: boolean;
}

/** How much longer an emulated job takes than a native one, when only one of both was ever measured: five to fifteen times is usual for compilers under QEMU. */
const emulationFactor = 8;

/** A machine that a job could run on, and when it would end there. */
interface Option {
  readonly machine: BusyMachine;
  readonly mode: "native" | "emulated";
  readonly isFree: boolean;
  /** Seconds from now; undefined when nothing is known. */
  readonly ends: number | undefined;
}

/**
 * Places a job that is ready, on a machine that has what its `resources` ask for. One that is native for its platform is waited for when there is one; emulated, here or on a node, it runs only where the job and the user
 * allow it, and where no native machine exists. With `emulation: auto` it goes wherever it is estimated to end first; of jobs that nobody knows anything of, emulating is never the better guess. A job without a platform
 * runs on the first of the pipeline's that the first machine runs itself, else on that machine's own.
 *
 * @param machines the preferred first
 * @throws ArchwayError `PLATFORM_UNAVAILABLE`, `RESOURCES_UNAVAILABLE` (kind `failed`, or `unreachable` when the machine that could has gone) with what the machines run and have
 */
export function placeJob(
  job: PlacedJob,
  machines: readonly BusyMachine[],
  policy: PlacePolicy,
  seconds: JobSeconds = {},
): Placed {
  const demand = demandOf(job.work);
  const there = machines.filter(({ lost }) => lost === undefined);
  const large = there.filter(({ size }) => fits(size, demand));
  const first = large[0] ?? there[0] ?? machines[0];
  if (first === undefined) throw new TypeError("no machine to place a job on");
  const platform = job.platform ?? freePlatform(first, policy.platforms);
  const able = optionsFor(job, platform, there, policy, seconds);
  if (able.length === 0) throw platformUnavailable(job, platform, machines, policy);
  const options = able.filter(({ machine }) => large.includes(machine));
  const natives = options.filter(({ mode }) => mode === "native");
  const candidates = natives.length > 0 && job.emulation !== "auto" ? natives : options;
  const [best] = candidates.toSorted((a, b) => compare(a, b, candidates));
  if (best === undefined) {
    const may = machines.filter((one) => one.lost !== undefined || able.some(({ machine }) => machine === one));
    throw resourcesUnavailable(job, job.platform, may, demand);
  }
  if (!best.isFree) return { waits: waitReason(best, candidates, platform) };
  const { machine, mode } = best;
  const isTooSmall = able.some((one) => one.mode === "native" && !options.includes(one));
  const reason = reasonOf(best, natives, { job, machines: there, isTooSmall });
  return { placement: { machine: machine.name, platform, mode, reason } };
}

/** Where a job could run if it were alone, whatever the size of the machines. */
function optionsFor(
  { emulation }: PlacedJob,
  platform: Platform,
  machines: readonly BusyMachine[],
  policy: PlacePolicy,
  seconds: JobSeconds,
): readonly Option[] {
  const isAllowed = policy.emulation && emulation !== "never";
  return machines.flatMap((machine) => {
    if (has(machine.native, platform)) return optionOf(machine, "native", seconds);
    return isAllowed && has(machine.emulated, platform) ? optionOf(machine, "emulated", seconds) : [];
  });
}

function optionOf(machine: BusyMachine, mode: "native" | "emulated", seconds: JobSeconds): Option {
  const isFree = machine.running.length < machine.slots;
  const own = secondsOf(mode, seconds);
  const starts = isFree ? 0 : firstEnd(machine.running);
  return { machine, mode, isFree, ends: own === undefined || starts === undefined ? undefined : starts + own };
}

/** Seconds that a job takes in a mode: measured, else by the factor. */
export function secondsOf(mode: "native" | "emulated", { native, emulated }: JobSeconds): number | undefined {
  if (mode === "native") return native ?? (emulated === undefined ? undefined : emulated / emulationFactor);
  return emulated ?? (native === undefined ? undefined : native * emulationFactor);
}

function firstEnd(running: readonly (number | undefined)[]): number | undefined {
  const known = running.filter((left) => left !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** What ends first, where all is known; else native before emulated, free before busy, and the less busy. */
function compare(a: Option, b: Option, all: readonly Option[]): number {
  if (a.mode !== b.mode) {
    const isKnown = all.every(({ ends }) => ends !== undefined);
    if (isKnown && a.ends !== b.ends) return (a.ends ?? 0) - (b.ends ?? 0);
    return a.mode === "native" ? -1 : 1;
  }
  if (a.isFree !== b.isFree) return a.isFree ? -1 : 1;
  return load(a) - load(b);
}

function load({ machine: { running, slots } }: Option): number {
  return running.length / slots;
}

function waitReason({ machine, mode }: Option, candidates: readonly Option[], platform: Platform): string {
  const same = candidates.filter((one) => one.mode === mode).length;
  const where = same === 1 ? machine.name : `one of ${same} machines`;
  const how = mode === "native" ? `runs ${formatPlatform(platform)} itself` : `emulates ${formatPlatform(platform)}`;
  const jobs = machine.running.length === 1 ? "1 job runs there" : `${machine.running.length} jobs run there`;
  return `for ${where}, which ${how}${same === 1 ? `: ${jobs}` : ", and all are busy"}`;
}

function reasonOf(
  best: Option,
  natives: readonly Option[],
  {
    job,
    machines,
    isTooSmall,
  }: { readonly job: PlacedJob; readonly machines: readonly BusyMachine[]; readonly isTooSmall: boolean },
): string {
  const it = best.machine.name === thisMachine ? thisMachine : "it";
  if (best.mode === "native") {
    if (job.platform === undefined) return `the job names no platform: the first that ${it} runs itself`;
    return `${it} runs it itself`;
  }
  if (natives.length === 0) {
    if (isTooSmall) return "no machine that is large enough runs it itself";
    return machines.length === 1
      ? "no machine here runs it itself"
      : `none of ${machines.length} machines runs it itself`;
  }
  const soon = natives.flatMap(({ ends }) => ends ?? []);
  return `it is estimated to end in ${Math.round(best.ends ?? 0)} s, natively after waiting in ${Math.round(Math.min(...soon))} s`;
}

function freePlatform({ native, platform }: Machine, platforms: readonly Platform[]): Platform {
  return platforms.find((one) => has(native, one)) ?? platform;
}

function has(list: readonly Platform[], platform: Platform): boolean {
  return list.some((one) => samePlatform(one, platform));
}
