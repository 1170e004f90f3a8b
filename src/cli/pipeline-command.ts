import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";

/** The options of `archway pipeline check` and `show` as commander hands them over: texts, unchecked. */
export interface RawPipelineOptions {
  readonly event?: string;
  readonly offline?: boolean;
  readonly format?: string;
  readonly insecureRegistry: readonly string[];
  readonly config?: string;
}

/** `archway pipeline`. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  const shared = (command: Command) =>
    command
      .addOption(
        new Option(
          "--event <name[=ref]>",
          "the jobs of push[=BRANCH], tag=TAG, pull_request[=BRANCH], schedule, image or manual (default: push of this branch)",
        ),
      )
      .addOption(new Option("--config <file>", "configuration (.archway.yaml of the repository)"))
      .addOption(
        new Option("--insecure-registry <host>", "allow plain HTTP to this registry").default([]).argParser(collect),
      );
  const check = shared(
    new Command("check").description(
      "Check the pipeline of .archway.yaml: keys, expressions, needs, and that every image has every platform that it will run on. Nothing is run.",
    ),
  )
    .addOption(new Option("--offline", "ask no registry"))
    .action(async (raw: RawPipelineOptions) => {
      const { runPipelineCheck } = await import("./pipeline.ts");
      done(await runPipelineCheck(context, raw));
    });
  const show = shared(
    new Command("show").description(
      "Print the jobs that a pipeline becomes: matrices and platforms expanded, in their order.",
    ),
  )
    .addOption(new Option("--format <format>", "text (default) or mermaid").default("text"))
    .action(async (raw: RawPipelineOptions) => {
      const { runPipelineShow } = await import("./pipeline.ts");
      done(await runPipelineShow(context, raw));
    });
  return new Command("archway pipeline")
    .description("Look at the pipeline of a repository without running it.")
    .addCommand(check)
    .addCommand(show);
}
