/**
 * The `archway` program. How a command is made, so that `archway --help` stays as quick as Node itself:
 *
 * - `main.ts` (this file) knows each command's name, one line about it, and where its definition is. It imports nothing.
 * - `NAME-command.ts` defines options and help with commander, and nothing heavy: `defineCommand(context, done)` returns a
 *   `Command` whose action checks the options, imports the action lazily and calls `done(exitCode)`.
 * - `NAME.ts` is the action, `runNAME(context, …, options): Promise<exit code>`; it may import what it needs.
 * - `shell.ts` runs a definition: arguments, signals, errors, exit codes.
 *
 * Actions write results to `context.stdout` and everything else to `context.stderr`, throw `ArchwayError`s, obey
 * `context.signal`, and return 0 or the exit code of what they found.
 */
import type { CommandModule } from "./shell.ts";

interface CommandEntry {
  readonly summary: string;
  load(): Promise<CommandModule>;
}

const imageCommands = ["inspect", "create", "copy", "tag", "annotate", "rm-platform", "promote", "prune"];

const commands: Readonly<Record<string, CommandEntry>> = {
  platforms: {
    summary: "What this machine runs natively, emulates, and with which engines it builds",
    load: () => import("./platforms-command.ts"),
  },
  check: {
    summary: "Find what breaks on another architecture in a repository, before it is built",
    load: () => import("./check-command.ts"),
  },
  build: {
    summary: "Build, prove and publish one image tag for several platforms",
    load: () => import("./build-command.ts"),
  },
  verify: {
    summary: "Prove that images hold code of the platforms they are declared for, before or after they are published",
    load: () => import("./verify-command.ts"),
  },
  image: {
    summary: `Work on images in registries and layouts: ${imageCommands.join(", ")}`,
    load: () => import("./image-command.ts"),
  },
  run: {
    summary: "Run the repository's pipeline on this machine, each job on its platform",
    load: () => import("./run-command.ts"),
  },
  init: {
    summary: "Write a first .archway.yaml for a repository: language and Dockerfile recognised",
    load: () => import("./init-command.ts"),
  },
  pipeline: {
    summary: "Check the pipeline of a repository with all its images before it runs, and show its jobs: check, show",
    load: () => import("./pipeline-command.ts"),
  },
  import: {
    summary: "Turn the pipeline of another system into .archway.yaml: iceci",
    load: () => import("./import-command.ts"),
  },
  explain: {
    summary: "What an error in a build or run log means, and what to do",
    load: () => import("./explain-command.ts"),
  },
};

const help = `Usage: archway COMMAND [OPTION…]

One image tag that works on every CPU architecture, proven before it is published.

Commands:
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  .join("\n")}

Options:
  -h, --help     Show this text; archway COMMAND --help tells about a command
  -V, --version  Show the version

Exit codes: 0 good · 1 findings, a platform is missing, a step or the gate failed · 2 wrong input · 3 something could not be reached · 130 interrupted
`;

/** Words that people try as commands, and what they mean. */
const others: Readonly<Record<string, string>> = {
  "-v": "archway --version",
  version: "archway --version",
  ...Object.fromEntries(imageCommands.map((name) => [name, `archway image ${name}`])),
};

/** Writes a result of this file; a reader that has gone away (`archway | head`) is no error. */
function print(text: string): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.stderr.write(`error: The output cannot be written: ${error.message}\n`);
    process.exitCode = 3;
  });
  process.stdout.write(text);
}

const [first, ...rest] = process.argv.slice(2);
if (first === undefined || first === "-h" || first === "--help" || (first === "help" && rest.length === 0)) {
  print(help);
} else if (first === "-V" || first === "--version") {
  const { default: description } = await import("../../package.json", { with: { type: "json" } });
  print(`archway ${description.version}\n`);
} else {
  const { runProcess, unknownCommand } = await import("./shell.ts");
  const [name, args] = first === "help" ? [rest[0] ?? "", ["--help"]] : [first, rest];
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  await runProcess(entry ? () => entry.load() : () => unknownCommand(name, Object.keys(commands), others), args);
}
