import { ArchwayError, isAbort } from "../error/error.ts";
import type { EngineEvent, EngineRequest } from "../engine/engine.ts";
import { summarizeSteps } from "../engine/steps.ts";
import type { StepSummary } from "../engine/steps.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { gateChild } from "../publish/gate.ts";
import type { GatedChild } from "../publish/gate.ts";
import type { GateOptions } from "../verify/gate.ts";
import type { BuildEvent } from "./events.ts";
import { buildOnNode } from "./foreign-program.ts";
import { eachLimited } from "./limit.ts";
import type { PlannedPlatform } from "./plan.ts";
import type { BuildRecords, RecordInputs } from "./record.ts";
import type { PlatformReport } from "./report.ts";
import type { Delivered, Sink } from "./sink.ts";
import { runsNatively } from "./stages.ts";

/** What building the platforms of a plan needs. */
export interface RunInputs {
  readonly placements: readonly PlannedPlatform[];
  readonly sink: Sink;
  /** The engine's request for one platform, but for its output. */
  requestFor(placement: PlannedPlatform): Omit<EngineRequest, "output">;
  /** What the platform's child depends on; `undefined` when nothing may be resumed. */
  recordInputs(placement: PlannedPlatform): Promise<RecordInputs | undefined>;
  readonly records: BuildRecords;
  /** Absent: the gate is waived. */
  readonly gate?: Omit<GateOptions, "signal">;
  readonly jobs: number;
  /** Platforms that may fail without failing the build. */
  readonly allowMissing: readonly Platform[];
  readonly now: () => number;
}

/** One platform after its build. */
export interface BuiltPlatform {
  readonly report: PlatformReport;
  readonly gated: GatedChild;
}

/** What came of the platforms of a plan. */
export interface RunResult {
  readonly built: readonly BuiltPlatform[];
  readonly missing: readonly { readonly platform: Platform; readonly reason: string }[];
}

/**
 * Builds and gates every platform, side by side within `jobs`. One failure does not stop the others: what they make is kept by a record, so that the
 * next run of the same command builds only what is missing. An error that every platform would repeat (the Dockerfile, the user's input) stops all.
 *
 * Throws the error of the platform that failed; of several, one that names each (`failed` beats `unreachable`).
 */
export async function buildPlatforms(
  inputs: RunInputs,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<RunResult> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failures: { platform: Platform; error: unknown }[] = [];
  const built: BuiltPlatform[] = [];

  await eachLimited(inputs.placements, inputs.jobs, async (placement) => {
    try {
      built.push(await buildOne(inputs, placement, onEvent, either));
    } catch (error) {
      if (stop.signal.aborted && isAbort(error)) return;
      failures.push({ platform: placement.platform, error });
      const message = error instanceof Error ? error.message : String(error);
      onEvent({ type: "failed", platform: placement.platform, message, at: inputs.now() });
      if (!(error instanceof ArchwayError) || error.kind === "input") stop.abort();
    }
  });
  signal.throwIfAborted();

  const excused = ({ platform, error }: { platform: Platform; error: unknown }) =>
    error instanceof ArchwayError &&
    error.kind !== "input" &&
    inputs.allowMissing.some((allowed) => samePlatform(allowed, platform));
  // Leaving a platform out takes another that stays.
  const fatal = built.length === 0 ? failures : failures.filter((failure) => !excused(failure));
  if (fatal.length > 0) throw combined(fatal, built, inputs.sink.place !== undefined);
  const order = (platform: Platform) => inputs.placements.findIndex((other) => samePlatform(other.platform, platform));
  return {
    built: built.toSorted((a, b) => order(a.report.platform) - order(b.report.platform)),
    missing: failures.map(({ platform, error }) => ({
      platform,
      reason: error instanceof Error ? error.message : String(error),
    })),
  };
}

async function buildOne(
  inputs: RunInputs,
  placement: PlannedPlatform,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<BuiltPlatform> {
  const { platform, node } = placement;
  const { now } = inputs;
  signal.throwIfAborted();
  const record = await inputs.recordInputs(placement);
  const events: EngineEvent[] = [];
  let delivered = record && (await recall(inputs, placement, record, signal));
  const resumed = delivered !== undefined;

  if (delivered) {
    onEvent({ type: "resumed", platform, digest: delivered.child.descriptor.digest, at: now() });
  } else {
    onEvent({ type: "started", platform, strategy: placement.strategy, node: node.engine.endpoint, at: now() });
    const output = await inputs.sink.outputFor(platform, node.info);
    const result = await buildOnNode(
      placement,
      { ...inputs.requestFor(placement), output },
      (event) => {
        if (event.type === "step") events.push(event);
        onEvent({ type: "engine", platform, event });
      },
      signal,
    );
    delivered = await inputs.sink.deliver(platform, output, result, signal);
    if (record)
      await inputs.records.keep(
        record,
        result.digest && result.mediaType
          ? { digest: result.digest, mediaType: result.mediaType }
          : delivered.child.descriptor,
      );
    onEvent({ type: "built", platform, digest: delivered.child.descriptor.digest, at: now() });
  }
  const gated = await gate(inputs, platform, delivered, onEvent, signal);
  const steps = summarizeSteps(events, {
    target: platform,
    runsNatively: (other) => runsNatively(node, other),
  });
  return { gated, report: reportOf(placement, gated, steps, resumed) };
}

async function recall(
  inputs: RunInputs,
  placement: PlannedPlatform,
  record: RecordInputs,
  signal: AbortSignal,
): Promise<Delivered | undefined> {
  const kept = inputs.sink.recall && (await inputs.records.find(record));
  if (!kept || !inputs.sink.recall) return undefined;
  try {
    return await inputs.sink.recall(placement.platform, kept, signal);
  } catch (error) {
    // A record is advice: whatever cannot be read back is built again, and a registry that is down says so then.
    if (signal.aborted || !(error instanceof ArchwayError)) throw error;
    return undefined;
  }
}

async function gate(
  inputs: RunInputs,
  platform: Platform,
  { child, store, readFrom }: Delivered,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<GatedChild> {
  if (!inputs.gate) {
    onEvent({ type: "proven", platform, verdict: "skipped", at: inputs.now() });
    return { child, platform, store };
  }
  onEvent({ type: "proving", platform, at: inputs.now() });
  const gated = await gateChild(readFrom, child, platform, { ...inputs.gate, signal });
  onEvent({ type: "proven", platform, verdict: gated.proof?.verdict ?? "skipped", at: inputs.now() });
  return { ...gated, store };
}

function reportOf(placement: PlannedPlatform, gated: GatedChild, steps: StepSummary, resumed: boolean): PlatformReport {
  const { platform, node, reason } = placement;
  return {
    platform,
    digest: gated.child.descriptor.digest,
    // What was seen beats what was planned.
    strategy: steps.seconds.emulated > 0 ? "emulated" : placement.strategy,
    reason: resumed ? "built by an earlier run of the same command" : reason,
    node: node.engine.endpoint,
    engine: `${node.info.name} ${node.info.version}`,
    seconds: steps.seconds,
    cachedSteps: steps.cachedSteps,
    ...(steps.slowest ? { slowestStep: { name: steps.slowest.name, seconds: steps.slowest.seconds } } : {}),
    verdict: gated.proof?.verdict ?? "skipped",
    findings: gated.proof?.findings ?? [],
    resumed,
  };
}

/** One error for all platforms that failed. */
function combined(
  failures: readonly { readonly platform: Platform; readonly error: unknown }[],
  built: readonly BuiltPlatform[],
  resumable: boolean,
): unknown {
  const defect = failures.find(({ error }) => !(error instanceof ArchwayError));
  if (defect) return defect.error;
  const errors = failures.map(({ platform, error }) => ({ platform, error: error as ArchwayError }));
  const worst =
    errors.find(({ error }) => error.kind === "input") ??
    errors.find(({ error }) => error.kind === "failed") ??
    errors[0];
  if (!worst) return new Error("no platform failed");
  const kept = built
    .filter(({ report }) => report.verdict !== "fail")
    .map(({ report }) => formatPlatform(report.platform));
  const outcome = resumable ? "No tag was moved." : "Nothing was written.";
  const resume =
    resumable && kept.length > 0
      ? `${outcome} ${kept.join(", ")} is kept: the same command builds only the rest.`
      : outcome;
  return new ArchwayError({
    code: worst.error.code,
    kind: worst.error.kind,
    message: errors.map(({ platform, error }) => `${formatPlatform(platform)}: ${error.message}`).join("\n\n"),
    hint: [worst.error.hint, resume].filter(Boolean).join(" "),
    ...(worst.error.place ? { place: worst.error.place } : {}),
    cause: worst.error,
  });
}
