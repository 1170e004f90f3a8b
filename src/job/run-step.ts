import { join } from "node:path";
import type { Failure } from "../event/run-event.ts";
import { isTrue } from "../expression/expression.ts";
import type { StepSpec } from "../pipeline/job-spec.ts";
import { explained, exitFailure, failureOf, mayBeForeign } from "./job-failure.ts";
import type { AttemptPlace } from "./attempt-place.ts";
import { runContainer } from "./run-container.ts";
import { SourceLog } from "./source-log.ts";
import type { StepEnd, StepRun } from "./steps/step-end.ts";
import { withRetry } from "./steps/with-retry.ts";
import { withTimeout } from "./steps/with-timeout.ts";

/** Runs one step with its timeout, its retries and its failure handlers, and tells of it. */
export async function runStep(step: StepSpec, place: AttemptPlace, signal: AbortSignal): Promise<StepEnd> {
  const { job, emit, isEmulated } = place;
  const about = { type: "step", job: job.id, step: step.name } as const;
  if (step.condition !== undefined && !isTrue(step.condition)) {
    await emit({ ...about, state: "skipped", attempt: 1, reason: "its condition is not met" });
    return { status: "succeeded" };
  }
  const once: StepRun = async (within, attempt) => {
    await emit({ ...about, state: "running", attempt, emulated: isEmulated });
    return runOnce(step, place, within);
  };
  const run = withRetry(withTimeout(once, step.name, step.timeout), step.retry, async (end, attempt) => {
    await emit({ ...about, state: "failed", attempt, ...ended(end), reason: "it is tried again" });
  });
  const end = await run(signal, 1);
  const state = end.status;
  await emit({
    ...about,
    state,
    attempt: 1,
    ...ended(end),
    ...(step.mayFail && state === "failed" ? { reason: "it may fail" } : {}),
  });
  if (state === "failed") await runHandlers(step.onFailure, { ...place, failedStep: step }, signal);
  return end;
}

/** Runs failure handlers, each whatever came of the others; their results change nothing. They have the environment of the step that failed. */
export async function runHandlers(
  handlers: readonly StepSpec[],
  place: AttemptPlace,
  signal: AbortSignal,
): Promise<void> {
  const { job, emit, failedStep } = place;
  for (const handler of handlers) {
    if (signal.aborted) return;
    const about = {
      type: "step",
      job: job.id,
      step: handler.name,
      attempt: 1,
      handles: failedStep?.name ?? "",
    } as const;
    await emit({ ...about, state: "running" });
    const inherited = failedStep === undefined ? handler : withEnvironmentOf(handler, failedStep);
    const end = await withTimeout(
      (within) => runOnce(inherited, place, within),
      handler.name,
      handler.timeout,
    )(signal, 1);
    await emit({ ...about, state: end.status, ...ended(end) });
  }
}

function withEnvironmentOf(handler: StepSpec, failed: StepSpec): StepSpec {
  return {
    ...handler,
    ...(handler.image === undefined && failed.image !== undefined ? { image: failed.image } : {}),
    env: { ...failed.env, ...handler.env },
    secrets: [...failed.secrets, ...handler.secrets],
  };
}

function ended({ exitCode, failure }: StepEnd): { readonly exitCode?: number; readonly failure?: Failure } {
  return { ...(exitCode === undefined ? {} : { exitCode }), ...(failure === undefined ? {} : { failure }) };
}

/** One container of a step, from the pull to its removal. */
async function runOnce(step: StepSpec, place: AttemptPlace, signal: AbortSignal): Promise<StepEnd> {
  const { job, platform, isEmulated, containerizer } = place;
  const log = new SourceLog({ job: job.id, source: step.name }, place.secretForms, place.emit);
  const about = { platform, emulated: isEmulated };
  try {
    signal.throwIfAborted();
    const image = await place.pull(step.image ?? job.work.image, signal);
    const secrets = await place.secretsOf([...job.work.secrets, ...step.secrets]);
    const script = step.run.kind === "script" ? await writeScript(step.run.script, place) : undefined;
    const directory = step.directory ?? ".";
    const exit = await runContainer(
      containerizer,
      {
        name: place.containerName(step.name),
        image,
        ...commandOf(step, script?.target),
        env: {
          ...place.variables,
          ...job.env,
          ...step.env,
          ...secrets.env,
          ARCHWAY_STEP: step.name,
          ...failedVariables(place),
        },
        ...userOf(step.user ?? job.work.user),
        directory: directory.startsWith("/") ? directory : join(job.work.workspace, directory),
        network: { id: place.network, aliases: [] },
        hosts: place.hosts,
        mounts: [...place.mounts, ...secrets.mounts, ...(script === undefined ? [] : [script])],
        resources: { ...job.work.resources, ...step.resources },
        labels: { ...place.labels, step: step.name },
      },
      { output: (stream, bytes) => log.write(stream, bytes), isScript: script !== undefined, signal },
    );
    if (exit.lost !== undefined) await log.gap(exit.lost);
    await log.end();
    if (signal.aborted) return { status: "cancelled", exitCode: exit.exitCode };
    if (exit.exitCode === 0) return { status: "succeeded", exitCode: 0 };
    const memory = step.resources.memory ?? job.work.resources.memory;
    // Podman does not say so; a kill that nobody sent to a container with a limit is that.
    const isOutOfMemory =
      exit.outOfMemory || (exit.exitCode === 137 && memory !== undefined && containerizer.describe().kind === "podman");
    const failure: Failure = isOutOfMemory
      ? {
          kind: "out-of-memory",
          code: "OUT_OF_MEMORY",
          message: `The step "${step.name}" was killed for using more memory than it may (${memory ?? "the machine's"} bytes).`,
          hint: "Raise resources.memory, or make the step use less.",
        }
      : exitFailure(step.name, exit.exitCode);
    const said = mayBeForeign(exit.exitCode) || /exec format error|qemu/i.test(log.tail);
    return { status: "failed", exitCode: exit.exitCode, failure: said ? explained(failure, log.tail, about) : failure };
  } catch (error) {
    await log.end();
    if (signal.aborted) return { status: "cancelled" };
    const failure = failureOf(error);
    return { status: "failed", failure: explained(failure, `${log.tail}\n${failure.message}`, about) };
  }
}

function userOf(user: string | undefined): { readonly user?: string } {
  return user === undefined ? {} : { user };
}

function failedVariables({ failedStep, job }: AttemptPlace): Readonly<Record<string, string>> {
  return failedStep === undefined ? {} : { ARCHWAY_FAILED_STEP: failedStep.name, ARCHWAY_FAILED_JOB: job.id };
}

function commandOf(
  { run }: StepSpec,
  script: string | undefined,
): { readonly entrypoint?: readonly string[]; readonly command?: readonly string[] } {
  if (run.kind === "script") return { entrypoint: ["sh", "-e", script ?? ""], command: [] };
  return { ...(run.entrypoint === undefined ? {} : { entrypoint: run.entrypoint }), command: run.args };
}

async function writeScript(script: string, place: AttemptPlace) {
  const source = await place.folder.addFile("script", script, { mode: 0o755 });
  return { source, target: "/run/archway/script", readOnly: true };
}
