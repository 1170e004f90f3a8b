import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { explainLog, type LogExplanation } from "../explain/explain.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { fileError } from "../store/store-error.ts";
import type { CliContext } from "./context.ts";
import { explanationAnnotations, explanationJson } from "./explain-result.ts";
import { formatExplanation } from "./explain-text.ts";

/** What the user asked of `archway explain`. */
export interface ExplainOptions {
  readonly format: "text" | "json" | "github";
}

/** Width of the text where there is no terminal. */
const plainColumns = 120;
/** Bytes that are read at once. */
const chunkBytes = 1024 * 1024;

/** `archway explain`: reads a log and prints what its errors mean. Returns 0, known or not. Throws `LOG_UNREADABLE`. */
export async function runExplain(
  context: CliContext,
  file: string | undefined,
  options: ExplainOptions,
): Promise<number> {
  const { stdout, env } = context;
  const log = await readLog(context, file);
  if (options.format === "json") stdout.write(`${JSON.stringify(explanationJson(log), null, 2)}\n`);
  else if (options.format === "github") stdout.write(explanationAnnotations(log));
  else {
    const format = { style: makeStyle(usesColor(stdout, env)), columns: stdout.columns || plainColumns };
    stdout.write(`${formatExplanation(log, format).join("\n")}\n`);
  }
  return 0;
}

async function readLog({ stdin, cwd, stderr, signal }: CliContext, file: string | undefined): Promise<LogExplanation> {
  const reader = explainLog();
  const fromInput = file === undefined || file === "-";
  if (fromInput && "isTTY" in stdin && stdin.isTTY === true) {
    stderr.write("Paste the log, then press Ctrl-D.\n");
  }
  const stream = fromInput ? stdin : createReadStream(resolve(cwd, file), { highWaterMark: chunkBytes });
  const stop = () => "destroy" in stream && stream.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stream) reader.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  } catch (error) {
    if (signal.aborted) throw error;
    const doing = `${fromInput ? "Standard input" : file} cannot be read`;
    const told = fileError(error, doing);
    throw new ArchwayError({
      code: "LOG_UNREADABLE",
      kind: "input",
      message: told instanceof ArchwayError ? told.message : `${doing}: ${String(told)}`,
      hint: "Name a file with the log, or pipe the log in: COMMAND 2>&1 | archway explain",
      cause: error,
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return reader.end();
}
