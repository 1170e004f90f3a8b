import { spawn } from "node:child_process";
import { ArchwayError } from "../../src/error/error.ts";

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
  /** Text for standard input; without it the command reads nothing. */
  readonly input?: string;
}

/**
 * Runs one program to its end and gives back what it wrote to standard output, trimmed at the end.
 * Throws `BED_COMMAND_FAILED` with the last lines of both outputs when it exits with another code than 0 or cannot be started.
 */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(program, args, {
    env: options.env ?? process.env,
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", (error: NodeJS.ErrnoException) => {
    // A program that ends before it has read its input is judged by its exit code.
    if (error.code !== "EPIPE") child.emit("error", error);
  });
  child.stdin.end(options.input);
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit, signal) => resolve(exit ?? signal ?? "unknown"));
  }).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    throw new ArchwayError({
      code: "BED_COMMAND_FAILED",
      kind: "failed",
      message: `${program} cannot be started: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  });
  const stdout = Buffer.concat(out).toString();
  if (code === 0) return stdout.trimEnd();
  const words = lastLines(`${stdout}\n${Buffer.concat(err).toString()}`, 15);
  throw new ArchwayError({
    code: "BED_COMMAND_FAILED",
    kind: "failed",
    message: `${[program, ...args].join(" ")} ended with ${code}:\n${words}`,
  });
}

/** The last lines of a text that say something, for messages. */
export function lastLines(text: string, count: number): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}
