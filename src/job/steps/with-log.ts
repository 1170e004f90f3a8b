import type { Failure } from "../../event/run-event.ts";
import type { StepSpec } from "../../pipeline/job-spec.ts";
import type { AttemptPlace } from "../attempt-place.ts";
import type { ContainerExit, OutputSink } from "../containerizer/containerizer.ts";
import { diskFailure, explained, exitFailure, failureOf, mayBeForeign } from "../job-failure.ts";
import { SourceLog } from "../source-log.ts";
import type { StepRun } from "./step-end.ts";

/** Characters at the end of a log that are about the end. */
const lastWords = 2_000;

/** A container from its pull to its removal. Throws what kept it from its end. */
export type ContainerRun = (signal: AbortSignal, output: OutputSink) => Promise<ContainerExit>;

/** A run whose output goes to the events, secrets masked, and whose exit is judged with what the end of that output says. */
export function withLog(run: ContainerRun, step: StepSpec, place: AttemptPlace): StepRun {
  const { job, platform, isEmulated } = place;
  const about = { platform, emulated: isEmulated };
  return async (signal) => {
    const log = new SourceLog({ job: job.id, source: step.name }, place.masks, place.emit);
    try {
      const exit = await run(signal, (stream, bytes) => log.write(stream, bytes));
      if (exit.lost !== undefined) await log.gap(exit.lost);
      await log.end();
      const { exitCode } = exit;
      if (signal.aborted) return { status: "cancelled", exitCode };
      if (exitCode === 0) return { status: "succeeded", exitCode };
      const failure = failureOfExit(exit, step, { place, said: log.tail });
      const isKnown = mayBeForeign(exitCode) || /exec format error|qemu/i.test(log.tail);
      return { status: "failed", exitCode, failure: isKnown ? await explained(failure, log.tail, about) : failure };
    } catch (error) {
      await log.end();
      if (signal.aborted) return { status: "cancelled" };
      const failure = failureOf(error);
      return { status: "failed", failure: await explained(failure, `${log.tail}\n${failure.message}`, about) };
    }
  };
}

/** What a container that ended badly failed of. */
function failureOfExit(
  { exitCode, outOfMemory, disks }: ContainerExit,
  step: StepSpec,
  { place, said }: { readonly place: AttemptPlace; readonly said: string },
): Failure {
  const memory = step.resources.memory ?? place.job.work.resources.memory;
  // Podman does not say so; a kill that nobody sent to a container with a limit is that.
  const isKilled = exitCode === 137 && memory !== undefined && place.containerizer.describe().kind === "podman";
  if (outOfMemory || isKilled) return memoryFailure(step.name, memory);
  if (/no space left on device/i.test(said.slice(-lastWords))) return diskFailure(step.name, exitCode, disks);
  return exitFailure(step.name, exitCode);
}

function memoryFailure(step: string, memory: number | undefined): Failure {
  return {
    kind: "out-of-memory",
    code: "OUT_OF_MEMORY",
    message: `The step "${step}" was killed for using more memory than it may (${memory ?? "the machine's"} bytes).`,
    hint: "Raise resources.memory, or make the step use less.",
  };
}
