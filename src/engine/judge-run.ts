/** How a container ended, in words that do not depend on the engine. */
export type RunResult =
  /** It ran to its end. */
  | "exited"
  /** It still ran at the time limit, and was ended. */
  | "kept-running"
  /** The runtime or the kernel refused the program: it is missing, not executable, or of a format that is not known here. */
  | "failed-to-start"
  /** The engine could not run it, for reasons of its own or of this machine: that says nothing about the image. */
  | "not-runnable-here";

/** A judged end. */
export interface JudgedRun {
  readonly result: RunResult;
  /** As the shell counts: 128 and the number for a signal. Only of `exited`. */
  readonly exitCode?: number;
}

/** The engine's own error in its output: docker and podman prefix it so. */
const engineError = /^(?:docker: |Error: ).*$/m;

/** What a runtime says of a program that it cannot start (runc, crun, and the kernel through them). */
const refusedProgram =
  /exec format error|no such file or directory|executable file (?:not found|`.*` not found)|command that was not found|permission denied|is a directory|not a directory|unable to find user|no matching entries in passwd/i;

/** … and what it says when the machine does not let it make a container. */
const refusedContainer = /cgroup|error mounting|pivot_root|rootfs|seccomp|rlimit|namespace|apparmor/i;

/** runc's last words when the kernel refuses the program after the container was made; the exit code is 1 or 255 by version. */
const refusedByKernel =
  /^(?:exec \S+: |.*exec user process caused.*)(?:exec format error|no such file or directory)\s*$/im;

/** QEMU's report of a crash. As process 1 of a container QEMU cannot kill itself, and hangs after it. */
const emulatedCrash = /^qemu: uncaught target signal (\d{1,2}) /m;

/**
 * Judges the end of `docker run` or `podman run`: 125 is the engine's own failure, 126 and 127 are a program that cannot be started (both manuals), but
 * programs may end with these codes too, and engines sort their errors by text.
 *
 * @param code exit code of the client; `null` when it was killed
 * @param output the end of what client and container wrote
 */
export function judgeRun(code: number | null, output: string): JudgedRun {
  if (code === null) return { result: "not-runnable-here" };
  const error = engineError.exec(output)?.[0];
  if (code >= 125 && code <= 127 && error !== undefined) {
    // Not in the names of files, which the image chooses.
    if (refusedContainer.test(error.replaceAll(/"[^"]*"|`[^`]*`|stat \S+/g, "")))
      return { result: "not-runnable-here" };
    return { result: code > 125 || refusedProgram.test(error) ? "failed-to-start" : "not-runnable-here" };
  }
  if (code === 126 || code === 127) return { result: "failed-to-start" };
  if (code !== 0 && refusedByKernel.test(output)) return { result: "failed-to-start" };
  return { result: "exited", exitCode: code };
}

/** Judges a container that still runs at its time limit. */
export function judgeRunning(output: string): JudgedRun {
  const crash = emulatedCrash.exec(output)?.[1];
  return crash === undefined ? { result: "kept-running" } : { result: "exited", exitCode: 128 + Number(crash) };
}
