import type { RunEventBody } from "../event/run-event.ts";
import type { JobGraph, JobOutputs, JobSpec, PlannedJob } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import { choicesOf, type Machine } from "./choose-machine.ts";
import { failureOfError, withoutMachine } from "./job-failure.ts";
import { judgeNeeds, type EndedJob } from "./judge-needs.ts";
import { MachinePool } from "./machine-pool.ts";
import { performJob, type Performers } from "./perform-job.ts";

/** How a run ended. */
export type RunState = "succeeded" | "failed" | "cancelled";

/** A job with all its texts final. */
export interface ResolvedJob {
  readonly job: JobSpec;
  /** Whether its condition lets it run. */
  readonly runs: boolean;
  /** Its concurrency group. */
  readonly group?: string;
}

/** A job's turn in its concurrency group. */
export interface Turn {
  /** Aborted when a newer run takes the group over. */
  readonly superseded: AbortSignal;
  leave(): Promise<void>;
}

export interface RunRequest {
  readonly graph: JobGraph;
  readonly machines: readonly Machine[];
  readonly performers: Performers;
  /** Makes the texts of a job final; `outputs` are those of all ended jobs by id. May throw an `ArchwayError`: the job then fails. */
  readonly resolve: (job: PlannedJob, outputs: ReadonlyMap<string, JobOutputs>) => ResolvedJob;
  /** Waits for the job's turn in a concurrency group; `cancel` makes the older ones end. */
  readonly joinGroup: (group: string, cancel: boolean, signal: AbortSignal) => Promise<Turn>;
  readonly emit: (event: RunEventBody) => void | Promise<void>;
}

/**
 * Runs a graph of jobs: each when those that it needs have ended, on a machine with a free slot, native before emulated as its `emulation` allows. Every job gets exactly one
 * final state, and the run exactly one end. Resolves with the state of the run; what happened is in the events. Throws only what `emit` throws.
 */
export async function runPipeline(request: RunRequest, signal: AbortSignal): Promise<RunState> {
  const { graph, emit } = request;
  const pool = new MachinePool();
  const ended = new Map<string, EndedJob>();
  const ends = new Map<string, Promise<void>>();
  for (const job of graph.jobs) {
    const isFirst = job.needs.length === 0;
    await emit({
      type: "job",
      job: job.id,
      state: isFirst ? "queued" : "waiting",
      ...(isFirst ? {} : { reason: `for ${job.needs.join(", ")}` }),
    });
  }
  for (const job of graph.jobs) {
    // A graph holds each job after those that it needs.
    const needs = job.needs.map((need) => ends.get(need));
    const end = Promise.all(needs).then(async () => {
      const result = await endJob(job, request, pool, ended, signal);
      ended.set(job.id, result);
      const { status, failure } = result;
      const reason = result.reason ?? (status === "failed" && job.mayFail ? "it may fail" : undefined);
      await emit({
        type: "job",
        job: job.id,
        state: status,
        ...(reason === undefined ? {} : { reason }),
        ...(failure === undefined ? {} : { failure }),
      });
    });
    ends.set(job.id, end);
  }
  const settled = await Promise.allSettled(ends.values());
  for (const one of settled) if (one.status === "rejected") throw one.reason;
  const state = stateOf([...ended.values()], signal);
  await emit({ type: "run-ended", state });
  return state;
}

function stateOf(ended: readonly EndedJob[], signal: AbortSignal): RunState {
  if (signal.aborted) return "cancelled";
  if (ended.some(({ job, status }) => status === "failed" && !job.mayFail)) return "failed";
  return ended.some(({ status }) => status === "cancelled") ? "cancelled" : "succeeded";
}

/** Brings one job to its end: all that it needs has ended. */
async function endJob(
  planned: PlannedJob,
  request: RunRequest,
  pool: MachinePool,
  ended: ReadonlyMap<string, EndedJob>,
  signal: AbortSignal,
): Promise<EndedJob> {
  if (signal.aborted) return { job: planned, status: "cancelled", reason: "the run was cancelled", outputs: {} };
  const { reason, lacksNeeds } = judgeNeeds(planned, ended);
  if (reason !== undefined) return { job: planned, status: "skipped", reason, lacksNeeds, outputs: {} };
  let turn: Turn | undefined;
  try {
    const outputs = new Map<string, JobOutputs>(
      [...ended].map(([id, one]) => [id, { ...one.outputs, status: one.status }]),
    );
    const { job, runs, group } = request.resolve(planned, outputs);
    if (!runs) return { job: planned, status: "skipped", reason: "its condition is not met", outputs: {} };
    if (group !== undefined) {
      await request.emit({ type: "job", job: job.id, state: "queued", reason: `for its turn in the group "${group}"` });
      turn = await request.joinGroup(group, planned.concurrency?.cancel ?? false, signal);
    }
    const within = turn === undefined ? signal : AbortSignal.any([signal, turn.superseded]);
    const result = await placeJob(job, request, pool, within);
    if (result.status !== "cancelled") return { job: planned, ...result };
    const isNewer = turn?.superseded.aborted === true && !signal.aborted;
    return {
      job: planned,
      ...result,
      reason: isNewer ? `a newer run took over the group "${group}"` : "the run was cancelled",
    };
  } catch (error) {
    if (signal.aborted || turn?.superseded.aborted === true)
      return { job: planned, status: "cancelled", reason: "the run was cancelled", outputs: {} };
    return { job: planned, status: "failed", failure: failureOfError(error), outputs: {} };
  } finally {
    await turn?.leave();
  }
}

/** Finds a machine for a steps job, and runs the job; the other kinds have engines of their own. */
async function placeJob(
  job: JobSpec,
  { machines, performers, emit }: RunRequest,
  pool: MachinePool,
  signal: AbortSignal,
): ReturnType<typeof performJob> {
  const running = () => emit({ type: "job", job: job.id, state: "running" });
  if (job.work.kind !== "steps") {
    if (job.work.kind === "approval")
      await emit({ type: "job", job: job.id, state: "queued", reason: "for an approval" });
    else await running();
    return performJob(job, undefined, performers, emit, signal);
  }
  const choices = choicesOf(job, machines);
  if (choices.length === 0) return { status: "failed", failure: withoutMachine(job, machines), outputs: {} };
  const names = [...new Set(choices.map(({ machine }) => machine.name))].join(" or ");
  const place = await pool.take(choices, signal, () =>
    emit({ type: "job", job: job.id, state: "queued", reason: `for a free slot of ${names}` }),
  );
  try {
    await emit({
      type: "placed",
      job: job.id,
      machine: place.machine.name,
      platform: formatPlatform(place.platform),
      mode: place.mode,
      reason: place.reason,
    });
    await running();
    return await performJob({ ...job, platform: place.platform }, place, performers, emit, signal);
  } finally {
    pool.free(place);
  }
}
