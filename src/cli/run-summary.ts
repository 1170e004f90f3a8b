import type { RunProjection } from "../event/project-run.ts";
import type { RunState } from "../run/run-pipeline.ts";
import type { JobSummary, RunSummary } from "./run-show.ts";

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
