import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import { collect } from "./image-shared-options.ts";

/** The options of `archway import iceci` as commander hands them over. */
interface RawIceciOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly profile: readonly string[];
  readonly profiles: readonly string[];
}

/** `archway import`: one subcommand for each format. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("archway import").description("Turn the pipeline of another system into .archway.yaml.");
  command.addCommand(
    new Command("iceci")
      .description(
        "Turn IceCI's .iceci.yaml into .archway.yaml. Comments in the result tell where the meaning changed; nothing of the file is left out silently.",
      )
      .argument("[FILE]", "the pipeline of IceCI", ".iceci.yaml")
      .addOption(new Option("-o, --output <file>", "write to this file instead of standard output"))
      .addOption(new Option("--force", "replace a file that is there"))
      .addOption(
        new Option("--profile <name=platform>", "the platform of a runtime profile; may be given several times")
          .default([])
          .argParser(collect),
      )
      .addOption(
        new Option("--profiles <file>", "manifests of the cluster's runtime profiles; may be given several times")
          .default([])
          .argParser(collect),
      )
      .action(async (file: string, raw: RawIceciOptions) => {
        const { runImportIceci } = await import("./import-iceci.ts");
        const { output, force = false, profile, profiles } = raw;
        const options = { force, profiles, platforms: profile, ...(output === undefined ? {} : { output }) };
        done(await runImportIceci(context, file, options));
      }),
  );
  return command;
}
