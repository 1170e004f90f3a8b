import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { ArchwayError } from "../error/error.ts";
import type { Failure } from "../event/run-event.ts";
import { SourceLog } from "../job/source-log.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { JobSpec } from "../pipeline/job-spec.ts";
import { formatPlace } from "../report/error.ts";
import type { CliContext } from "./context.ts";
import type { CommandJobs } from "./run-commands.ts";
import { isRefusal, pipelineLogin, withHint } from "./run-logins.ts";
import { type CommandModule, runCommand } from "./shell.ts";

/** One command of this program that a job is. */
export interface CommandCall {
  /** Name of its log. */
  readonly source: string;
  readonly load: () => Promise<CommandModule>;
  /** Behind `--` those of a command in the image. */
  readonly args: readonly string[];
  /** Makes what is logged of the result of a command that succeeded, which is then not logged itself. */
  readonly tell?: (output: string) => string;
}

type Around = Pick<
  CommandJobs,
  "context" | "folder" | "configFile" | "insecureRegistries" | "logins" | "masks" | "emit"
>;

/** Runs a command of this program as the shell would, with the job's logins; what it says goes into the log of the job. Throws what `tell` and `emit` throw. */
export async function runHere(
  job: JobSpec,
  { source, load, args, tell }: CommandCall,
  around: Around,
  signal: AbortSignal,
): Promise<JobResult> {
  const log = new SourceLog({ job: job.id, source }, around.masks, around.emit);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const reading = Promise.all([
    tell === undefined ? pour(stdout, log, "stdout") : text(stdout),
    pour(stderr, log, "stderr"),
  ]);
  const context: CliContext = {
    ...around.context,
    cwd: around.folder,
    env: { ...around.context.env, ...around.logins, NO_COLOR: "1" },
    stdin: new PassThrough().end(),
    stdout,
    stderr,
    signal,
  };
  const dashes = args.indexOf("--");
  const own = dashes < 0 ? args : args.slice(0, dashes);
  const more = [`--config=${around.configFile}`, ...each("--insecure-registry", around.insecureRegistries)];
  let error: ArchwayError | undefined;
  const onError = (told: unknown) => {
    if (!(told instanceof ArchwayError)) return told;
    error = withPipelineHint(told);
    return error;
  };
  const all = [...own, ...more, ...(dashes < 0 ? [] : args.slice(dashes))];
  const code = await runCommand(load, all, context, onError);
  stdout.end();
  stderr.end();
  const [output = ""] = await reading;
  if (code === 0 && tell !== undefined) await log.write("stdout", Buffer.from(tell(output)));
  await log.end();
  // What is done is done, also when a cancel came in the last moment.
  if (code === 0) return { status: "succeeded", outputs: {} };
  if (signal.aborted) return { status: "cancelled", outputs: {} };
  const { message = `archway ${source} ended with exit code ${code}.`, hint, place } = error ?? {};
  const failure: Failure = {
    kind: code === 3 ? "infrastructure" : "user",
    code: "COMMAND_FAILED",
    message: place === undefined ? message : `${formatPlace(place, around.folder)}: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  };
  return { status: "failed", failure, outputs: {} };
}

/** A registry that refuses tells a person to log in, which is nothing to a pipeline. */
function withPipelineHint(error: ArchwayError): ArchwayError {
  return isRefusal(error) ? withHint(error, pipelineLogin) : error;
}

/** An option for each of some values. */
export function each(option: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value) => (option.startsWith("--") ? [`${option}=${value}`] : [option, value]));
}

async function pour(from: PassThrough, log: SourceLog, stream: "stdout" | "stderr"): Promise<undefined> {
  for await (const piece of from) await log.write(stream, piece);
}
