import { readEndpoint } from "../job/containerizer/engine-endpoint.ts";
import { EngineHttp } from "../job/containerizer/engine-http.ts";
import { findKept } from "../job/keep/kept-job.ts";
import { openShell, type ShellTerminal } from "../job/keep/open-shell.ts";
import { processMark } from "../store/process-mark.ts";
import type { CliContext } from "./context.ts";
import { stateFolder } from "./folders.ts";
import type { ShellOptions } from "./run-options.ts";

/** `archway run --shell JOB`: a shell where a kept job failed. Returns the exit code of the shell. */
export async function runShell(context: CliContext, { job, platforms }: ShellOptions): Promise<number> {
  const { env, stderr, signal } = context;
  const kept = await findKept(stateFolder(env), job, platforms);
  const { run, step, platform, failure } = kept;
  stderr.write(`${kept.job} of run ${run}, step "${step}" on ${platform}: ${failure}\n`);
  const engine = await EngineHttp.open(readEndpoint(kept.engine, env), env);
  const { terminal, restore } = openTerminal();
  // The second Ctrl-C or SIGTERM ends the process at once.
  process.on("exit", restore);
  try {
    return await openShell(engine, kept, { terminal, owner: await processMark(), signal });
  } finally {
    restore();
    process.off("exit", restore);
    engine.close();
  }
}

/** The terminal of this process; where input or output is none, the shell gets no terminal either. */
function openTerminal(): { readonly terminal: ShellTerminal; readonly restore: () => void } {
  const { stdin: input, stdout: output, stderr: error } = process;
  const size = () => ({ rows: output.rows, columns: output.columns });
  const isTerminal = input.isTTY && output.isTTY;
  // What is typed belongs to the shell, Ctrl-C too.
  if (isTerminal) input.setRawMode(true);
  const onResize: ShellTerminal["onResize"] = (listener) => {
    const tell = () => listener(size());
    output.on("resize", tell);
    return () => output.off("resize", tell);
  };
  const restore = () => {
    if (isTerminal) input.setRawMode(false);
    input.pause();
  };
  return { terminal: { input, output, error, ...(isTerminal ? { size: size() } : {}), onResize }, restore };
}
