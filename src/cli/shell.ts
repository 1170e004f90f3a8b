import { type Command, CommanderError, type Option } from "commander";
import { ArchwayError, exitCodes, isAbort } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import { formatError } from "../report/error.ts";
import { usesColor } from "../report/style.ts";
import type { CliContext } from "./context.ts";
import { readSource } from "./source-text.ts";

/** What a `NAME-command.ts` file exports. */
export interface CommandModule {
  /**
   * Options and help of the command; its action calls `done` with the exit code.
   *
   * @param command words behind `--`, for a module with {@link takesCommand}
   */
  defineCommand(context: CliContext, done: (exitCode: number) => void, command: readonly string[]): Command;
  /** The words behind the first `--` are a command of their own, and no arguments of this one. */
  readonly takesCommand?: true;
}

/** Milliseconds that connections and children may outlive a finished command before the process ends anyway. */
const patience = 2000;

/**
 * Throws the error of a word that is no command. A word that belongs to another command, or to an option, is told where it belongs: `others` maps it to the
 * whole command line.
 */
export function unknownCommand(
  name: string,
  known: readonly string[],
  others: Readonly<Record<string, string>> = {},
): never {
  const other = Object.hasOwn(others, name) ? others[name]?.replace(/^archway /, "") : undefined;
  const guess = other ?? (name.startsWith("-") ? undefined : nearestName(name, known));
  throw new ArchwayError({
    code: "USAGE",
    kind: "input",
    message: name.startsWith("-") ? `Unknown option ${name} before the command.` : `There is no command "${name}".`,
    hint: guess ? `Did you mean "archway ${guess}"?` : `Commands: ${known.join(", ")}. See archway --help.`,
  });
}

/**
 * Runs one command to its exit code: parses the arguments (usage errors are exit 2), and turns errors into a message on `stderr` and the
 * exit code of their kind. Never throws.
 *
 * @param onError hears of the error that is told, and may give another in its place
 */
export async function runCommand(
  load: () => Promise<CommandModule>,
  args: readonly string[],
  context: CliContext,
  onError: (error: unknown) => unknown = (error) => error,
): Promise<number> {
  let exitCode = 0;
  let debug = Boolean(context.env["ARCHWAY_DEBUG"]);
  let name = "archway";
  try {
    const module = await load();
    const dashes = module.takesCommand ? args.indexOf("--") : -1;
    const [own, behind] = dashes < 0 ? [args, []] : [args.slice(0, dashes), args.slice(dashes + 1)];
    const command = module.defineCommand(context, (code) => (exitCode = code), behind);
    prepare(command, context, () => (debug = true));
    name = readAhead(command, own);
    await command.parseAsync([...own], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(onError(error), context, debug);
    if (error.exitCode === 0) return 0;
    // A command whose subcommand is missing: commander has written its help.
    if (error.code === "commander.help") return exitCodes.input;
    return reportError(onError(usageError(error, name)), context, debug);
  }
}

/**
 * Makes commander throw instead of exiting, for the command and its subcommands. Errors are written by {@link reportError}, and
 * defaults are told by the descriptions.
 */
function prepare(command: Command, context: CliContext, onDebug: () => void): void {
  command.exitOverride().helpCommand(false).helpOption("-h, --help", "show this text");
  command.option("--debug", "show where an error comes from").on("option:debug", onDebug);
  command.configureHelp({ optionDescription: (option) => option.description });
  command.configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: (text) => context.stderr.write(text),
    outputError: () => {},
    getOutHelpWidth: () => context.stdout.columns ?? 100,
    getErrHelpWidth: () => context.stderr.columns ?? 100,
  });
  for (const subcommand of command.commands) prepare(subcommand, context, onDebug);
}

/**
 * Looks through the arguments before commander takes them, and returns the full name of the command or subcommand that they are for.
 *
 * Throws `USAGE` (kind `input`) for an option whose value is missing and that would swallow the option behind it: `--build-arg --plan` is a slip, and would
 * build for real. `--build-arg=--plan` says that it is meant.
 */
function readAhead(root: Command, args: readonly string[]): string {
  let command = root;
  let name = root.name();
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    if (word === "--") break;
    const option = findOption(command, word);
    if (option?.required) {
      const value = args[++index];
      if (value !== undefined && (isHelp(value) || findOption(command, value))) {
        throw new ArchwayError({
          code: "USAGE",
          kind: "input",
          message: `Option '${word}' needs a value.`,
          hint: `"${value}" behind it is an option of its own. See ${name} --help; a value that looks like an option is given as ${word.startsWith("--") ? `${word}=VALUE` : "--OPTION=VALUE"}.`,
        });
      }
    }
    const subcommand = option ? undefined : command.commands.find((known) => known.name() === word);
    if (subcommand) {
      command = subcommand;
      name += ` ${word}`;
    }
  }
  return name;
}

function findOption(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => word === long || word === short);
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

/** Commander's `error: …` with a `(Did you mean …?)` behind it, as an error of ours about the command `name`. */
function usageError(error: CommanderError, name: string): ArchwayError {
  const [message = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const guess = /Did you mean (.*)\?\)/.exec(more.join(" "))?.[1];
  return new ArchwayError({
    code: "USAGE",
    kind: "input",
    message: `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.$/, "")}.`,
    hint: guess ? `Did you mean ${guess}?` : `See ${name} --help.`,
  });
}

/** Writes what a person needs to know of an error, and returns its exit code. */
function reportError(error: unknown, context: CliContext, debug: boolean): number {
  const { signal, stderr, cwd, env } = context;
  // What fails after an interruption fails because of it.
  const interrupted = signal.aborted || isAbort(error);
  const told = interrupted && !(error instanceof ArchwayError && error.kind === "interrupted") ? interruption : error;
  stderr.write(formatError(told, { debug, cwd, color: usesColor(stderr, env), readSource }));
  return told instanceof ArchwayError ? exitCodes[told.kind] : exitCodes.unreachable;
}

const interruption = new ArchwayError({ code: "INTERRUPTED", kind: "interrupted", message: "Interrupted." });

/** Runs one command as this process: real streams, signals and exit code. */
export async function runProcess(load: () => Promise<CommandModule>, args: readonly string[]): Promise<void> {
  const abort = new AbortController();
  const context: CliContext = {
    env: process.env,
    cwd: process.cwd(),
    // Opening it takes longer than parsing the command line.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signal: abort.signal,
    now: Date.now,
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) process.exit(exitCodes.interrupted);
      abort.abort(interruption);
    });
  }
  process.on("uncaughtException", (error) => {
    process.exit(reportError(error, context, Boolean(process.env["ARCHWAY_DEBUG"])));
  });
  const lost = watchOutputs();

  const exitCode = await runCommand(load, args, context);
  process.exitCode = exitCode;
  process.on("exit", () => {
    if (lost() && process.exitCode === 0) process.exitCode = exitCodes.unreachable;
  });
  setTimeout(() => process.exit(), patience).unref();
}

/**
 * Survives a reader that goes away (`archway … | head`): the command goes on. Any other failure to write, such as a full disk, is told;
 * the returned function then says that a result was lost.
 */
function watchOutputs(): () => boolean {
  let lost = false;
  const onError = (name: string) => (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    lost = true;
    if (name === "output") process.stderr.write(`error: The output cannot be written: ${error.message}\n`);
  };
  process.stdout.on("error", onError("output"));
  process.stderr.on("error", onError("messages"));
  return () => lost;
}
