import { LogTail } from "./log-tail.ts";
import type { Failure, JobState, RunEvent } from "./run-event.ts";

type Started = Extract<RunEvent, { type: "run-started" }>;

/** Characters of the logs of a job that are kept when it has ended well, and of those of a failed one. */
const keptAfter = { succeeded: 2_000, failed: 16_000 };

/** A step, handler or service, or a whole job without containers, as the events tell of it. Times are milliseconds since the epoch. */
export interface SourceProjection {
  readonly name: string;
  state: "running" | "succeeded" | "failed" | "skipped" | "cancelled";
  startedAt: number;
  endedAt?: number;
  attempt: number;
  /** Attempts that ended before this one, also those in earlier attempts of the whole job, and the milliseconds that they ran. */
  before: { readonly attempts: number; readonly milliseconds: number };
  /** It is a handler of a failure. */
  isHandler: boolean;
  readonly log: LogTail;
}

/** One job as the events tell of it. Times are milliseconds since the epoch. */
export interface JobProjection {
  readonly job: string;
  readonly kind: Started["jobs"][number]["kind"];
  /** Platform that it is for; absent where that is free. */
  readonly planned?: string;
  readonly needs: readonly string[];
  /** The run succeeds although it fails. */
  readonly mayFail: boolean;
  state: JobState;
  /** Platform that it was placed on. */
  platform?: string;
  machine?: string;
  mode?: "native" | "emulated";
  /** Why it runs there, and so. */
  placement?: string;
  readyAt?: number;
  startedAt?: number;
  endedAt?: number;
  cacheHits: number;
  /** Seconds of a build, cross-compiling among the native ones. */
  buildSeconds?: { readonly native: number; readonly emulated: number };
  reason?: string;
  failure?: Failure;
  /** Its steps and services in the order in which they began. */
  readonly sources: Map<string, SourceProjection>;
  /** Name of the step that began last. */
  current?: string;
  /** Name of the step whose failure failed the job. */
  failedStep?: string;
}

/** An image that a job made. */
export type ImageProjection = Pick<
  Extract<RunEvent, { type: "image" }>,
  "job" | "reference" | "digest" | "published" | "tags"
>;

/** The state of a run's jobs, made of its events one by one. */
export class RunProjection {
  /** The first event, once it has come. */
  started: Started | undefined;
  readonly jobs = new Map<string, JobProjection>();
  readonly images: ImageProjection[] = [];
  /** The job whose step began last. */
  latest: string | undefined;
  readonly #waiting = new Map<string, readonly string[]>();

  /** Takes the next event. */
  apply(event: RunEvent): void {
    if (event.type === "run-started") return this.#start(event);
    const job = "job" in event && event.job !== undefined ? this.jobs.get(event.job) : undefined;
    if (job === undefined) return;
    switch (event.type) {
      case "placed":
        job.mode = event.mode;
        job.platform = event.platform;
        job.machine = event.machine;
        job.placement = event.reason;
        return;
      case "cache":
        if (event.result === "hit" || event.result === "restored") job.cacheHits++;
        return;
      case "image": {
        const { reference, digest, published, tags, seconds } = event;
        if (seconds !== undefined)
          job.buildSeconds = { native: seconds.native + seconds.cross, emulated: seconds.emulated };
        this.images.push({ job: event.job, reference, digest, published, ...(tags === undefined ? {} : { tags }) });
        return;
      }
      case "log":
        return this.#source(job, event.source, event.at).log.push(event);
      case "service": {
        const service = this.#source(job, `service:${event.service}`, event.at);
        if (event.state === "stopped" || event.state === "failed")
          end(service, event.state === "failed" ? "failed" : "succeeded", event.at);
        return;
      }
      case "step":
        return this.#step(job, event);
      case "job":
        return this.#job(job, event);
      // No part of the state of a job.
      case "pulled":
      case "workspace":
      case "artifact":
      case "gap":
      case "approval":
      case "note":
      case "run-ended":
        return;
    }
  }

  #start(event: Started): void {
    this.started = event;
    for (const { job, kind, needs, platform, mayFail = false } of event.jobs) {
      this.#waiting.set(job, needs);
      const about = { job, kind, needs, mayFail, ...(platform === undefined ? {} : { platform, planned: platform }) };
      this.jobs.set(job, { ...about, state: "waiting", cacheHits: 0, sources: new Map() });
    }
  }

  #step(job: JobProjection, event: Extract<RunEvent, { type: "step" }>): void {
    // A step that was left out says nothing, and one that ran in an earlier attempt of the job keeps its time.
    if (event.state === "skipped") {
      const before = job.sources.get(event.step);
      if (before !== undefined) before.state = "skipped";
      return;
    }
    const step = this.#source(job, event.step, event.at);
    step.isHandler = event.handles !== undefined;
    if (event.state !== "running") {
      end(step, event.state, event.at);
      return;
    }
    const { attempts, milliseconds } = step.before;
    if (step.endedAt !== undefined)
      step.before = { attempts: attempts + 1, milliseconds: milliseconds + step.endedAt - step.startedAt };
    step.state = "running";
    step.startedAt = event.at;
    step.attempt = event.attempt;
    delete step.endedAt;
    job.current = event.step;
    this.latest = job.job;
  }

  #job(job: JobProjection, event: Extract<RunEvent, { type: "job" }>): void {
    job.state = event.state;
    if (event.state === "queued") job.readyAt ??= event.at;
    else if (event.state === "running") {
      job.startedAt = event.at;
      this.latest = job.job;
    } else if (event.state !== "waiting") {
      job.endedAt = event.at;
      for (const source of job.sources.values()) {
        if (source.endedAt === undefined) end(source, event.state, event.at);
        source.log.keep(event.state === "failed" ? keptAfter.failed : keptAfter.succeeded);
      }
      this.#release(event.job, event.at);
    }
    // What it waited for says nothing once it runs.
    if (event.reason === undefined) delete job.reason;
    else job.reason = event.reason;
    if (event.failure !== undefined) job.failure = event.failure;
    if (event.failedStep !== undefined) job.failedStep = event.failedStep;
  }

  #source(job: JobProjection, name: string, at: number): SourceProjection {
    const before = job.sources.get(name);
    if (before !== undefined) return before;
    const isHandler = false;
    const source: SourceProjection = {
      name,
      state: "running",
      startedAt: at,
      attempt: 1,
      before: { attempts: 0, milliseconds: 0 },
      isHandler,
      log: new LogTail(),
    };
    job.sources.set(name, source);
    if (!name.startsWith("service:")) job.current = name;
    return source;
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

function end(source: SourceProjection, state: SourceProjection["state"], at: number): void {
  source.state = state;
  source.endedAt = at;
}
