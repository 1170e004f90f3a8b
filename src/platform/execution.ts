import { spawn, type ChildProcess } from "node:child_process";
import { setMaxListeners } from "node:events";
import { mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { scratchPrefix } from "./scratch-name.ts";
import { aarch32Question, tinyProgram, tinyProgramArchitectures, tinyProgramExitCode } from "./tiny-program.ts";

/** Who ran a tiny program of one architecture. */
export type Execution =
  /** The kernel itself: this processor runs the architecture. */
  | { readonly by: "kernel" }
  /** Another program that the kernel loaded in its place (binfmt_misc). */
  | { readonly by: "emulator"; readonly interpreter: string; readonly version?: string }
  /** Nobody: the kernel refused it, or it did not get as far as its exit. */
  | { readonly by: "nobody" }
  /** It could not be tried, or the answer could not be read. */
  | { readonly by: "unknown"; readonly reason: string };

/** What came of running one tiny program of every architecture on this machine. */
export interface Executions {
  /** OCI architecture → who ran it. */
  readonly programs: Readonly<Record<string, Execution>>;
  /** Whether an arm64 kernel says that its processor has the 32-bit mode; absent where that was not to be asked or not answered. */
  readonly aarch32?: boolean;
}

/** Milliseconds that all programs together may take: some tens on an idle machine, seconds on a busy one that emulates this process too. */
const timeLimit = 10_000;

/**
 * Runs a tiny static program of every architecture and finds out who ran it: while the program waits, `/proc/PID/exe` is either its
 * own file or the emulator's. That cannot be faked by a registered emulator, and QEMU, which hides much from the programs it runs,
 * does not hide its other processes. Programs are written into the first of `folders` that allows their execution, and removed.
 */
export async function runTinyPrograms(
  folders: readonly string[],
  signal: AbortSignal,
  architectures: readonly string[] = tinyProgramArchitectures,
): Promise<Executions> {
  let refusal = "there is no folder to write a test program into";
  for (const folder of folders) {
    signal.throwIfAborted();
    let own: string;
    try {
      own = mkdtempSync(join(folder, `${scratchPrefix}${process.pid}-`));
    } catch (error) {
      refusal = describe(error);
      continue;
    }
    try {
      const answers = await runAllIn(own, architectures, signal);
      const reasons = Object.values(answers.programs).map((one) => (one.by === "unknown" ? one.reason : undefined));
      if (reasons.includes(undefined)) return answers;
      refusal = `${folder}: ${reasons[0]}`;
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  }
  const unknown: Execution = { by: "unknown", reason: refusal };
  return { programs: Object.fromEntries(architectures.map((architecture) => [architecture, unknown])) };
}

/** Runs all programs side by side in a folder of their own. */
async function runAllIn(folder: string, architectures: readonly string[], signal: AbortSignal): Promise<Executions> {
  const files = architectures.map((architecture) => {
    const file = join(folder, architecture);
    // Written synchronously: a file that a child forked meanwhile still holds open for writing could not be run (ETXTBSY).
    writeFileSync(file, tinyProgram(architecture) ?? new Uint8Array(), { mode: 0o700 });
    return [architecture, file] as const;
  });
  const question = join(folder, "aarch32");
  writeFileSync(question, aarch32Question(), { mode: 0o700 });
  const stop = AbortSignal.any([signal, AbortSignal.timeout(timeLimit)]);
  // One listener for each child is no leak.
  setMaxListeners(0, stop);
  const answers = await Promise.all(
    files.map(async ([architecture, file]) => [architecture, await run(file, stop)] as const),
  );
  const programs = Object.fromEntries(answers);
  const code = programs["arm64"]?.by === "kernel" ? await start(question, stop).ended : undefined;
  signal.throwIfAborted();
  const answered = code === tinyProgramExitCode || code === tinyProgramExitCode + 1;
  return { programs, ...(answered ? { aarch32: code === tinyProgramExitCode } : {}) };
}

/** Starts one program, sees who runs it while it waits, and lets it end. */
async function run(file: string, signal: AbortSignal): Promise<Execution> {
  const { child, ended } = start(file, signal);
  const runner = child?.pid === undefined ? undefined : whoRuns(child.pid, file);
  const version =
    runner?.by === "emulator" && child?.pid !== undefined
      ? await emulatorVersion(child.pid, runner.interpreter, signal)
      : undefined;
  child?.stdin?.end();
  const end = await ended;
  if (typeof end === "string" && undecided.has(end)) return { by: "unknown", reason: `it could not be run (${end})` };
  if (end !== tinyProgramExitCode) return { by: "nobody" };
  if (runner === undefined) return { by: "unknown", reason: "it ran, but /proc does not tell who ran it" };
  return runner.by === "emulator" && version !== undefined ? { ...runner, version } : runner;
}

/** Ends that say nothing about the architecture: not allowed, no resources, killed for the time or by somebody. */
const undecided: ReadonlySet<string> = new Set(
  "EACCES EPERM EAGAIN EMFILE ENFILE ENOMEM ETXTBSY ABORT_ERR SIGKILL".split(" "),
);

/** How a program ended: its exit code, the signal that killed it, or the error that kept it from starting. Never rejects. */
type End = Promise<number | string>;

function start(file: string, signal: AbortSignal): { readonly child?: ChildProcess; readonly ended: End } {
  const folder = dirname(file);
  return startBounded(file, [], signal, {
    // Where the kernel refuses a program, the C library hands it to a shell as a script: in a folder that is removed, and with
    // no command to find, that does no harm.
    cwd: folder,
    env: { PATH: folder },
  });
}

/** Starts a child that is killed when the signal says so: the time is over or the work cancelled. */
function startBounded(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
  place: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): { readonly child?: ChildProcess; readonly ended: End } {
  let child: ChildProcess;
  try {
    child = spawn(file, args, { ...place, stdio: "pipe", signal, killSignal: "SIGKILL" });
  } catch (error) {
    // Node throws some errors of exec (ENOEXEC with musl's C library, EPERM) and reports others as events.
    return { ended: Promise.resolve(codeOf(error)) };
  }
  const ended = new Promise<number | string>((resolve) => {
    let failure: string | undefined;
    child.on("error", (error) => {
      failure = codeOf(error);
      if (child.pid === undefined) resolve(failure);
    });
    child.on("close", (code, by) => resolve(failure ?? code ?? by ?? "ended"));
    // The pipe of a program that ended by itself may be closed already.
    child.stdin?.on("error", () => undefined);
    // Pipes, because a root file system may lack /dev/null; what a shell says of a program that it took for a script is dropped.
    child.stdout?.resume();
    child.stderr?.resume();
  });
  return { child, ended };
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return describe(error);
}

/** Whether a process is an execution of its own file or of an emulator's; `undefined` when it is gone or /proc does not tell. */
function whoRuns(pid: number, file: string): Extract<Execution, { by: "kernel" | "emulator" }> | undefined {
  const link = `/proc/${pid}/exe`;
  const program = statSync(file, { bigint: true });
  try {
    const running = statSync(link, { bigint: true });
    if (running.dev === program.dev && running.ino === program.ino) return { by: "kernel" };
    return { by: "emulator", interpreter: readlinkSync(link) };
  } catch {
    return undefined;
  }
}

/**
 * What `qemu-… --version` says. It is asked through `/proc/PID/exe`, which works for an interpreter that this file system
 * does not have (registered from a container), and under a name that does not end in `-binfmt-P`, by which Debian's QEMU would take
 * itself for called by the kernel.
 */
async function emulatorVersion(pid: number, interpreter: string, signal: AbortSignal): Promise<string | undefined> {
  if (!basename(interpreter).includes("qemu")) return undefined;
  const { child, ended } = startBounded(`/proc/${pid}/exe`, ["--version"], signal);
  let text = "";
  child?.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    if (text.length < 4096) text += chunk;
  });
  await ended;
  return /\bversion (\d[\w.-]*)/.exec(text)?.[1];
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
