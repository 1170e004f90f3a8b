import { type Command, CommanderError } from "commander";
import { ArchwayError, exitCodes, isAbort } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import { formatError } from "../report/error.ts";
import type { CliContext } from "./context.ts";

/** What a `NAME-command.ts` file exports. */
export interface CommandModule {
  /** Options and help of the command; its action calls `done` with the exit code. */
  defineCommand(context: CliContext, done: (exitCode: number) => void): Command;
}

/** Throws the error of a word that is no command. */
export function unknownCommand(name: string, known: readonly string[]): never {
  const guess = nearestName(name, known);
  throw new ArchwayError({
    code: "USAGE",
    kind: "input",
    message: name.startsWith("-") ? `Unknown option ${name} before the command.` : `There is no command "${name}".`,
    hint: guess ? `Did you mean "archway ${guess}"?` : `Commands: ${known.join(", ")}. See archway --help.`,
  });
}

/**
 * Runs one command to its exit code: parses the arguments (usage errors are exit 2), and turns errors into a message on `stderr`
 * and the exit code of their kind. Never throws.
 */
export async function runCommand(
  load: () => Promise<CommandModule>,
  args: readonly string[],
  context: CliContext,
): Promise<number> {
  let exitCode: number | undefined;
  try {
    const module = await load();
    const command = module.defineCommand(context, (code) => (exitCode = code));
    prepare(command, context);
    await command.parseAsync([...args], { from: "user" });
    return exitCode ?? 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, context);
    if (error.exitCode === 0) return 0;
    // A command whose subcommand is missing: commander has written its help.
    if (error.code === "commander.help") return exitCodes.input;
    return reportError(usageError(error), context);
  }
}

/** Makes commander throw instead of writing and exiting, for the command and its subcommands; defaults are told by the descriptions. */
function prepare(command: Command, context: CliContext): void {
  command.exitOverride();
  command.helpOption("-h, --help", "show this text");
  command.helpCommand(false);
  command.configureHelp({ optionDescription: (option) => option.description });
  command.configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: (text) => context.stderr.write(text),
    outputError: () => {},
    getOutHelpWidth: () => context.stdout.columns ?? 100,
  });
  for (const subcommand of command.commands) prepare(subcommand, context);
}

function usageError(error: CommanderError): ArchwayError {
  const [message = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const guess = /Did you mean (.*)\?\)/.exec(more.join(" "))?.[1];
  return new ArchwayError({
    code: "USAGE",
    kind: "input",
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}.`,
    hint: guess ? `Did you mean ${guess}?` : "See --help of the command.",
  });
}

/** Writes what a person needs to know of an error, and returns its exit code. */
function reportError(error: unknown, context: CliContext): number {
  const debug = Boolean(context.env["ARCHWAY_DEBUG"]);
  if (context.signal.aborted || isAbort(error)) {
    const message = error instanceof ArchwayError && error.kind === "interrupted" ? error.message : "Interrupted.";
    context.stderr.write(`${message}\n`);
    return exitCodes.interrupted;
  }
  context.stderr.write(formatError(error, { debug }));
  return error instanceof ArchwayError ? exitCodes[error.kind] : exitCodes.unreachable;
}

/** Runs one command as this process: real streams, signals and exit code. */
export async function runProcess(load: () => Promise<CommandModule>, args: readonly string[]): Promise<void> {
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) process.exit(exitCodes.interrupted);
      abort.abort(new ArchwayError({ code: "INTERRUPTED", kind: "interrupted", message: "Interrupted." }));
    });
  }
  process.exitCode = await runCommand(load, args, {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: abort.signal,
    now: Date.now,
  });
}
