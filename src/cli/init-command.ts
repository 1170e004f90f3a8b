import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";

/** The options of `archway init` as commander hands them over. */
interface RawInitOptions {
  readonly platform: readonly string[];
  readonly print?: boolean;
  readonly force?: boolean;
}

/** `archway init`. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  return new Command("archway init")
    .description(
      "Write a first .archway.yaml for a repository: a test job on every platform for each language that is recognised, and a build job for its Dockerfile.",
    )
    .argument("[DIR]", "the repository", ".")
    .addOption(
      new Option(
        "--platform <platforms>",
        "platforms of the pipeline, separated by commas (default: linux/amd64,linux/arm64)",
      )
        .default([])
        .argParser(collect),
    )
    .addOption(new Option("--print", "print the file to standard output and write nothing"))
    .addOption(new Option("--force", "replace a file that is there"))
    .action(async (directory: string, raw: RawInitOptions) => {
      const { parsePlatformList } = await import("../platform/platform.ts");
      const { print = false, force = false } = raw;
      const platforms = raw.platform.length === 0 ? undefined : parsePlatformList(raw.platform.join(","));
      const { runInit } = await import("./init.ts");
      done(await runInit(context, directory, { print, force, ...(platforms === undefined ? {} : { platforms }) }));
    });
}
