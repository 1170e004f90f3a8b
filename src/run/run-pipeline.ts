import type { Failure, RunEventBody } from "../event/run-event.ts";
import type { Clock } from "../job/clock.ts";
import { failureOf } from "../job/job-failure.ts";
import type { Attempt } from "../job/run-attempt.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { JobGraph, JobOutputs, JobSpec, PlannedJob } from "../pipeline/job-spec.ts";
import { resolveHandlers, resolveJob, resolveRunGroup, type Resolution } from "../pipeline/resolve-job.ts";
import type { Turn } from "./concurrency-group.ts";
import type { MachinePool, OwnSlot, Slot } from "./machine-pool.ts";
import { performLimited } from "./perform-limited.ts";

/** How a run ended. */
export type RunState = "succeeded" | "failed" | "cancelled";

export interface RunRequest {
  readonly graph: JobGraph;
  readonly resolution: Omit<Resolution, "graph" | "outputs">;
  /** What jobs that do not run left in an earlier run, by name. */
  readonly earlier?: ReadonlyMap<string, JobOutputs>;
  /** Where jobs run, and how many at a time. */
  readonly machines: Pick<MachinePool, "wait" | "waitHere">;
  /** Does one job once, one with steps in its slot. */
  readonly perform: (job: JobSpec, attempt: Attempt, slot: Slot | undefined) => Promise<JobResult>;
  /** Runs the failure handlers of a job that failed for good, when the job did not do it. Never throws for what happens in them. */
  readonly handleFailure: (job: JobSpec, failure: Failure, failedStep: string | undefined) => Promise<void>;
  readonly clock: Clock;
  /** Waits for the turn of a job, or of the whole run, in a concurrency group; `cancel` makes older runs end. */
  readonly joinGroup: (group: string, cancel: boolean, signal: AbortSignal, of: "job" | "run") => Promise<Turn>;
  readonly emit: (event: RunEventBody) => void | Promise<void>;
}

/** A job that has ended. */
interface Ended {
  readonly job: PlannedJob;
  readonly result: JobResult;
  /** It was left out because of what it needs. */
  readonly lacksNeeds: boolean;
}

/**
 * Runs a graph of jobs: each when all that it needs have ended and came to what its `when` asks for, as soon as a machine has a slot for it. Every job
 * gets exactly one final state.
 */
export async function runPipeline(request: RunRequest, signal: AbortSignal): Promise<RunState> {
  const { graph, joinGroup, emit } = request;
  const group = resolveRunGroup(graph, request.resolution);
  if (group === undefined) return runJobs(request, signal);
  const reason = `for the turn of this run in the group "${group}"`;
  for (const { id } of graph.jobs) await emit({ type: "job", job: id, state: "waiting", reason });
  let turn: Turn | undefined;
  try {
    turn = await joinGroup(group, graph.concurrency?.cancel ?? false, signal, "run");
    const { superseded: over } = turn;
    const why = () => (over.aborted && !signal.aborted ? tookOver(group) : undefined);
    return await runJobs(request, AbortSignal.any([signal, over]), why);
  } catch (error) {
    // Cancelled while it waited: every job still gets its final state.
    if (signal.aborted && turn === undefined) return runJobs(request, signal);
    throw error;
  } finally {
    await turn?.leave();
  }
}

/** @param whyCancelled Why the signal was aborted, where that is more than that somebody wished it. */
async function runJobs(
  request: RunRequest,
  signal: AbortSignal,
  whyCancelled: () => string | undefined = () => undefined,
): Promise<RunState> {
  const { graph, emit } = request;
  const ended = new Map<string, Ended>();
  const running = new Map<string, Promise<void>>();
  const left = new Set(graph.jobs);
  const finish = async (job: PlannedJob, result: JobResult, lacksNeeds = false): Promise<void> => {
    ended.set(job.id, { job, result, lacksNeeds });
    const { status, failure, reason } = result;
    const cancelled = status === "cancelled" ? whyCancelled() : undefined;
    const said = cancelled ?? reason ?? (status === "failed" && job.mayFail ? "it may fail" : undefined);
    await emit({
      type: "job",
      job: job.id,
      state: status,
      ...(failure === undefined ? {} : { failure }),
      ...(said === undefined ? {} : { reason: said }),
    });
  };
  for (const job of left) {
    await emit(
      job.needs.length === 0
        ? { type: "job", job: job.id, state: "queued" }
        : { type: "job", job: job.id, state: "waiting", reason: `for ${job.needs.join(", ")}` },
    );
  }
  const turns = async (within: AbortSignal): Promise<void> => {
    for (;;) {
      for (const job of left) {
        if (!job.needs.every((need) => ended.has(need))) continue;
        left.delete(job);
        const { reason, lacksNeeds } = reasonToSkip(job, ended, signal);
        const status = signal.aborted ? "cancelled" : "skipped";
        if (reason !== undefined) await finish(job, { status, reason, outputs: {} }, lacksNeeds);
        else {
          const work = start(job, request, ended, within).then((result) => finish(job, result));
          running.set(
            job.id,
            work.finally(() => running.delete(job.id)),
          );
        }
      }
      // Jobs that were skipped may have made others ready.
      if ([...left].some((job) => job.needs.every((need) => ended.has(need)))) continue;
      if (running.size === 0) break;
      await Promise.race(running.values());
    }
  };
  const broken = new AbortController();
  try {
    await turns(AbortSignal.any([signal, broken.signal]));
  } catch (error) {
    // The stream of events is lost: what runs is ended, and waited for, before that is told.
    broken.abort(error);
    await Promise.allSettled(running.values());
    throw error;
  }
  if (signal.aborted) return "cancelled";
  const isFailed = [...ended.values()].some(({ job, result }) => result.status === "failed" && !job.mayFail);
  if (isFailed) return "failed";
  return [...ended.values()].some(({ result }) => result.status === "cancelled") ? "cancelled" : "succeeded";
}

function reasonToSkip(
  job: PlannedJob,
  ended: ReadonlyMap<string, Ended>,
  signal: AbortSignal,
): { readonly reason?: string; readonly lacksNeeds?: boolean } {
  if (signal.aborted) return { reason: "the run was cancelled" };
  if (job.skip !== undefined) return { reason: job.skip };
  const broken = job.needs.filter((need) => !isGood(ended.get(need)));
  if (job.when === "success" && broken.length > 0) return { reason: `it needs ${broken.join(", ")}`, lacksNeeds: true };
  const hasFailed = broken.some((need) => ended.get(need)?.result.status !== "cancelled");
  if (job.when === "failure" && !hasFailed) return { reason: "nothing that it needs failed" };
  return {};
}

/** Whether what a job was needed for is there: also after a failure that is allowed, and when the job was left out by its own conditions or because nothing is published. */
function isGood(ended: Ended | undefined): boolean {
  if (ended === undefined) return false;
  const { job, result, lacksNeeds } = ended;
  if (result.status === "failed") return job.mayFail;
  return result.status === "succeeded" || (result.status === "skipped" && !lacksNeeds);
}

async function start(
  planned: PlannedJob,
  request: RunRequest,
  ended: ReadonlyMap<string, Ended>,
  signal: AbortSignal,
): Promise<JobResult> {
  let turn: (Turn & { readonly group: string }) | undefined;
  let slot: OwnSlot | undefined;
  let hasBegun = false;
  const outputs = new Map([...(request.earlier ?? []), ...outputsOf(ended)]);
  const resolution = { ...request.resolution, graph: request.graph, outputs };
  try {
    const { job, runs, group } = resolveJob(planned, resolution);
    if (!runs) return { status: "skipped", reason: "its condition is not met", outputs: {} };
    if (group !== undefined) {
      const reason = `for its turn in the group "${group}"`;
      await request.emit({ type: "job", job: planned.id, state: "queued", reason });
      turn = { ...(await request.joinGroup(group, planned.concurrency?.cancel ?? false, signal, "job")), group };
      if (turn.superseded.aborted) return superseded(group);
    }
    const within = turn === undefined ? signal : AbortSignal.any([signal, turn.superseded]);
    // A person's answer takes up no machine.
    const placed = job.work.kind === "steps" ? await waitForMachine(planned, request, within) : undefined;
    slot = placed ?? (job.work.kind === "approval" ? undefined : await waitHere(planned, request, within));
    await request.emit({ type: "job", job: planned.id, state: "running" });
    const perform = (one: JobSpec, attempt: Attempt) => request.perform(one, attempt, placed);
    hasBegun = true;
    const result = await performLimited(job, { ...request, perform }, within);
    const isOver = group !== undefined && turn?.superseded.aborted === true && !signal.aborted;
    return isOver && result.status !== "succeeded" ? superseded(group) : result;
  } catch (error) {
    if (signal.aborted) return { status: "cancelled", reason: "the run was cancelled", outputs: {} };
    if (turn?.superseded.aborted === true) return superseded(turn.group);
    const failure = failureOf(error);
    if (!hasBegun) await handleUnbegun(planned, failure, resolution, request);
    return { status: "failed", failure, outputs: {} };
  } finally {
    slot?.release();
    await turn?.leave();
  }
}

/** Runs the failure handlers of a job that failed before its first attempt: its own texts, or its place, may be what is wrong. */
async function handleUnbegun(
  planned: PlannedJob,
  failure: Failure,
  resolution: Resolution,
  { handleFailure, emit }: RunRequest,
): Promise<void> {
  if (planned.onFailure.length === 0) return;
  const { job, broken } = resolveHandlers(planned, resolution);
  for (const why of broken) await emit({ type: "note", job: job.id, text: `A failure handler did not run: ${why}` });
  const { kind } = planned.work;
  if (job.onFailure.length > 0) await handleFailure(job, failure, kind === "steps" ? "setup" : kind);
}

/** Waits for a machine, which is not running: it has its own state and its shown reason. */
function waitForMachine(job: PlannedJob, { machines, emit }: RunRequest, signal: AbortSignal): Promise<Slot> {
  return machines.wait(job, signal, (reason) => emit({ type: "job", job: job.id, state: "queued", reason }));
}

function waitHere({ id }: PlannedJob, { machines, emit }: RunRequest, signal: AbortSignal): Promise<OwnSlot> {
  return machines.waitHere(signal, (reason) => emit({ type: "job", job: id, state: "queued", reason }));
}

function superseded(group: string): JobResult {
  return { status: "cancelled", reason: tookOver(group), outputs: {} };
}

function tookOver(group: string): string {
  return `a newer run took over the group "${group}"`;
}

/** What the ended jobs came to, by name: of several with one name the worst. */
function outputsOf(ended: ReadonlyMap<string, Ended>): ReadonlyMap<string, JobOutputs> {
  const order = ["succeeded", "skipped", "cancelled", "failed"];
  const outputs = new Map<string, JobOutputs>();
  for (const { job, result } of ended.values()) {
    const before = outputs.get(job.name);
    const isWorse = before === undefined || order.indexOf(result.status) > order.indexOf(before.status);
    outputs.set(job.name, { ...before, ...result.outputs, status: isWorse ? result.status : before.status });
  }
  return outputs;
}
