import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { collect } from "./image-shared-options.ts";

/** The options of `archway pipeline check` as commander hands them over. */
interface RawCheckOptions {
  readonly offline?: boolean;
  readonly event?: string;
  readonly insecureRegistry: readonly string[];
  readonly secretFile: readonly string[];
  readonly secretEnv: readonly string[];
}

/** The options of `archway pipeline show` as commander hands them over. */
interface RawShowOptions {
  readonly event?: string;
  readonly format: string;
}

const eventText =
  "the event that starts the run: push[=BRANCH], tag=TAG, pull_request[=BRANCH], schedule, image or manual";

/** `archway pipeline`: its subcommands. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("archway pipeline").description(
    "Check the pipeline of a repository before anything runs, and show what it comes to.",
  );
  command.addCommand(defineCheck(context, done));
  command.addCommand(defineShow(context, done));
  return command;
}

function defineCheck(context: CliContext, done: (exitCode: number) => void): Command {
  return new Command("check")
    .description(
      "Validate the pipeline for every event that starts it, and look up every image of its steps and services for every platform it will run on. Images that the run builds itself are not looked up.",
    )
    .argument("[FILE]", "the pipeline (default: .archway.yaml of the repository)")
    .addOption(new Option("--offline", "validate only; ask no registry"))
    .addOption(new Option("--event <event>", `only this one: ${eventText}`))
    .addOption(
      new Option("--insecure-registry <host>", "allow plain HTTP to this registry").default([]).argParser(collect),
    )
    .addOption(
      new Option("--secret-file <file>", "file with passwords of registries, lines NAME=VALUE")
        .default([])
        .argParser(collect),
    )
    .addOption(
      new Option("--secret-env <name>", "password of a registry from the variable of its name")
        .default([])
        .argParser(collect),
    )
    .action(async (file: string | undefined, raw: RawCheckOptions) => {
      const { readHost } = await import("./parse-option.ts");
      const { readEvent } = await import("./pipeline-event.ts");
      const { runPipelineCheck } = await import("./pipeline-check.ts");
      const options = {
        offline: raw.offline ?? false,
        insecureRegistries: raw.insecureRegistry.map((host) => readHost("--insecure-registry", host)),
        secretFiles: raw.secretFile,
        secretEnv: raw.secretEnv,
        ...(raw.event === undefined ? {} : { event: readEvent("--event", raw.event) }),
      };
      done(await runPipelineCheck(context, file, options));
    });
}

function defineShow(context: CliContext, done: (exitCode: number) => void): Command {
  return new Command("show")
    .description(
      "Show the jobs that an event starts: for every platform and matrix value, what each does, what it waits for, and why it is skipped.",
    )
    .argument("[FILE]", "the pipeline (default: .archway.yaml of the repository)")
    .addOption(new Option("--event <event>", `${eventText} (default: a push to the branch that is checked out)`))
    .addOption(
      new Option("--format <format>", "text (default), json, or mermaid, a chart for Markdown").default("text"),
    )
    .action(async (file: string | undefined, raw: RawShowOptions) => {
      const { readChoice } = await import("./parse-option.ts");
      const { readEvent } = await import("./pipeline-event.ts");
      const { runPipelineShow } = await import("./pipeline-show.ts");
      const format = readChoice("--format", raw.format, ["text", "json", "mermaid"]);
      const options = { format, ...(raw.event === undefined ? {} : { event: readEvent("--event", raw.event) }) };
      done(await runPipelineShow(context, file, options));
    });
}
