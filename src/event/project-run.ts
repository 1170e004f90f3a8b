import type { Failure, JobState, RunEvent } from "./run-event.ts";

/** One job as the events tell of it. Times are milliseconds since the epoch. */
export interface JobProjection {
  readonly job: string;
  state: JobState;
  platform?: string;
  mode?: "native" | "emulated";
  readyAt?: number;
  startedAt?: number;
  endedAt?: number;
  cacheHits: number;
  reason?: string;
  failure?: Failure;
}

/** The state of a run's jobs, made of its events one by one. */
export class RunProjection {
  readonly jobs = new Map<string, JobProjection>();
  readonly images: {
    readonly job: string;
    readonly reference: string;
    readonly digest: string;
    readonly published: boolean;
  }[] = [];
  readonly #waiting = new Map<string, readonly string[]>();

  /** Takes the next event. */
  apply(event: RunEvent): void {
    if (event.type === "run-started") {
      for (const { job, needs, platform } of event.jobs) {
        this.#waiting.set(job, needs);
        this.jobs.set(job, { job, state: "waiting", cacheHits: 0, ...(platform === undefined ? {} : { platform }) });
      }
      return;
    }
    const job = "job" in event && event.job !== undefined ? this.jobs.get(event.job) : undefined;
    if (job === undefined) return;
    if (event.type === "placed") {
      job.mode = event.mode;
      job.platform = event.platform;
    } else if (event.type === "cache" && (event.result === "hit" || event.result === "restored")) job.cacheHits++;
    else if (event.type === "image") {
      const { reference, digest, published } = event;
      this.images.push({ job: event.job, reference, digest, published });
    } else if (event.type === "job") {
      job.state = event.state;
      if (event.state === "queued") job.readyAt ??= event.at;
      else if (event.state === "running") job.startedAt = event.at;
      else if (event.state !== "waiting") {
        job.endedAt = event.at;
        this.#release(event.job, event.at);
      }
      // What it waited for says nothing once it runs.
      if (event.reason === undefined) delete job.reason;
      else if (event.state !== "waiting") job.reason = event.reason;
      if (event.failure !== undefined) job.failure = event.failure;
    }
  }

  /** Jobs whose last need has ended are ready. */
  #release(ended: string, at: number): void {
    for (const [name, needs] of this.#waiting) {
      if (!needs.includes(ended)) continue;
      const job = this.jobs.get(name);
      const isReady = needs.every((need) => this.jobs.get(need)?.endedAt !== undefined);
      if (job !== undefined && isReady) job.readyAt ??= at;
    }
  }
}
