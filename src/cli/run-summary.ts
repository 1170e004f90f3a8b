import { exitCodes } from "../error/error.ts";
import type { ImageProjection, JobProjection, RunProjection, SourceProjection } from "../event/project-run.ts";
import type { Failure } from "../event/run-event.ts";
import type { RunState } from "../run/run-pipeline.ts";

/** Lines of a failed step's log that are told with its failure. */
const toldLines = 10;

/** What came of a run. */
export interface RunSummary {
  readonly version: 1;
  readonly run: string;
  readonly state: RunState;
  readonly seconds: {
    readonly total: number;
    /** Of all jobs together: from being ready to the start. */
    readonly waited: number;
    /** Of all jobs together. */
    readonly native: number;
    readonly emulated: number;
  };
  readonly cacheHits: number;
  readonly slowestStep?: {
    readonly job: string;
    readonly step: string;
    /** Of all attempts together, without the pauses between them. */
    readonly seconds: number;
    readonly attempts: number;
  };
  /** File of the pipeline; of a source `URL#REF:FILE`. */
  readonly pipeline: string;
  /** File with all events. */
  readonly events: string;
  readonly images: readonly ImageProjection[];
  /** Jobs whose place was kept: `archway run --shell JOB` opens a shell there. */
  readonly kept: readonly string[];
  readonly jobs: readonly JobSummary[];
}

/** What came of one job; times in seconds. */
export interface JobSummary {
  readonly job: string;
  readonly state: string;
  readonly platform?: string;
  readonly mode?: "native" | "emulated";
  readonly machine?: string;
  /** Why it ran there, and so. */
  readonly placement?: string;
  readonly seconds: number;
  /** From being ready to its start. */
  readonly waited: number;
  readonly cacheHits: number;
  readonly reason?: string;
  /** The run succeeds although it fails. */
  readonly mayFail?: true;
  readonly failure?: Failure;
  /** The end of the log that belongs to the failure. */
  readonly log?: { readonly source: string; readonly lines: readonly string[] };
}

/** The summary of a run by what its events came to. */
export function summarize(
  { jobs, images }: RunProjection,
  about: {
    readonly run: string;
    readonly state: RunState;
    readonly pipeline: string;
    readonly events: string;
    readonly kept: readonly string[];
    readonly started: number;
    readonly ended: number;
  },
): RunSummary {
  const summaries = [...jobs.values()].map((job) => summarizeJob(job, about.ended));
  const slowest = slowestStep([...jobs.values()]);
  const sum = (value: (job: JobSummary) => number) => summaries.reduce((total, job) => total + value(job), 0);
  const spent = (mode: "native" | "emulated") =>
    sum((job) => (job.mode === mode ? job.seconds : 0)) +
    [...jobs.values()].reduce((total, { buildSeconds }) => total + (buildSeconds?.[mode] ?? 0), 0);
  return {
    version: 1,
    run: about.run,
    state: about.state,
    seconds: {
      total: (about.ended - about.started) / 1000,
      waited: sum(({ waited }) => waited),
      native: spent("native"),
      emulated: spent("emulated"),
    },
    cacheHits: sum(({ cacheHits }) => cacheHits),
    ...(slowest === undefined ? {} : { slowestStep: slowest }),
    pipeline: about.pipeline,
    events: about.events,
    images,
    kept: about.kept,
    jobs: summaries,
  };
}

/** The exit code of a run. With failures of both kinds the one that was decided counts (design, "Contracts"); those of jobs that may fail do not. */
export function exitCodeOf({ state, jobs }: RunSummary): number {
  if (state === "cancelled") return exitCodes.interrupted;
  if (state === "succeeded") return 0;
  const kinds = jobs.flatMap(({ failure, mayFail }) =>
    failure === undefined || mayFail === true ? [] : [failure.kind],
  );
  return kinds.every((kind) => kind === "infrastructure") ? exitCodes.unreachable : exitCodes.failed;
}

function summarizeJob(job: JobProjection, ended: number): JobSummary {
  const { readyAt, startedAt, endedAt = ended, platform, mode, machine, placement, reason, mayFail, failure } = job;
  const source = failure === undefined ? undefined : failedSource(job);
  const lines = source?.log.lines(toldLines) ?? [];
  return {
    job: job.job,
    state: job.state,
    ...(platform === undefined ? {} : { platform }),
    ...(mode === undefined ? {} : { mode }),
    ...(machine === undefined ? {} : { machine }),
    ...(placement === undefined ? {} : { placement }),
    seconds: startedAt === undefined ? 0 : (endedAt - startedAt) / 1000,
    waited: readyAt === undefined || startedAt === undefined ? 0 : Math.max(0, startedAt - readyAt) / 1000,
    cacheHits: job.cacheHits,
    ...(reason === undefined ? {} : { reason }),
    ...(mayFail ? { mayFail } : {}),
    ...(failure === undefined ? {} : { failure }),
    ...(source === undefined || lines.length === 0 ? {} : { log: { source: source.name, lines } }),
  };
}

/** Whose log belongs to the failure of a job: the step, the service, or the command that the job is. */
function failedSource({ sources, failedStep, failure }: JobProjection): SourceProjection | undefined {
  const all = [...sources.values()].filter(({ isHandler }) => !isHandler);
  const isOfService = failure?.code.startsWith("SERVICE_") === true;
  const candidates = all.filter(({ name }) => name.startsWith("service:") === isOfService);
  return sources.get(failedStep ?? "") ?? candidates.findLast(({ state }) => state === "failed") ?? candidates.at(-1);
}

/** The step that took longest, all of its attempts together; what it waited for before is no part of it. */
function slowestStep(jobs: readonly JobProjection[]): RunSummary["slowestStep"] {
  let slowest: RunSummary["slowestStep"];
  for (const { job, kind, sources } of jobs) {
    if (kind !== "steps") continue;
    for (const { name, startedAt, endedAt = startedAt, before } of sources.values()) {
      const seconds = (before.milliseconds + endedAt - startedAt) / 1000;
      if (name.startsWith("service:") || seconds <= (slowest?.seconds ?? 0)) continue;
      slowest = { job, step: name, seconds, attempts: before.attempts + 1 };
    }
  }
  return slowest;
}
