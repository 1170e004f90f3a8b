import { ArchwayError, isAbort } from "../error/error.ts";
import type { Failure } from "../event/run-event.ts";
import type { Platform } from "../platform/platform.ts";

/** Exit codes of programs that a shell could not start, and of those that a signal ended. */
const startCodes: ReadonlySet<number> = new Set([126, 127, 132, 133, 134, 135, 139, 255]);

/** A failure that is known already, on its way through code that throws. */
export class JobFailure extends Error {
  override readonly name = "JobFailure";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What a thrown error is for a job: engine, network and disk are infrastructure, what the image or the pipeline lacks is the user's. */
export function failureOf(error: unknown): Failure {
  if (error instanceof JobFailure) return error.failure;
  if (isAbort(error)) return { kind: "cancelled", code: "CANCELLED", message: "It was cancelled." };
  if (error instanceof ArchwayError) {
    const { code, message, hint, kind } = error;
    return {
      kind: kind === "unreachable" ? "infrastructure" : "user",
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/\b(ENOSPC|EDQUOT)\b|no space left on device/i.test(message)) {
    const hint = "Make room on the disk: workspaces lie in $XDG_STATE_HOME/archway, caches in $XDG_CACHE_HOME/archway.";
    return { kind: "infrastructure", code: "DISK_FULL", message, hint };
  }
  return { kind: "infrastructure", code: "JOB_BROKEN", message };
}

/** The failure of a program that ended by itself. */
export function exitFailure(step: string, exitCode: number): Failure {
  const how = exitCode > 128 && exitCode < 160 ? ` (signal ${exitCode - 128})` : "";
  return { kind: "user", code: "STEP_FAILED", message: `The step "${step}" ended with exit code ${exitCode}${how}.` };
}

/**
 * The failure of a program whose last words are that a disk is full: trouble of the machine where that is so, else of what the step does. A container has small file systems of its own, and a program may
 * say so of anything.
 *
 * @param disks whether a disk of the machine is full; undefined when nobody can tell
 */
export function diskFailure(step: string, exitCode: number, disks: "full" | "room" | undefined): Failure {
  const message = `The step "${step}" ended with exit code ${exitCode}, and its last words are that a disk is full.`;
  if (disks === "full") {
    const hint =
      "Make room where the engine keeps its containers and Archway its workspaces: docker system df, or podman system df, tells what takes it.";
    return { kind: "infrastructure", code: "DISK_FULL", message, hint };
  }
  const hint =
    disks === "room"
      ? "The disks of the workspace and of the engine have room, so it is a file system of the container: /dev/shm has 64 MB, and other mounts, quotas and registries have limits of their own."
      : "Whether the disk of the engine's machine is full cannot be asked from here: docker system df there tells. When it is, on: user in retry repeats the step too.";
  return { kind: "user", code: "STEP_FAILED", message, hint };
}

/** A failure with the known error that the end of the log, or the engine's words, point at. */
export async function explained(
  failure: Failure,
  log: string,
  about: { readonly platform: Platform; readonly emulated: boolean },
): Promise<Failure> {
  // Large, and most runs need none of it.
  const { explainText } = await import("../explain/explain.ts");
  const [known] = explainText(log, about).errors;
  if (known === undefined) return failure;
  const { code, title, cause, fix } = known;
  return { ...failure, explained: { code, title, cause, fix } };
}

/** Whether an exit code alone may mean that a program of another architecture was started. */
export function mayBeForeign(exitCode: number): boolean {
  return startCodes.has(exitCode);
}
