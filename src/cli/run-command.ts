import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";

/** The options of `archway run` as commander hands them over: texts, unchecked. */
export interface RawRunOptions {
  readonly platform: readonly string[];
  readonly event?: string;
  readonly input: readonly string[];
  readonly secretFile: readonly string[];
  readonly secretEnv: readonly string[];
  readonly host?: string;
  readonly node: readonly string[];
  readonly jobs?: string;
  readonly publish: boolean;
  readonly approve: readonly string[];
  /** False with `--no-emulation`. */
  readonly emulation: boolean;
  readonly plan: boolean;
  readonly only: boolean;
  readonly keep: boolean;
  readonly shell?: string;
  readonly progress: string;
  readonly events?: string;
  readonly format: string;
  readonly insecureRegistry: readonly string[];
  readonly config?: string;
  readonly source?: string;
  readonly sourcePassword?: string;
}

/** `archway run`. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  const list = (flags: string, text: string) => new Option(flags, text).default([]).argParser(collect);
  return new Command("archway run")
    .usage("[options] [JOB...]")
    .description(
      "Run the repository's pipeline (jobs of .archway.yaml) on this machine and on nodes, in containers of Docker or Podman, with the files of the working tree as they are. Nothing is pushed, promoted or tagged without --publish.",
    )
    .argument("[JOB...]", "run these and what they need (default: all)")
    .addOption(
      new Option("--only", "run the named jobs without what they need, on what an earlier run left").default(false),
    )
    .addOption(list("--platform <platforms>", "of jobs that run on several platforms, only these"))
    .addOption(
      new Option(
        "--event <name[=ref]>",
        "what it runs for: push[=BRANCH], tag=TAG, pull_request[=BRANCH], schedule, image, manual; `on` then decides (default: as a push of this branch, whatever `on` says)",
      ),
    )
    .addOption(list("--input <name=value>", "input of a manual run"))
    .addOption(
      new Option(
        "--source <url[#ref[:folder]]>",
        "take pipeline and files from this Git repository instead of the working tree: its URL or path, a branch, tag or commit, a folder in it",
      ),
    )
    .addOption(
      new Option("--source-password <name>", "name of the secret that is the password or token for the source"),
    )
    .addOption(list("--secret-file <file>", "secrets, a line NAME=VALUE each"))
    .addOption(list("--secret-env <name>", "a secret from the environment"))
    .addOption(new Option("--publish", "push, promote and tag for real").default(false))
    .addOption(list("--approve <job>", "give the approval that a job waits for (default: asks on a terminal)"))
    .addOption(new Option("--no-emulation", "run nothing under an emulator"))
    .addOption(new Option("--jobs <n>", "jobs at the same time (default: processors)"))
    .addOption(
      new Option(
        "--host <endpoint>",
        "Docker or Podman: unix:///PATH, tcp://HOST:PORT, ssh://HOST (default: DOCKER_HOST, CONTAINER_HOST, the first socket that is there)",
      ),
    )
    .addOption(
      list(
        "--node <platform=endpoint>",
        "run jobs of this platform on the Docker or Podman of another machine: ssh://HOST, tcp://HOST:PORT, unix:///PATH",
      ),
    )
    .addOption(
      new Option(
        "--keep",
        "leave the container, network and files of a step that a job fails of, until the next run with --keep",
      ).default(false),
    )
    .addOption(
      new Option(
        "--shell <job>",
        "open a shell where a kept job failed, and run nothing (--platform for one of several)",
      ),
    )
    .addOption(new Option("--plan", "show the jobs that would run, and run nothing").default(false))
    .addOption(
      new Option(
        "--progress <type>",
        "live, plain, json (every event a line) or quiet (default: live on a terminal, plain elsewhere)",
      ).default("auto"),
    )
    .addOption(
      new Option(
        "--events <file>",
        "write every event there as it happens, one JSON object a line; - is standard output",
      ),
    )
    .addOption(
      new Option("--format <format>", "of the result on standard output: text (default) or json").default("text"),
    )
    .addOption(list("--insecure-registry <host>", "allow plain HTTP to this registry"))
    .addOption(new Option("--config <file>", "configuration (.archway.yaml of the repository)"))
    .action(async (jobs: readonly string[], raw: RawRunOptions) => {
      if (raw.shell !== undefined) {
        const { runShell } = await import("./run-shell.ts");
        const { readShellOptions } = await import("./run-options.ts");
        return done(await runShell(context, readShellOptions(raw.shell, raw, jobs)));
      }
      const { readRunOptions } = await import("./run-options.ts");
      const { runRun } = await import("./run.ts");
      return done(await runRun(context, jobs, readRunOptions(raw, jobs)));
    });
}
