import { ArchwayError } from "../error/error.ts";
import type { Failure } from "../event/run-event.ts";
import type { JobSpec } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import { describeMachines, type Machine } from "./choose-machine.ts";

/** What an error means for the job in which it was thrown: what could not be reached is the infrastructure's, all else that is known the user's. */
export function failureOfError(error: unknown): Failure {
  if (error instanceof ArchwayError) {
    const { code, message, hint, kind } = error;
    return {
      kind: kind === "unreachable" ? "infrastructure" : "user",
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
    };
  }
  return { kind: "infrastructure", code: "DEFECT", message: error instanceof Error ? error.message : String(error) };
}

/** Of a job that no machine may run. */
export function withoutMachine({ id, platform, emulation }: JobSpec, machines: readonly Machine[]): Failure {
  const wanted = platform === undefined ? "jobs" : formatPlatform(platform);
  return {
    kind: "user",
    code: "NO_MACHINE",
    message: `No machine runs ${wanted}${emulation === "never" ? " natively, and emulation is never" : ""} for the job "${id}". There is ${describeMachines(machines) || "none"}.`,
    hint:
      emulation === "never"
        ? "Add a machine of this platform, or allow emulation in the job."
        : "Add a machine of this platform, or install its emulator: archway platforms tells how.",
  };
}
