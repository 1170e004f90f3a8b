import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Bytes that `cp` may say: a line for each of thousands of files. */
const maxBuffer = 64 * 1024 ** 2;

/**
 * Runs `cp`. Ends when the process has ended, also on a cancel: execFile with a signal would end before it, and the process go on writing.
 *
 * @throws Error with what `cp` says, the signal's reason
 */
export async function runCopy(
  args: readonly string[],
  { cwd, signal }: { readonly cwd?: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  signal?.throwIfAborted();
  const running = promisify(execFile)("cp", args, { cwd, maxBuffer, env: { ...process.env, LC_ALL: "C" } });
  const stop = () => running.child.kill();
  signal?.addEventListener("abort", stop);
  try {
    await running;
  } catch (error) {
    signal?.throwIfAborted();
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(said === "" ? "cp could not be started" : said.split("\n").slice(0, 3).join("\n"), {
      cause: error,
    });
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
