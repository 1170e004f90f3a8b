import { exitCodes } from "../error/error.ts";
import type { RunProjection } from "../event/project-run.ts";
import type { RunState } from "../run/run-pipeline.ts";

/** What came of a run. */
export interface RunSummary {
  readonly version: 1;
  readonly run: string;
  readonly state: "succeeded" | "failed" | "cancelled";
  readonly seconds: { readonly total: number; readonly native: number; readonly emulated: number };
  /** File with all events. */
  readonly events: string;
  readonly images: readonly {
    readonly job: string;
    readonly reference: string;
    readonly digest: string;
    readonly published: boolean;
  }[];
  readonly jobs: readonly JobSummary[];
}

/** What came of one job; times in seconds. */
export interface JobSummary {
  readonly job: string;
  readonly state: string;
  readonly platform?: string;
  readonly mode?: "native" | "emulated";
  readonly seconds: number;
  /** From being ready to its start. */
  readonly waited: number;
  readonly cacheHits: number;
  readonly reason?: string;
  readonly failure?: {
    readonly kind: string;
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly explained?: {
      readonly code: string;
      readonly title: string;
      readonly cause: string;
      readonly fix: string;
    };
  };
}

/** The summary of a run by what its events came to. */
export function summarize(
  { jobs, images }: RunProjection,
  about: {
    readonly run: string;
    readonly state: RunState;
    readonly events: string;
    readonly started: number;
    readonly ended: number;
  },
): RunSummary {
  const summaries = [...jobs.values()].map((job): JobSummary => {
    const { readyAt, startedAt, endedAt = about.ended, platform, mode, reason, failure } = job;
    return {
      job: job.job,
      state: job.state,
      ...(platform === undefined ? {} : { platform }),
      ...(mode === undefined ? {} : { mode }),
      seconds: startedAt === undefined ? 0 : (endedAt - startedAt) / 1000,
      waited: readyAt === undefined || startedAt === undefined ? 0 : Math.max(0, startedAt - readyAt) / 1000,
      cacheHits: job.cacheHits,
      ...(reason === undefined ? {} : { reason }),
      ...(failure === undefined ? {} : { failure }),
    };
  });
  const secondsOf = (mode: "native" | "emulated") =>
    summaries.filter((job) => job.mode === mode).reduce((sum, { seconds }) => sum + seconds, 0);
  return {
    version: 1,
    run: about.run,
    state: about.state,
    seconds: {
      total: (about.ended - about.started) / 1000,
      native: secondsOf("native"),
      emulated: secondsOf("emulated"),
    },
    events: about.events,
    images,
    jobs: summaries,
  };
}

/** The exit code of a run. With failures of both kinds the one that was decided counts (design, "Contracts"). */
export function exitCodeOf({ state, jobs }: RunSummary): number {
  if (state === "cancelled") return exitCodes.interrupted;
  if (state === "succeeded") return 0;
  const kinds = jobs.flatMap(({ failure }) => (failure === undefined ? [] : [failure.kind]));
  return kinds.every((kind) => kind === "infrastructure") ? exitCodes.unreachable : exitCodes.failed;
}
