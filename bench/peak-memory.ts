import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/** What a process took: wall milliseconds and its peak resident memory (`VmHWM`), bytes. */
export interface Run {
  readonly milliseconds: number;
  readonly peak: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and watches its memory; Linux keeps the high-water mark, so that looking now and then is enough. Throws when it fails. */
export async function watch(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Run> {
  const start = performance.now();
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let peak = 0;
  const look = () => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024);
    } catch {
      // It has ended between two looks.
    }
  };
  const timer = setInterval(look, 20);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = await once(child, "close");
  const milliseconds = performance.now() - start;
  clearInterval(timer);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${String(code)}:\n${stderr.slice(-2000)}`);
  return { milliseconds, peak, stdout, stderr };
}
