import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ArchwayError, isAbort } from "../error/error.ts";

/** A program to run to its end. */
export interface ChildOptions {
  /** Looked for in `PATH` of `env` unless it holds a slash. */
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment of the child. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Aborting sends `stopSignal` to the child's process group, then SIGKILL after `stopBound`. */
  readonly signal: AbortSignal;
  /** Default SIGINT: what buildctl, docker buildx and buildah take for Ctrl-C. */
  readonly stopSignal?: NodeJS.Signals;
  /**
   * Send `stopSignal` to the child's own children when it has some: Podman ends at once at a signal and leaves the container of the step that runs,
   * while its child that holds the container ends that first.
   */
  readonly stopChildren?: boolean;
  /** Milliseconds that the group has to end after `stopSignal`. Default 10,000. */
  readonly stopBound?: number;
  /** Each gets the bytes as they come; an output without a reader is thrown away. */
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
}

/** How a child ended: its exit code, or the signal that killed it. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Open pipes of a forgotten grandchild must not hold us up: milliseconds between the child's end and closing them. */
const pipeBound = 2_000;

/**
 * Runs a program in a process group of its own and waits for its end, whatever its exit code. The group never outlives the
 * call: aborting it stops all of it, and when Archway itself is killed the children end at their next write to a closed pipe.
 *
 * @throws ArchwayError `PROGRAM_MISSING` (kind `unreachable`) when the program is not installed or cannot be started; on abort
 * `INTERRUPTED`, or the signal's reason when that is an abort itself, after the group has ended.
 */
export async function runChild(options: ChildOptions): Promise<ChildEnd> {
  const { signal, stopSignal = "SIGINT", stopBound = 10_000 } = options;
  throwIfAborted(signal);
  const child = spawn(options.program, options.args, {
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const toGroup = (name: NodeJS.Signals) => {
    if (child.pid !== undefined) signalProcess(-child.pid, name);
  };
  let killTimer: NodeJS.Timeout | undefined;
  const stop = () => {
    const children = options.stopChildren === true && child.pid !== undefined ? childrenOf(child.pid) : [];
    if (children.length === 0) toGroup(stopSignal);
    for (const pid of children) signalProcess(pid, stopSignal);
    killTimer ??= setTimeout(() => toGroup("SIGKILL"), stopBound);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const end = await new Promise<ChildEnd>((resolve, reject) => {
      child.on("error", (error) => reject(cannotStart(options.program, error)));
      child.stdout.on("data", options.onStdout ?? (() => undefined));
      child.stderr.on("data", options.onStderr ?? (() => undefined));
      const closed = new Promise<void>((done) => child.on("close", () => done()));
      child.on("exit", (code, signal) => {
        void Promise.race([closed, sleep(pipeBound, undefined, { ref: false })]).then(() => resolve({ code, signal }));
      });
    });
    throwIfAborted(signal);
    return end;
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(killTimer);
    toGroup("SIGKILL");
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** What a short program said. */
export interface Answer extends ChildEnd {
  readonly stdout: string;
  readonly stderr: string;
}

/** Bytes that are kept of each output of a short program. */
const answerLimit = 4 * 1024 * 1024;

/** Runs a short program and keeps what it says, at most 4 MiB of each output. Throws as {@link runChild} does. */
export async function ask(options: Omit<ChildOptions, "onStdout" | "onStderr">): Promise<Answer> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const end = await runChild({ ...options, onStdout: keep(stdout), onStderr: keep(stderr) });
  return { ...end, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

function keep(chunks: Buffer[]): (chunk: Buffer) => void {
  let left = answerLimit;
  return (chunk) => {
    if (left > 0) chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
  };
}

/**
 * Cuts a byte stream into lines without their line ends. A line longer than `limit` bytes is given in pieces of that size, so
 * that a stranger's output cannot fill the memory. `end` gives what is left.
 */
export function createLineSplitter(
  limit: number,
  onLine: (line: string) => void,
): { readonly push: (chunk: Buffer) => void; readonly end: () => void } {
  let pending: Buffer[] = [];
  let size = 0;
  const flush = () => {
    const line = Buffer.concat(pending).toString();
    pending = [];
    size = 0;
    onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  };
  const add = (bytes: Buffer) => {
    for (let start = 0; start < bytes.length;) {
      const piece = bytes.subarray(start, start + limit - size);
      pending.push(piece);
      size += piece.length;
      start += piece.length;
      if (size >= limit) flush();
    }
  };
  return {
    push: (chunk) => {
      let start = 0;
      for (let end = chunk.indexOf(10, start); end >= 0; end = chunk.indexOf(10, start)) {
        add(chunk.subarray(start, end));
        flush();
        start = end + 1;
      }
      add(chunk.subarray(start));
    },
    end: () => {
      if (size > 0) flush();
    },
  };
}

/** Throws what an abort means for a person, when the signal is aborted: the reason itself if it says so, else `INTERRUPTED`. */
export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  const reason: unknown = signal.reason;
  if (isAbort(reason)) throw reason;
  throw new ArchwayError({
    code: "INTERRUPTED",
    kind: "interrupted",
    message: "The build was stopped.",
    cause: reason,
  });
}

/** Signals a process, or a group by its negative id; one that is gone already is what we wanted. */
function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // macOS says EPERM of a group of zombies.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

/** The children of a process, of all its threads; none where there is no /proc. */
function childrenOf(pid: number): number[] {
  return globSync(`/proc/${pid}/task/*/children`).flatMap((file) => {
    try {
      return readFileSync(file, "utf8").split(" ").filter(Boolean).map(Number);
    } catch (error) {
      // A thread may end while we look.
      if (error instanceof Error && "code" in error) return [];
      throw error;
    }
  });
}

function cannotStart(program: string, cause: Error): ArchwayError {
  const missing = "code" in cause && cause.code === "ENOENT";
  return new ArchwayError({
    code: "PROGRAM_MISSING",
    kind: "unreachable",
    message: missing
      ? `The program "${program}" is not installed.`
      : `"${program}" cannot be started: ${cause.message}`,
    hint: `Install it, or add its folder to PATH.`,
    cause,
  });
}
